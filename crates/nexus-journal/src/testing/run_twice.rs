//! `run_twice`: is a program deterministic?

use nexus_rt::World;

use super::FakeDisk;
use crate::digests::Digests;
use crate::error::Error;
use crate::options::Options;
use crate::recorder::Recorder;
use crate::replay::{Program, Replayed};

/// Records what `live` does with one program, and replays it with a second one.
///
/// All watched resources are compared at the end, and wherever `live` calls [`Recorder::check`], but not before the
/// first input.
///
/// ```
/// use std::time::Duration;
///
/// use nexus_journal::testing::run_twice;
/// use nexus_journal::{Digests, Program, inputs};
/// use nexus_rt::{Clock, World, WorldBuilder};
///
/// inputs! {
///     enum Call {
///         1 = Add(u64),
///     }
/// }
///
/// struct Adder;
///
/// impl Program for Adder {
///     type Input<'a> = Call;
///
///     fn apply(&mut self, world: &mut World, Call::Add(number): Call) {
///         *world.resource_mut::<u64>() += number;
///     }
/// }
///
/// let make = || {
///     let mut builder = WorldBuilder::new();
///     builder.register(Clock::historical(Duration::ZERO));
///     builder.register(0_u64);
///     let world = builder.build();
///     let mut digests = Digests::new();
///     digests.watch::<u64>(world.registry());
///     (world, Adder, digests)
/// };
///
/// let replayed = run_twice(make, |world, adder, recorder| {
///     recorder.input(world, adder, Call::Add(7));
/// })?;
/// assert_eq!((replayed.inputs, replayed.checks), (1, 1));
///
/// // A write outside an input.
/// let twice = run_twice(make, |world, adder, recorder| {
///     recorder.input(world, adder, Call::Add(7));
///     *world.resource_mut::<u64>() += 1;
/// });
/// let alarm = twice.unwrap_err();
/// assert!(alarm.to_string().contains("`u64` differs"));
/// # Ok::<(), nexus_journal::Error>(())
/// ```
///
/// # Errors
/// [`Error::Diverged`] if the replay differs, or any other error of a replay.
///
/// # Panics
/// If the clock of the world is not historical.
#[track_caller]
pub fn run_twice<P: Program>(
    make: impl Fn() -> (World, P, Digests),
    live: impl FnOnce(&mut World, &mut P, &mut Recorder),
) -> Result<Replayed, Error> {
    let disk = FakeDisk::new();
    let (mut world, mut program, digests) = make();
    let options = Options::new("run twice");
    let (mut recorder, _) = Recorder::open(disk.clone(), options.clone(), (&mut world, &mut program), digests)?;
    live(&mut world, &mut program, &mut recorder);
    recorder.close(&world)?;
    let (mut world, mut program, digests) = make();
    Recorder::open(disk, options, (&mut world, &mut program), digests).map(|(_, replayed)| replayed)
}
