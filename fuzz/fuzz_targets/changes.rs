//! The changes of a journal, whatever they are: they are read and run again without a panic, twice with the same keys,
//! and the snapshot of these leads to the same keys.
//!
//! `fuzz/seeds/changes` is where to start from, lines of commands as one would type them:
//! `cargo +nightly fuzz run changes fuzz/corpus/changes fuzz/seeds/changes`.
#![no_main]

use std::time::Duration;

use kv_server::{Change, Keys, Limits, Request, Store};
use libfuzzer_sys::fuzz_target;
use nexus_journal::Program;
use nexus_rt::connections::Framing;
use nexus_rt::{Clock, World};

const START: Duration = Duration::from_secs(1_700_000_000);

/// The furthest that a value is written.
///
/// A journal that passes its checksums may ask for as much memory as a request once did, and that is checked when it
/// runs first and not again: `SETRANGE` with a huge offset, in a journal that somebody has made, ends the program.
const FAR: u64 = 100_000;

// Input that begins with a zero is changes as they are; any other is lines of words, each of which is a change. A line
// that begins with `~` lets time pass, a millisecond for each byte.
fuzz_target!(|bytes: &[u8]| {
    let changes: Vec<Vec<u8>> = match bytes.split_first() {
        Some((0, rest)) => vec![rest.to_vec()],
        _ => bytes.split(|byte| *byte == b'\n').take(500).map(change).collect(),
    };
    if changes.iter().any(|change| goes_far(change)) {
        return;
    }
    let (one, other) = (run(&changes), run(&changes));
    let (keys, again) = (one.resource::<Keys>(), other.resource::<Keys>());
    let now = i64::try_from(one.resource::<Clock>().unix().as_millis()).expect("it is not so late");
    assert_eq!((keys.trace(), keys.changes(), keys.digest(now)), (again.trace(), again.changes(), again.digest(now)));

    let (mut world, mut store, _) = Store::detached_at(START);
    world.resource_mut::<Clock>().set_unix(one.resource::<Clock>().unix());
    let Ok(()) = keys.snapshot(now, |requests| {
        store.apply(&mut world, Change::Requests(requests));
        Ok::<(), std::convert::Infallible>(())
    });
    assert_eq!(world.resource::<Keys>().digest(now), keys.digest(now));
});

/// The changes of a line.
fn change(line: &[u8]) -> Vec<u8> {
    if line.first() == Some(&b'~') {
        return line.to_vec();
    }
    let (mut requests, mut bytes) = (Request::new(Limits::default().request), Vec::new());
    requests.buffer().extend(line);
    requests.buffer().extend(b"\n");
    while let Ok(Some(request)) = requests.decode() {
        request.encode(&mut bytes);
    }
    bytes
}

/// Whether a value is to be written far from its start.
fn goes_far(mut change: &[u8]) -> bool {
    let mut request = Request::new(Limits::default().request);
    while let Ok(true) = request.fill(&mut change) {
        let offset = || std::str::from_utf8(request.get(2)).ok()?.parse::<u64>().ok();
        if request.get(0).eq_ignore_ascii_case(b"setrange") && request.len() == 4 && offset() > Some(FAR) {
            return true;
        }
    }
    false
}

/// Runs changes on no keys.
fn run(changes: &[Vec<u8>]) -> World {
    let (mut world, mut store, _) = Store::detached_at(START);
    for change in changes {
        if change.first() == Some(&b'~') {
            let now = world.resource::<Clock>().unix() + Duration::from_millis(change.len() as u64);
            world.resource_mut::<Clock>().set_unix(now);
            continue;
        }
        store.apply(&mut world, Change::Requests(change));
    }
    world
}
