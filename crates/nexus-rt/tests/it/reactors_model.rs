//! Reactors against a model: whatever is marked, watched, removed and thrown, from outside and by reactors that run.

use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use nexus_rt::reactors::{ReactorEvent, ReactorId, Reactors, ReactorsInstaller, ReactorsPoller, SourceId};
use nexus_rt::{IntoCallback, World, WorldBuilder};
use proptest::prelude::*;

/// How many reactors a run makes at most.
const MOST: usize = 24;

/// What is done, by the numbers of reactors and sources in the order in which they were made. Numbers beyond wrap.
#[derive(Clone, Copy, Debug)]
enum Op {
    Mark(usize),
    Watch(usize, usize),
    Unwatch(usize, usize),
    Remove(usize),
    RemoveSource(usize),
    AddSource,
    /// A reactor that watches these two sources.
    Add(usize, usize),
    /// In a reactor only.
    Panic,
}

fn op((kind, one, other): (u8, usize, usize)) -> Op {
    match kind % 24 {
        0..10 => Op::Mark(one),
        10..13 => Op::Watch(one, other),
        13..15 => Op::Unwatch(one, other),
        15 | 16 => Op::Remove(one),
        17 => Op::RemoveSource(one),
        18 => Op::AddSource,
        19..22 => Op::Add(one, other),
        _ => Op::Panic,
    }
}

/// What a reactor does when it runs, both here and in the model.
fn acts(seed: u64, number: usize, run: u64) -> Vec<Op> {
    let mut state = seed ^ (number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (run + 1) << 40;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state >> 11
    };
    next();
    (0..next() % 4).map(|_| op(((next() % 251) as u8, next() as usize % 64, next() as usize % 64))).collect()
}

/// Who ran, by which source first, and of how many.
type Run = (usize, usize, usize);

/// What came of it all, by numbers.
#[derive(Default, PartialEq, Debug)]
struct Log {
    runs: Vec<Run>,
    results: Vec<bool>,
}

/// The library, with the numbers of what was made.
#[derive(Default)]
struct Made {
    seed: u64,
    reactors: Vec<ReactorId>,
    sources: Vec<SourceId>,
    log: Log,
}

fn act((number, runs): &mut (usize, u64), world: &mut World, event: ReactorEvent) {
    let mut made = world.resource_mut::<Made>();
    assert_eq!(made.reactors[*number], event.reactor);
    let first = made.sources.iter().position(|source| *source == event.first).expect("it was made");
    made.log.runs.push((*number, first, event.marked));
    let acts = acts(made.seed, *number, *runs);
    *runs += 1;
    for op in acts {
        apply(world, op);
    }
}

fn apply(world: &mut World, op: Op) {
    let made = world.resource::<Made>();
    let reactor = |number: usize| made.reactors.get(number % made.reactors.len().max(1)).copied();
    let source = |number: usize| made.sources[number % made.sources.len()];
    let count = made.reactors.len();
    let result = match op {
        Op::Mark(one) => {
            let one = source(one);
            world.resource_mut::<Reactors>().mark(one)
        }
        Op::Watch(one, other) => {
            let (one, other) = (reactor(one), source(other));
            one.is_some_and(|one| world.resource_mut::<Reactors>().watch(one, other))
        }
        Op::Unwatch(one, other) => {
            let (one, other) = (reactor(one), source(other));
            one.is_some_and(|one| world.resource_mut::<Reactors>().unwatch(one, other))
        }
        Op::Remove(one) => reactor(one).is_some_and(|one| world.resource_mut::<Reactors>().remove(one)),
        Op::RemoveSource(one) => {
            let one = source(one);
            world.resource_mut::<Reactors>().remove_source(one)
        }
        Op::AddSource => {
            let source = world.resource_mut::<Reactors>().add_source();
            world.resource_mut::<Made>().sources.push(source);
            true
        }
        Op::Add(one, other) if count < MOST => {
            let sources = [one, other].map(source);
            let handler = Box::new(act.into_callback((count, 0), world.registry()));
            let id = world.resource_mut::<Reactors>().add(handler, sources);
            world.resource_mut::<Made>().reactors.push(id);
            true
        }
        Op::Add(..) => false,
        Op::Panic => resume_unwind(Box::new("on purpose")),
    };
    world.resource_mut::<Made>().log.results.push(result);
}

/// The same, written down as simply as it goes.
#[derive(Default)]
struct Model {
    seed: u64,
    /// What each watches, and how often it ran; none, if it was removed.
    reactors: Vec<Option<(Vec<usize>, u64)>>,
    /// Whether each is there.
    sources: Vec<bool>,
    /// Those marked since the pass began, even if they were removed since.
    marked: Vec<usize>,
    /// The rest of the pass, of which those that were removed since are skipped in their turn.
    rest: VecDeque<Run>,
    lost: Option<usize>,
    panicked: u64,
    log: Log,
}

/// A reactor panics.
struct Panicked;

impl Model {
    fn apply(&mut self, op: Op) -> Result<(), Panicked> {
        let (count, sources) = (self.reactors.len(), self.sources.len());
        let wrap = |number: usize| number % count.max(1);
        let result = match op {
            Op::Mark(one) => {
                let one = one % sources;
                if self.sources[one] && !self.marked.contains(&one) {
                    self.marked.push(one);
                }
                self.sources[one]
            }
            Op::Watch(one, other) => match self.reactors.get_mut(wrap(one)) {
                Some(Some((watches, _))) if self.sources[other % sources] => {
                    watches.retain(|watched| *watched != other % sources);
                    watches.push(other % sources);
                    true
                }
                _ => false,
            },
            Op::Unwatch(one, other) => match self.reactors.get_mut(wrap(one)) {
                Some(Some((watches, _))) => {
                    let before = watches.len();
                    watches.retain(|watched| *watched != other % sources);
                    watches.len() < before
                }
                _ => false,
            },
            Op::Remove(one) => self.reactors.get_mut(wrap(one)).is_some_and(|reactor| reactor.take().is_some()),
            Op::RemoveSource(one) => {
                let one = one % sources;
                self.reactors.iter_mut().flatten().for_each(|(watches, _)| watches.retain(|watched| *watched != one));
                std::mem::replace(&mut self.sources[one], false)
            }
            Op::AddSource => {
                self.sources.push(true);
                true
            }
            Op::Add(one, other) if count < MOST => {
                let mut watches = vec![one % sources, other % sources];
                watches.dedup();
                watches.retain(|watched| self.sources[*watched]);
                self.reactors.push(Some((watches, 0)));
                true
            }
            Op::Add(..) => false,
            Op::Panic => return Err(Panicked),
        };
        self.log.results.push(result);
        Ok(())
    }

    fn poll(&mut self, budget: usize) -> Result<usize, Panicked> {
        if let Some(lost) = self.lost.take() {
            self.panicked += 1;
            self.reactors[lost] = None;
        }
        while self.rest.pop_front_if(|(number, ..)| self.reactors[*number].is_none()).is_some() {}
        if self.rest.is_empty() {
            let mut pass = BTreeMap::<usize, (usize, usize)>::new();
            for source in std::mem::take(&mut self.marked) {
                for (number, reactor) in self.reactors.iter().enumerate() {
                    if reactor.as_ref().is_some_and(|(watches, _)| watches.contains(&source)) {
                        pass.entry(number).or_insert((source, 0)).1 += 1;
                    }
                }
            }
            self.rest = pass.into_iter().map(|(number, (first, marked))| (number, first, marked)).collect();
        }
        let mut ran = 0;
        while ran < budget {
            let Some(run) = self.rest.pop_front() else { break };
            let Some((_, runs)) = &mut self.reactors[run.0] else { continue };
            let acts = acts(self.seed, run.0, *runs);
            *runs += 1;
            ran += 1;
            self.log.runs.push(run);
            for op in acts {
                self.apply(op).inspect_err(|Panicked| self.lost = Some(run.0))?;
            }
        }
        Ok(ran)
    }
}

/// What is done from outside: an operation, or a poll with a budget.
fn steps() -> impl Strategy<Value = Vec<((u8, usize, usize), Option<usize>)>> {
    let budget = prop_oneof![3 => Just(None), 1 => Just(Some(usize::MAX)), 1 => (0..4_usize).prop_map(Some)];
    prop::collection::vec(((any::<u8>(), 0..64_usize, 0..64_usize), budget), 1..120)
}

fn rig(seed: u64) -> (World, ReactorsPoller, Model) {
    let mut builder = WorldBuilder::new();
    let poller = builder.install_driver(ReactorsInstaller::new());
    builder.register(Made { seed, ..Made::default() });
    let (mut world, mut model) = (builder.build(), Model { seed, ..Model::default() });
    let start = [Op::AddSource, Op::AddSource, Op::AddSource, Op::Add(0, 1), Op::Add(1, 2), Op::Add(0, 2)];
    for op in start {
        apply(&mut world, op);
        assert!(model.apply(op).is_ok());
    }
    (world, poller, model)
}

/// 2,000 cases, or as many as `PROPTEST_CASES` says.
fn config() -> ProptestConfig {
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { ProptestConfig::default().cases } else { 2_000 };
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn exactly_those_run_that_a_model_says_in_its_order(seed in any::<u64>(), steps in steps()) {
        let (mut world, mut poller, mut model) = rig(seed);
        for (what, budget) in steps {
            match (budget, op(what)) {
                (Some(budget), _) => {
                    let ran = catch_unwind(AssertUnwindSafe(|| poller.poll_budget(&mut world, budget)));
                    prop_assert_eq!(ran.ok(), model.poll(budget).ok());
                }
                (None, Op::Panic) => {}
                (None, op) => {
                    apply(&mut world, op);
                    prop_assert!(model.apply(op).is_ok());
                }
            }
            prop_assert_eq!(&world.resource::<Made>().log, &model.log);
            let reactors = world.resource::<Reactors>();
            prop_assert_eq!((reactors.len(), reactors.panicked()), (model.reactors.iter().flatten().count(), model.panicked));
            prop_assert_eq!(reactors.is_due(), !model.marked.is_empty() || !model.rest.is_empty());
        }
    }
}
