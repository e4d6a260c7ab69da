//! Functions without an event, run in the order of a graph: [`SystemScheduler`].
//!
//! [`SchedulerBuilder`] collects systems and the order between them. [`IntoSystem`] turns functions into systems.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap};
use std::fmt;
use std::num::NonZeroU64;

use crate::call::{Entered, enter_all};
use crate::describe::{Describe, Kind, Visitor, describe_fenced, function_name};
use crate::handler::Handler;
use crate::nonce;
use crate::step::one_world;
pub use crate::system::{IntoSystem, System, SystemFn, SystemOutput};
use crate::world::{World, WorldId};

/// Collects systems and the order between them, and builds a [`SystemScheduler`].
///
/// ```
/// use nexus_rt::scheduler::{IntoSystem, SchedulerBuilder};
/// use nexus_rt::{Describe, Res, ResMut, WorldBuilder};
///
/// #[derive(Default)]
/// struct Mid(u64);
/// #[derive(Default)]
/// struct Quote(u64);
/// #[derive(Default)]
/// struct Sent(Vec<u64>);
///
/// fn read(feed: Res<Vec<u64>>, mut mid: ResMut<Mid>) -> bool {
///     feed.last().is_some_and(|last| mid.0 != *last && { mid.0 = *last; true })
/// }
///
/// fn requote(mid: Res<Mid>, mut quote: ResMut<Quote>) {
///     quote.0 = mid.0 - 1;
/// }
///
/// fn send(quote: Res<Quote>, mut sent: ResMut<Sent>) {
///     sent.0.push(quote.0);
/// }
///
/// let mut builder = WorldBuilder::new();
/// builder.register(vec![100_u64]);
/// builder.register_default::<Mid>();
/// builder.register_default::<Quote>();
/// builder.register_default::<Sent>();
/// let mut world = builder.build();
/// let reg = world.registry();
///
/// let mut systems = SchedulerBuilder::new();
/// let send = systems.add(send.into_system(reg));
/// let requote = systems.add(requote.into_system(reg));
/// let read = systems.add(read.into_system(reg));
/// systems.after(requote, read).after(send, requote);
/// let mut scheduler = systems.build()?;
///
/// world.next_sequence();
/// assert_eq!(scheduler.run(&mut world), 3);
/// // The feed did not move: `read` says no, and nothing after it runs.
/// world.next_sequence();
/// assert_eq!(scheduler.run(&mut world), 1);
/// assert_eq!(world.resource::<Sent>().0, [99]);
///
/// assert_eq!(
///     scheduler.plan().to_string(),
///     "\
/// read
/// └─ scheduler
///    ├─ read     reads Vec<u64>; writes Mid
///    ├─ requote  reads Mid; writes Quote     after read
///    └─ send     reads Quote; writes Sent    after requote
/// "
/// );
/// # Ok::<(), nexus_rt::scheduler::CycleError>(())
/// ```
#[derive(Default)]
#[must_use = "systems run once the scheduler is built"]
pub struct SchedulerBuilder {
    /// In order of their ids, which only grow.
    systems: Vec<(SystemId, Box<dyn System>)>,
    /// The indices of two systems, the first of which runs before the second.
    edges: BTreeSet<(usize, usize)>,
}

/// Identifies a system in a [`SchedulerBuilder`]. It is never reused in this process, so it cannot match a system of
/// another builder.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SystemId(NonZeroU64);

impl SchedulerBuilder {
    /// Creates a builder without systems.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a system, such as `f.into_system(registry)` or a pipeline, and returns the id that orders it.
    pub fn add(&mut self, system: impl System + 'static) -> SystemId {
        let id = SystemId(nonce::next());
        self.systems.push((id, Box::new(system)));
        id
    }

    /// Makes `system` run after `upstream`. It runs only if `upstream`, or another system that it runs after, ran and
    /// said yes.
    ///
    /// # Panics
    /// If one of them belongs to another builder.
    #[track_caller]
    pub fn after(&mut self, system: SystemId, upstream: SystemId) -> &mut Self {
        let edge = (self.place(upstream), self.place(system));
        self.edges.insert(edge);
        self
    }

    /// Makes `system` run before `downstream`, as `after(downstream, system)` does.
    ///
    /// # Panics
    /// If one of them belongs to another builder.
    #[track_caller]
    pub fn before(&mut self, system: SystemId, downstream: SystemId) -> &mut Self {
        self.after(downstream, system)
    }

    #[track_caller]
    fn place(&self, id: SystemId) -> usize {
        let found = self.systems.binary_search_by_key(&id, |(own, _)| *own).ok();
        found.expect("this system was not added to this scheduler: use the id that its own `add` returned")
    }

    /// Orders the systems: each one after all those that it must run after, and otherwise in the order in which they
    /// were added.
    ///
    /// # Errors
    /// If systems wait for each other in a cycle.
    ///
    /// # Panics
    /// If two systems were resolved against different worlds.
    #[track_caller]
    pub fn build(self) -> Result<SystemScheduler, CycleError> {
        let order = self.order()?;
        let mut places = vec![0; order.len()];
        order.iter().enumerate().for_each(|(place, added)| places[*added] = place);
        let mut upstreams = vec![Vec::new(); order.len()];
        for (before, after) in &self.edges {
            upstreams[places[*after]].push(places[*before]);
        }
        // In the order in which they run, for plans.
        upstreams.iter_mut().for_each(|after| after.sort_unstable());
        let mut systems: Vec<_> = self.systems.into_iter().map(|(_, system)| Some(system)).collect();
        let scheduled = order.iter().zip(upstreams).map(|(added, after)| {
            let system = systems[*added].take().expect("an order names each once");
            Scheduled { system, after, said_yes: false }
        });
        let mut scheduler = SystemScheduler { systems: scheduled.collect(), world: None };
        scheduler.world = one_world(&scheduler, "scheduler");
        Ok(scheduler)
    }

    /// Kahn's algorithm (1962). Of all systems that may come next, it takes the one that was added first.
    fn order(&self) -> Result<Vec<usize>, CycleError> {
        let mut waits_for = vec![0_usize; self.systems.len()];
        self.edges.iter().for_each(|(_, after)| waits_for[*after] += 1);
        let mut free: BinaryHeap<_> = (0..waits_for.len()).filter(|n| waits_for[*n] == 0).map(Reverse).collect();
        let mut order = Vec::with_capacity(waits_for.len());
        while let Some(Reverse(next)) = free.pop() {
            order.push(next);
            for (_, after) in self.edges.range((next, 0)..=(next, usize::MAX)) {
                waits_for[*after] -= 1;
                if waits_for[*after] == 0 {
                    free.push(Reverse(*after));
                }
            }
        }
        match waits_for.iter().position(|count| *count > 0) {
            None => Ok(order),
            Some(stuck) => Err(self.cycle(stuck, &waits_for)),
        }
    }

    /// Finds the cycle that `stuck` waits for, by walking against the edges: before each waiting system, at least one
    /// other is waiting too.
    fn cycle(&self, stuck: usize, waits_for: &[usize]) -> CycleError {
        let waiting = self.edges.iter().filter(|(before, after)| waits_for[*before] > 0 && waits_for[*after] > 0);
        // The last one stays: of several, the one that was added first.
        let before: HashMap<_, _> = waiting.rev().map(|(before, after)| (*after, *before)).collect();
        let mut path = vec![stuck];
        let mut place = HashMap::from([(stuck, 0)]);
        loop {
            let next = before[&path[path.len() - 1]];
            if let Some(start) = place.insert(next, path.len()) {
                let circle = path[start..].iter().rev();
                return CycleError { systems: circle.map(|n| (*n + 1, self.systems[*n].1.name())).collect() };
            }
            path.push(next);
        }
    }
}

impl fmt::Debug for SchedulerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.systems.iter().map(|(_, system)| system.name())).finish()
    }
}

/// Systems in order, as one handler that ignores its event. [`SchedulerBuilder`] builds it, with an example.
///
/// [`run`](Self::run) runs each system that comes after no other, and each one that comes after a system that ran and
/// said yes. The order is fixed when the scheduler is built.
#[must_use = "a scheduler does nothing until it is run"]
pub struct SystemScheduler {
    systems: Vec<Scheduled>,
    /// The world of all systems, unless none of them knows its world.
    world: Option<WorldId>,
}

struct Scheduled {
    system: Box<dyn System>,
    /// The indices of the systems that this one runs after.
    after: Vec<usize>,
    /// Whether it ran in this run and said that others should run.
    said_yes: bool,
}

impl SystemScheduler {
    /// Runs the systems that are due, in order, and returns their number.
    ///
    /// The sequence does not advance: all of them run for one event.
    ///
    /// # Panics
    /// If `world` is not the world of the systems, or if one of them leaves another world in its place. If a system
    /// panics, the run ends, and the next run starts from the first system.
    #[track_caller]
    pub fn run(&mut self, world: &mut World) -> usize {
        enter_all(self, self.world, world, Self::run_all)
    }

    #[inline(always)]
    #[track_caller]
    fn run_all(&mut self, mut world: Entered<'_>) -> usize {
        let mut ran = 0;
        for place in 0..self.systems.len() {
            let (earlier, rest) = self.systems.split_at_mut(place);
            let Scheduled { system, after, said_yes } = &mut rest[0];
            let due = after.is_empty() || after.iter().any(|upstream| earlier[*upstream].said_yes);
            *said_yes = false;
            if due {
                ran += 1;
                *said_yes = system.run_entered(world.reborrow());
            }
        }
        ran
    }

    /// Returns the number of systems.
    #[must_use]
    pub fn len(&self) -> usize {
        self.systems.len()
    }

    /// Returns whether there are no systems.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.systems.is_empty()
    }
}

impl<E> Handler<E> for SystemScheduler {
    #[track_caller]
    fn run(&mut self, world: &mut World, _event: E) {
        Self::run(self, world);
    }

    #[track_caller]
    fn run_entered(&mut self, world: Entered<'_>, _event: E) {
        self.run_all(world);
    }
}

impl Describe for SystemScheduler {
    fn describe(&self, visitor: &mut dyn Visitor) {
        visitor.open(Kind::Scheduler);
        for scheduled in &self.systems {
            visitor.open(Kind::System);
            visitor.after(&scheduled.after);
            describe_fenced(visitor, &scheduled.system);
            visitor.close(None);
        }
        visitor.close(None);
    }
}

impl fmt::Debug for SystemScheduler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.systems.iter().map(|scheduled| scheduled.system.name())).finish()
    }
}

/// The error of [`SchedulerBuilder::build`]: systems wait for each other in a cycle.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CycleError {
    /// Each with its position among all added systems, from 1.
    systems: Vec<(usize, &'static str)>,
}

impl CycleError {
    /// Returns the full names of the systems in the cycle, each before the next, and the last before the first.
    #[must_use]
    pub fn systems(&self) -> impl ExactSizeIterator<Item = &'static str> {
        self.systems.iter().map(|(_, name)| *name)
    }
}

impl fmt::Display for CycleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("systems wait for each other in a circle: ")?;
        for (place, system) in &self.systems {
            write!(f, "`{}` (added as number {place}) before ", function_name(system))?;
        }
        write!(f, "`{}`. Take out one of these edges", function_name(self.systems[0].1))
    }
}

impl std::error::Error for CycleError {}
