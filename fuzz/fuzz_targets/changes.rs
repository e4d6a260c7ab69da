//! The changes of a journal, whatever they are: they are read and run again without a panic, twice with the same keys,
//! and the snapshot of these leads to the same keys.
//!
//! `fuzz/seeds/changes` is where to start from, lines of commands as one would type them:
//! `cargo +nightly fuzz run changes fuzz/corpus/changes fuzz/seeds/changes`.
#![no_main]

use std::time::Duration;

use kv_server::{Change, Limits, Request, Store, Transaction, slot_of};
use libfuzzer_sys::fuzz_target;
use nexus_journal::{Digests, Input, Program};
use nexus_rt::connections::Framing;
use nexus_rt::{Clock, World};

const START: Duration = Duration::from_secs(1_700_000_000);

/// The furthest that a value is written.
///
/// A journal that passes its checksums may ask for as much memory as a request once did, and that is checked when it
/// runs first and not again: `SETRANGE` with a huge offset, in a journal that somebody has made, ends the program.
const FAR: u64 = 100_000;

/// A step of a run.
enum Step {
    /// Milliseconds pass.
    Wait(u64),
    /// A change, by its number and its bytes.
    Change(u32, Vec<u8>),
}

// Input that begins with a zero is requests as they are, and after a one come records: a number, a length and as many
// bytes. Any other is lines of words. A line is the requests of a change, and after `?` and a digit those of a
// transaction, for which nothing may have changed its key since as many changes. A line that begins with `~` lets time
// pass, a millisecond for each byte.
fuzz_target!(|bytes: &[u8]| {
    let steps: Vec<Step> = match bytes.split_first() {
        Some((0, rest)) => vec![Step::Change(1, rest.to_vec())],
        Some((1, rest)) => records(rest),
        _ => bytes.split(|byte| *byte == b'\n').take(500).map(line).collect(),
    };
    if steps.iter().any(goes_far) {
        return;
    }
    // Requests alone are also what a server has in its own journal, which keeps no slots.
    let alone = steps.iter().all(|step| !matches!(step, Step::Change(2.., _)));
    let new = if alone { Store::detached_at } else { Store::replica_at };
    let (one, digests) = run(&steps, new);
    let note = digested(&one, &digests);
    let (other, digests) = run(&steps, new);
    assert_eq!(note, digested(&other, &digests));

    let (mut world, mut store, digests) = new(START);
    world.resource_mut::<Clock>().set_unix(one.resource::<Clock>().unix());
    Store::snapshot(&one, |change| {
        let mut bytes = Vec::new();
        change.encode(&mut bytes);
        store.apply(&mut world, Change::decode(change.source(), &bytes).expect("it is as it was written"));
    });
    assert_eq!(note, digested(&world, &digests));
});

fn digested(world: &World, digests: &Digests) -> Vec<u8> {
    let mut note = Vec::new();
    digests.note(world, &mut note);
    note
}

/// The steps of bytes, of which few are changes that can be read.
fn records(mut bytes: &[u8]) -> Vec<Step> {
    let mut steps = Vec::new();
    while let Some((&[number, length], rest)) = bytes.split_first_chunk() {
        let (payload, rest) = rest.split_at(rest.len().min(length.into()));
        steps.push(if number == 0 { Step::Wait(length.into()) } else { Step::Change(number.into(), payload.to_vec()) });
        bytes = rest;
    }
    steps
}

/// The step of a line.
fn line(line: &[u8]) -> Step {
    match line {
        [b'~', ..] => Step::Wait(line.len() as u64),
        [b'?', since, line @ ..] => {
            let key = line.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
            let slots = slot_of(key).to_le_bytes();
            let requests = requests(line);
            let (since, ends) = (u64::from(since % 16), i64::MAX);
            let mut bytes = Vec::new();
            Change::Transaction(Transaction { since, ends, slots: &slots, requests: &requests }).encode(&mut bytes);
            Step::Change(3, bytes)
        }
        _ => Step::Change(1, requests(line)),
    }
}

/// The requests of a line, as changes have them.
fn requests(line: &[u8]) -> Vec<u8> {
    let (mut request, mut bytes) = (Request::new(Limits::default().request), Vec::new());
    request.buffer().extend(line);
    request.buffer().extend(b"\n");
    while let Ok(Some(request)) = request.decode() {
        request.encode(&mut bytes);
    }
    bytes
}

/// Whether a value is to be written far from its start.
fn goes_far(step: &Step) -> bool {
    let Step::Change(number, bytes) = step else { return false };
    let mut requests = match Change::decode(*number, bytes) {
        Some(Change::Requests(requests) | Change::Transaction(Transaction { requests, .. })) => requests,
        _ => return false,
    };
    let mut request = Request::new(Limits::default().request);
    while let Ok(true) = request.fill(&mut requests) {
        let offset = || std::str::from_utf8(request.get(2)).ok()?.parse::<u64>().ok();
        if request.get(0).eq_ignore_ascii_case(b"setrange") && request.len() == 4 && offset() > Some(FAR) {
            return true;
        }
    }
    false
}

/// Runs steps on no keys.
fn run(steps: &[Step], new: fn(Duration) -> (World, Store, Digests)) -> (World, Digests) {
    let (mut world, mut store, digests) = new(START);
    for step in steps {
        match step {
            Step::Wait(milliseconds) => {
                let now = world.resource::<Clock>().unix() + Duration::from_millis(*milliseconds);
                world.resource_mut::<Clock>().set_unix(now);
            }
            Step::Change(number, bytes) => {
                if let Some(change) = Change::decode(*number, bytes) {
                    store.apply(&mut world, change);
                }
            }
        }
    }
    // The time of the last step is that of a snapshot.
    store.apply(&mut world, Change::Tick);
    (world, digests)
}
