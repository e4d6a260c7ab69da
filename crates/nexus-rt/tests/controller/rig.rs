//! A controller on test time, and journals with one change.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use nexus_journal::{Digests, Dir, Disk, Error, Reader, Record, Recorder, Replayed};
use nexus_rt::inbox::{Full, Outbox, channel};
use nexus_rt::testing::VirtualClock;
use nexus_rt::{Clock, World, WorldBuilder};

use crate::controller::control::{Motor, Settings};
use crate::controller::program::{Controller, Input, options};

/// A controller whose reports nobody reads.
pub(crate) fn make() -> (World, Controller, Digests) {
    let mut builder = WorldBuilder::new();
    let timers = Controller::register(&mut builder, Outbox::from([channel(1, Full::Refuse).0]));
    let world = builder.build();
    let (controller, digests) = Controller::over(&world, timers);
    (world, controller, digests)
}

/// Records 1,000 turns, each late by another time, and a change of the target in the middle. Returns what the state is
/// worth, and the speed.
pub(crate) fn record(directory: &Path) -> (u64, f64) {
    let (mut world, mut controller, digests) = make();
    let state = (&mut world, &mut controller);
    let (mut recorder, _) = Recorder::open(Dir::new(directory), options(), state, digests).unwrap();
    let time = VirtualClock::new();
    recorder.set_time(Clock::test(time.clone(), Duration::from_secs(1_800_000_000)));
    let mut now = recorder.update(&mut world);
    let settings = Settings { ticks: 1_000, limit: Duration::from_micros(500) };
    recorder.input(&mut world, &mut controller, Input::Start(settings));
    recorder.input(&mut world, &mut controller, Input::Aim(100.0));
    let mut random = 7_u64;
    for turn in 0..1_000 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let late = Duration::from_nanos(random >> 44); // up to a millisecond and a bit: some ticks are missed
        let due = controller.next_deadline(&world).unwrap().saturating_duration_since(now);
        time.advance(due + late);
        now = recorder.update(&mut world);
        recorder.input(&mut world, &mut controller, Input::Turn);
        if turn == 500 {
            recorder.input(&mut world, &mut controller, Input::Aim(120.0));
        }
        recorder.commit(&world).unwrap();
    }
    let digest = recorder.total(&world);
    recorder.close(&world).unwrap();
    (digest, world.resource::<Motor>().speed)
}

pub(crate) fn reader(directory: &Path) -> Reader {
    let disk: Arc<dyn Disk> = Dir::new(directory).into();
    Reader::open(disk, Some("controller")).unwrap()
}

/// Runs a journal again. Returns what it came to, what the state is worth, and the speed.
pub(crate) fn replay(directory: &Path) -> Result<(Replayed, u64, f64), Error> {
    let (mut world, mut controller, digests) = make();
    let replayed = reader(directory).replay(&mut world, &mut controller, &digests, None)?;
    Ok((replayed, digests.total(&world), world.resource::<Motor>().speed))
}

/// Copies a journal: `change` may change an input, and says whether it stays. Checks stay as they are.
pub(crate) fn rewrite(from: &Path, to: &Path, mut change: impl FnMut(&mut Record<'_>) -> bool) {
    let (mut world, mut controller, digests) = make();
    let (mut recorder, _) = Recorder::open(Dir::new(to), options(), (&mut world, &mut controller), digests).unwrap();
    let (mut reader, journal) = (reader(from), recorder.journal_mut());
    while let Some(mut record) = reader.read().unwrap() {
        if !record.is_input() || change(&mut record) {
            journal.copy(&record);
        }
    }
    journal.commit().unwrap();
}

/// The sequences of the checks of a journal.
pub(crate) fn checks(directory: &Path) -> Vec<u64> {
    let (mut reader, mut checks) = (reader(directory), Vec::new());
    while let Some(record) = reader.read().unwrap() {
        checks.extend((!record.is_input()).then_some(record.sequence));
    }
    checks
}
