//! A program for the tests: registers that can be added to.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use nexus_jetstream::{Applied, Error, Options, Replica};
use nexus_journal::{Digests, Payload, Program, Snapshot, inputs};
use nexus_rt::{Clock, Handler, IntoHandler, ResMut, World, WorldBuilder};

inputs! {
    /// The inputs.
    pub(crate) enum Call {
        /// Adds to a register.
        1 = Add(Add),
        /// Only lets time pass.
        2 = Tick,
    }
}

/// Adds to a register.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Add {
    pub(crate) register: u8,
    pub(crate) amount: u64,
}

impl Payload<'_> for Add {
    fn encode(&self, out: &mut Vec<u8>) {
        self.register.encode(out);
        self.amount.encode(out);
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (register, amount) = bytes.split_at_checked(1)?;
        Some(Self { register: u8::decode(register)?, amount: u64::decode(amount)? })
    }
}

/// The registers.
#[derive(Default, Hash, Debug, PartialEq, Eq, Clone)]
pub(crate) struct Sums(pub(crate) BTreeMap<u8, u64>);

/// Applies inputs.
pub(crate) struct Adder(Box<dyn Handler<Add>>);

impl Program for Adder {
    type Input<'a> = Call;

    fn apply(&mut self, world: &mut World, input: Call) {
        match input {
            Call::Add(add) => self.0.run(world, add),
            Call::Tick => {}
        }
    }
}

pub(crate) fn adder() -> (World, Adder, Digests) {
    let mut builder = WorldBuilder::new();
    builder.register(Clock::historical(Duration::ZERO));
    builder.register_default::<Sums>();
    let world = builder.build();
    let add = |mut sums: ResMut<Sums>, Add { register, amount }: Add| *sums.0.entry(register).or_default() += amount;
    let add = Box::new(add.into_handler(world.registry()));
    let mut digests = Digests::new();
    digests.watch::<Sums>(world.registry());
    (world, Adder(add), digests)
}

/// Emits inputs that lead to the same sums.
pub(crate) fn emit(world: &World, _: &Adder, snapshot: &mut Snapshot<'_>) {
    for (&register, &amount) in &world.resource::<Sums>().0 {
        snapshot.input(&Call::Add(Add { register, amount }));
    }
}

/// A replica with its world.
pub(crate) struct Node {
    pub(crate) world: World,
    pub(crate) adder: Adder,
    pub(crate) replica: Replica,
    /// Its own inputs that have come back.
    pub(crate) back: Vec<u64>,
}

impl Node {
    pub(crate) fn open(options: &Options) -> Result<Self, Error> {
        let (mut world, mut adder, digests) = adder();
        let replica = Replica::open(options, (&mut world, &mut adder), digests, None)?;
        Ok(Self { world, adder, replica, back: Vec::new() })
    }

    pub(crate) fn add(&mut self, register: u8, amount: u64) -> u64 {
        self.replica.publish(&Call::Add(Add { register, amount })).expect("there is room")
    }

    /// Runs one turn of its loop.
    pub(crate) fn turn(&mut self) -> Result<usize, Error> {
        let Self { world, adder, replica, back } = self;
        replica.flush();
        replica.poll::<Adder>(world, usize::MAX, |world, Applied { own, .. }, input| {
            back.extend(own);
            adder.apply(world, input);
        })
    }

    pub(crate) fn sums(&self) -> Sums {
        self.world.resource::<Sums>().clone()
    }
}

/// Runs turns of all nodes until a condition holds. Fails the test if that takes too long.
pub(crate) fn until(nodes: &mut [Node], what: &str, mut holds: impl FnMut(&[Node]) -> bool) {
    let began = Instant::now();
    while !holds(nodes) {
        assert!(began.elapsed() < Duration::from_secs(120), "not within two minutes: {what}; {:?}", nodes[0].replica);
        let handled: usize = nodes.iter_mut().map(|node| node.turn().expect("it goes on")).sum();
        if handled == 0 {
            thread::sleep(Duration::from_micros(200));
        }
    }
}
