//! A small program to be recorded: sums by client, orders that expire, and a bug that can be switched on.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use nexus_journal::testing::FakeDisk;
use nexus_journal::{Digests, Disk, Durability, Error, Options, Program, Recorder, Replayed, Snapshot, inputs};
use nexus_rt::testing::VirtualClock;
use nexus_rt::{Clock, Handler, IntoHandler, Res, ResMut, Sequence, World, WorldBuilder};

inputs! {
    /// What reaches the program.
    #[derive(Debug, Clone, Copy, PartialEq)]
    pub enum Call<'a> {
        /// Adds the length of a text.
        1 = Add(&'a [u8]),
        /// Ends what is older than a second.
        2 = Expire,
        /// Sets what a snapshot keeps.
        3 = Set([u8; 24]),
    }
}

/// What was added, by its length and when: since 1970.
#[derive(Default, Hash, Clone, PartialEq, Debug)]
pub(crate) struct Sums {
    pub(crate) total: u64,
    pub(crate) young: BTreeMap<Duration, u64>,
}

/// How often it was called: nobody watches it.
#[derive(Default, Clone, PartialEq, Debug)]
pub(crate) struct Calls(pub u64);

/// Has it read another clock, or count what is no input.
#[derive(Default)]
pub(crate) struct Bug(pub Option<fn() -> u64>);

pub(crate) struct Adder {
    add: Box<dyn Handler<u64>>,
}

fn add(mut sums: ResMut<Sums>, mut calls: ResMut<Calls>, bug: Res<Bug>, clock: Res<Clock>, length: u64) {
    calls.0 += 1;
    sums.total += length + bug.0.map_or(0, |bug| bug());
    *sums.young.entry(clock.unix()).or_default() += length;
}

impl Program for Adder {
    type Input<'a> = Call<'a>;

    fn apply(&mut self, world: &mut World, input: Call<'_>) {
        match input {
            Call::Add(text) => self.add.run(world, text.len() as u64),
            Call::Expire => {
                let now = world.resource::<Clock>().unix();
                let mut sums = world.resource_mut::<Sums>();
                sums.young.retain(|at, _| *at + Duration::from_secs(1) > now);
            }
            Call::Set(words) => {
                let word = |n: usize| u64::from_le_bytes(words[n..n + 8].try_into().unwrap());
                let mut sums = world.resource_mut::<Sums>();
                sums.total = word(0);
                if word(8) != u64::MAX {
                    sums.young.insert(Duration::from_nanos(word(8)), word(16));
                }
            }
        }
    }
}

pub(crate) fn make() -> (World, Adder, Digests) {
    let mut builder = WorldBuilder::new();
    builder.register(Clock::historical(Duration::ZERO));
    builder.register_default::<Sums>();
    builder.register_default::<Calls>();
    builder.register_default::<Bug>();
    let world = builder.build();
    let add = Box::new(add.into_handler(world.registry()));
    let mut digests = Digests::new();
    digests.watch::<Sums>(world.registry());
    (world, Adder { add }, digests)
}

pub(crate) fn emit(world: &World, _: &Adder, snapshot: &mut Snapshot<'_>) {
    let sums = world.resource::<Sums>();
    let set = |at: u64, length: u64| {
        let mut words = [0; 24];
        for (n, word) in [sums.total, at, length].into_iter().enumerate() {
            words[n * 8..n * 8 + 8].copy_from_slice(&word.to_le_bytes());
        }
        Call::Set(words)
    };
    snapshot.input(&set(u64::MAX, 0));
    sums.young.iter().for_each(|(at, length)| snapshot.input(&set(at.as_nanos() as u64, *length)));
}

pub(crate) fn options(durability: Durability) -> Options {
    Options { durability, reserve: 4_096, segment: 2_048, check_every: 7, ..Options::new("adder") }
}

/// A program that runs, on a disk, by a clock of its own.
pub(crate) struct Live {
    pub(crate) world: World,
    pub(crate) adder: Adder,
    pub(crate) recorder: Option<Recorder>,
    pub(crate) replayed: Replayed,
    pub(crate) time: VirtualClock,
}

impl Live {
    pub(crate) fn start(disk: impl Into<Arc<dyn Disk>>, options: Options) -> Result<Self, Error> {
        let (mut world, mut adder, digests) = make();
        let time = VirtualClock::new();
        let clock = Clock::test(time.clone(), Duration::from_secs(1_000));
        let (recorder, replayed) = Recorder::open_by(clock, disk, options, (&mut world, &mut adder), digests)?;
        Ok(Self { world, adder, recorder: Some(recorder), replayed, time })
    }

    pub(crate) fn on(disk: &FakeDisk) -> Self {
        Self::start(disk.clone(), options(Durability::Disk)).unwrap()
    }

    pub(crate) fn recorder(&mut self) -> &mut Recorder {
        self.recorder.as_mut().unwrap()
    }

    /// Applies an input, a millisecond later.
    pub(crate) fn call(&mut self, call: Call<'_>) -> Sequence {
        self.time.advance(Duration::from_millis(1));
        let recorder = self.recorder.as_mut().unwrap();
        recorder.update(&mut self.world);
        recorder.input(&mut self.world, &mut self.adder, call)
    }

    pub(crate) fn commit(&mut self) -> Result<Sequence, Error> {
        self.recorder.as_mut().unwrap().commit(&self.world)
    }

    pub(crate) fn close(mut self) -> Sums {
        self.recorder.take().unwrap().close(&self.world).unwrap();
        self.sums()
    }

    pub(crate) fn sums(&self) -> Sums {
        self.world.resource::<Sums>().clone()
    }
}

/// The name of the newest file of inputs.
pub(crate) fn newest_file(disk: &FakeDisk) -> String {
    disk.names().into_iter().rfind(|name| name.ends_with("journal")).unwrap()
}

/// Ends a part of a program as a crash does: nothing of it is dropped. Its address is kept for leak checkers.
pub(crate) fn crash<T>(part: T) {
    static LOST: Mutex<Vec<usize>> = Mutex::new(Vec::new());
    let address = std::ptr::from_mut(Box::leak(Box::new(part))).expose_provenance();
    LOST.lock().expect("no panic").push(address);
}
