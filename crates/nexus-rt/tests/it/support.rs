//! What several modules need.

use std::panic::{AssertUnwindSafe, catch_unwind};

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
