//! A program whose inputs have 64 bytes, with little work for each.

use std::path::Path;
use std::time::Duration;

use nexus_journal::{Digests, Dir, Durability, Options, Program, Recorder, inputs};
use nexus_rt::{Clock, Handler, IntoHandler, ResMut, Virtual, World, WorldBuilder};
use rustix::time::{ClockId, clock_gettime};

inputs! {
    /// The inputs of the program.
    #[derive(Clone, Copy)]
    pub(crate) enum Call<'a> {
        /// Adds these bytes.
        1 = Add(&'a [u8]),
    }
}

#[derive(Default, Hash)]
pub(crate) struct Sum(pub(crate) u64);

pub(crate) struct Adder(Virtual<u64>);

impl Program for Adder {
    type Input<'a> = Call<'a>;

    #[inline]
    fn apply(&mut self, world: &mut World, Call::Add(bytes): Call<'_>) {
        let first = bytes.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
        self.0.run(world, first + bytes.len() as u64);
    }
}

/// Returns a program, with its world and its digests.
pub(crate) fn make() -> (World, Adder, Digests) {
    let mut builder = WorldBuilder::new();
    builder.register(Clock::historical(Duration::ZERO));
    builder.register_default::<Sum>();
    let world = builder.build();
    let add = |mut sum: ResMut<Sum>, number: u64| sum.0 = sum.0.wrapping_mul(31).wrapping_add(number);
    let add = Box::new(add.into_handler(world.registry()));
    let mut digests = Digests::new();
    digests.watch::<Sum>(world.registry());
    (world, Adder(add), digests)
}

/// The `n`th input.
#[inline]
pub(crate) fn bytes(n: u64) -> [u8; 64] {
    let mut bytes = [7; 64];
    bytes[..8].copy_from_slice(&n.to_le_bytes());
    bytes
}

/// A program that records.
pub(crate) fn recorder(directory: &Path, durability: Durability) -> (World, Adder, Recorder) {
    let (mut world, mut adder, digests) = make();
    let options = Options { durability, ..Options::new("bench") };
    let opened = Recorder::open(Dir::new(directory), options, (&mut world, &mut adder), digests);
    (world, adder, opened.unwrap_or_else(|error| panic!("{error}")).0)
}

/// Returns the processor time of this thread, in nanoseconds.
pub(crate) fn worked() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}
