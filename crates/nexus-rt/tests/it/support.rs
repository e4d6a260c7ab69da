//! What several modules need.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use nexus_rt::{World, WorldBuilder};

/// A log that handlers write to.
pub(crate) type Log = Vec<String>;

/// A world with the values that most tests use: a `u64` of 10, an `i64` of 0 and an empty [`Log`].
pub(crate) fn world() -> World {
    let mut builder = WorldBuilder::new();
    builder.register(10_u64);
    builder.register(0_i64);
    builder.register(Log::new());
    builder.build()
}

/// What `f` panics with.
pub(crate) fn panic_of<R>(f: impl FnOnce() -> R) -> String {
    let payload = catch_unwind(AssertUnwindSafe(f)).err().expect("this should have panicked");
    match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => (*payload.downcast::<&str>().expect("a panic with a text")).to_owned(),
    }
}

/// Waits until `holds` is true. For what nobody reports: it can only be looked at again and again.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < Duration::from_secs(30), "waited in vain until {what}");
        thread::sleep(Duration::from_millis(1));
    }
}

/// A thread that others see block.
#[derive(Clone)]
pub(crate) struct Blocking(Option<PathBuf>);

impl Blocking {
    pub(crate) fn this_thread() -> Self {
        Self(fs::read_link("/proc/thread-self").ok().map(|thread| Path::new("/proc").join(thread).join("stat")))
    }

    /// Waits until the thread is blocked. Returns at once on a system that does not show it: there, what the caller
    /// does next may come before the thread blocks, which must be right as well.
    pub(crate) fn until_blocked(&self) {
        let Some(stat) = &self.0 else { return };
        until("the thread is blocked", || {
            // `PID (NAME) STATE ..`, where the name may be anything.
            let stat = fs::read_to_string(stat).expect("the thread is there");
            stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('S'))
        });
    }
}

/// Asserts that `f` refuses a world that is not the one `name` was resolved against.
pub(crate) fn refuses_world<R>(name: &str, f: impl FnOnce() -> R) {
    let text = panic_of(f);
    assert!(text.contains(name) && text.contains("was resolved against world"), "{text}");
}

/// Asserts that `f` notices that `name` replaced the world.
pub(crate) fn notices_replacement<R>(name: &str, f: impl FnOnce() -> R) {
    let text = panic_of(f);
    assert!(text.contains(name) && text.contains("was handed world") && text.contains("in its place"), "{text}");
}
