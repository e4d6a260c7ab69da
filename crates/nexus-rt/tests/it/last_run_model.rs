//! What changed since the last run, against a model that writes down the time of every write and of every end of a run.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use nexus_rt::{Handler, IntoHandler, LastRun, Local, Res, ResMut, Sequence, Virtual, World, WorldBuilder};

struct A(u8);
struct B(u8);
struct C(u8);

/// What a run found: of each resource, whether it changed since the last run, after its own writes, and in this event.
#[derive(Clone, Copy, Default, PartialEq, Debug)]
struct Found {
    since: [bool; 3],
    after_own: [bool; 3],
    this_event: [bool; 3],
}

/// What a function is told: which resources to write, by bit, and whether to panic then.
#[derive(Clone, Copy, Debug)]
struct Orders {
    writes: u8,
    panics: bool,
}

impl Orders {
    fn obey(self) {
        if self.panics {
            resume_unwind(Box::new("as ordered"));
        }
    }
}

type All<'w> = (ResMut<'w, A>, ResMut<'w, B>, ResMut<'w, C>);

fn write((a, b, c): &mut All, writes: u8) {
    if writes & 1 != 0 {
        a.0 ^= 1;
    }
    if writes & 2 != 0 {
        assert!(b.set_if_neq(B(b.0 ^ 1)));
    }
    if writes & 4 != 0 {
        c.reborrow().0 ^= 1;
    }
}

impl PartialEq for B {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

fn since((a, b, c): &All, last_run: LastRun) -> [bool; 3] {
    [a.changed_since(last_run), b.changed_since(last_run), c.changed_since(last_run)]
}

fn asks_first(last_run: LastRun, mut all: All, mut found: ResMut<Found>, orders: Orders) {
    found.since = since(&all, last_run);
    write(&mut all, orders.writes);
    found.after_own = since(&all, last_run);
    found.this_event = [all.0.is_changed(), all.1.is_changed(), all.2.is_changed()];
    orders.obey();
}

/// With its `LastRun` between what it stamps with.
fn asks_last(mut found: ResMut<Found>, mut all: All, _runs: Local<u8>, last_run: (LastRun, LastRun), orders: Orders) {
    found.since = since(&all, last_run.0);
    assert_eq!(found.since, since(&all, last_run.1));
    write(&mut all, orders.writes);
    found.after_own = since(&all, last_run.1);
    found.this_event = [all.0.is_changed(), all.1.is_changed(), all.2.is_changed()];
    orders.obey();
}

/// Reads only, so it writes nothing, whatever it is told.
fn reads(a: Res<A>, b: Res<B>, last_run: LastRun, c: Res<C>, mut found: ResMut<Found>, orders: Orders) {
    found.since = [a.changed_since(last_run), b.changed_since(last_run), c.changed_since(last_run)];
    found.after_own = found.since;
    found.this_event = [a.is_changed(), b.is_changed(), c.is_changed()];
    orders.obey();
}

/// Asks nothing.
fn writes(mut all: All, orders: Orders) {
    write(&mut all, orders.writes);
    orders.obey();
}

#[derive(Clone, Copy, Debug)]
enum Op {
    Event,
    Jump(u64),
    /// By `main`.
    Write(u8),
    Run(usize, Orders),
    /// Makes one more of this kind.
    Make(usize),
}

/// What happens, at random.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) % n
    }

    fn op(&mut self) -> Op {
        let orders = Orders { writes: (self.below(2) * self.below(8)) as u8, panics: self.below(8) == 0 };
        match self.below(17) {
            0..3 => Op::Event,
            3 => Op::Jump(self.below(9)),
            4..7 => Op::Write(self.below(8) as u8),
            7 => Op::Make(self.below(4) as usize),
            _ => Op::Run(self.below(64) as usize, orders),
        }
    }
}

fn make(kind: usize, world: &World) -> Virtual<Orders> {
    let reg = world.registry();
    match kind {
        0 => Box::new(asks_first.into_handler(reg)),
        1 => Box::new(asks_last.into_handler(reg)),
        2 => Box::new(reads.into_handler(reg)),
        _ => Box::new(writes.into_handler(reg)),
    }
}

const READS: usize = 2;
const WRITES: usize = 3;

/// Time goes on with whatever happens.
#[derive(Default)]
struct Model {
    time: u64,
    written: [Option<u64>; 3],
    event: u64,
    /// Of each function, its kind, and when its last run ended.
    functions: Vec<(usize, Option<u64>)>,
}

impl Model {
    fn tick(&mut self) -> u64 {
        self.time += 1;
        self.time
    }

    fn write(&mut self, writes: u8) {
        for number in (0..3).filter(|number| writes >> number & 1 != 0) {
            self.written[number] = Some(self.tick());
        }
    }

    fn run(&mut self, number: usize, Orders { writes, panics }: Orders) -> Found {
        let (kind, ended) = self.functions[number];
        let since = |model: &Self| {
            model.written.map(|written| ended.is_none_or(|ended| written.is_some_and(|written| written > ended)))
        };
        let before = since(self);
        if kind != READS {
            self.write(writes);
        }
        let this_event = self.written.map(|written| written.is_some_and(|written| written > self.event));
        let found = Found { since: before, after_own: since(self), this_event };
        let end = self.tick();
        if !panics {
            self.functions[number].1 = Some(end);
        }
        found
    }
}

/// Does one thing on both.
fn apply(op: Op, world: &mut World, handlers: &mut Vec<Virtual<Orders>>, model: &mut Model) {
    match op {
        Op::Event => {
            world.next_sequence();
            model.event = model.tick();
        }
        Op::Jump(by) => {
            world.advance_to(Sequence::new(world.current_sequence().get() + by));
            model.event = if by == 0 { model.event } else { model.tick() };
        }
        Op::Write(writes) => {
            if writes & 1 != 0 {
                world.resource_mut::<A>().0 ^= 1;
            }
            if writes & 2 != 0 {
                *world.resource_mut::<B>().into_inner() = B(1);
            }
            if writes & 4 != 0 {
                world.key::<C>().get_mut(world).0 ^= 1;
            }
            model.write(writes);
        }
        Op::Make(kind) => {
            handlers.push(make(kind, world));
            model.functions.push((kind, None));
        }
        Op::Run(number, orders) => {
            let number = number % handlers.len();
            let found = model.run(number, orders);
            let ran = catch_unwind(AssertUnwindSafe(|| handlers[number].run(world, orders)));
            assert_eq!(ran.is_err(), orders.panics);
            if model.functions[number].0 != WRITES {
                assert_eq!(*world.resource::<Found>(), found);
            }
        }
    }
}

/// Shown if a walk fails.
struct Walk(u64, Vec<Op>);

impl Drop for Walk {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("walk {}: {:?}", self.0, self.1);
        }
    }
}

#[test]
fn each_change_by_others_is_seen_by_one_run_of_each_function() {
    for seed in 1..=10_000 {
        let mut builder = WorldBuilder::new();
        builder.register(A(0));
        builder.register(B(0));
        builder.register(C(0));
        builder.register(Found::default());
        let (mut world, mut model) = (builder.build(), Model::default());
        let mut handlers: Vec<_> = (0..=WRITES).map(|kind| make(kind, &world)).collect();
        model.functions = (0..=WRITES).map(|kind| (kind, None)).collect();
        let mut random = Random(0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(seed));
        let mut walk = Walk(seed, vec![]);
        for _ in 0..30 {
            let op = random.op();
            walk.1.push(op);
            apply(op, &mut world, &mut handlers, &mut model);
        }
    }
}
