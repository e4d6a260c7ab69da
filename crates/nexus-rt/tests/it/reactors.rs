//! Reactors: who runs for what is marked, in which order and in which pass, and what ends.

use std::panic::{AssertUnwindSafe, catch_unwind};

use nexus_rt::reactors::{ReactorEvent, ReactorId, Reactors, ReactorsInstaller, ReactorsPoller, SourceId, Sources};
use nexus_rt::{
    CallbackTemplate, Describe, Handler, IntoCallback, IntoHandler, PipelineStart, RegistryRef, ResMut,
    TemplatedCallback, Virtual, World, WorldBuilder, callback_blueprint,
};

use crate::support::{notices_replacement, panic_of};

/// Who ran, how many sources were marked, and which was the first.
type Ran = Vec<(u32, usize, SourceId)>;

struct Rig {
    world: World,
    poller: ReactorsPoller,
}

impl Rig {
    fn new() -> Self {
        let mut builder = WorldBuilder::new();
        let poller = builder.install_driver(ReactorsInstaller::new());
        builder.register(Ran::new());
        Self { world: builder.build(), poller }
    }

    fn reactors(&mut self) -> ResMut<'_, Reactors> {
        self.world.resource_mut()
    }

    fn sources<const N: usize>(&mut self) -> [SourceId; N] {
        [(); N].map(|()| self.reactors().add_source())
    }

    /// Adds a reactor that notes its number.
    fn note<const N: usize>(&mut self, number: u32, sources: [SourceId; N]) -> ReactorId {
        self.add(number, sources, |_, _| {})
    }

    /// Adds a reactor that notes its number, and then calls `act`.
    fn add<const N: usize>(
        &mut self,
        number: u32,
        sources: [SourceId; N],
        mut act: impl FnMut(&mut World, ReactorEvent) + Send + 'static,
    ) -> ReactorId {
        let handler = boxed(&self.world, move |world, event| {
            world.resource_mut::<Ran>().push((number, event.marked, event.first));
            act(world, event);
        });
        self.reactors().add(handler, sources)
    }

    fn mark<const N: usize>(&mut self, sources: [SourceId; N]) -> [bool; N] {
        sources.map(|source| self.reactors().mark(source))
    }

    /// Polls, and returns the numbers of those that ran.
    fn poll(&mut self) -> Vec<u32> {
        let ran = self.poller.poll(&mut self.world);
        let numbers = self.ran();
        assert_eq!(ran, numbers.len());
        numbers
    }

    fn ran(&mut self) -> Vec<u32> {
        std::mem::take(&mut *self.world.resource_mut::<Ran>()).into_iter().map(|(number, ..)| number).collect()
    }

    fn is_due(&self) -> bool {
        self.poller.is_due(&self.world)
    }
}

fn boxed(world: &World, f: impl FnMut(&mut World, ReactorEvent) + Send + 'static) -> Virtual<ReactorEvent> {
    Box::new(f.into_handler(world.registry()))
}

#[test]
fn who_watches_what_is_marked_runs_once_in_the_order_of_registration() {
    let mut rig = Rig::new();
    let [a, b, c] = rig.sources();
    rig.note(1, [c]);
    rig.note(2, [a, b]);
    rig.note(3, [b]);
    rig.note(4, []);
    rig.note(5, [b, b, a]); // twice is once
    assert!(!rig.is_due());
    assert_eq!(rig.mark([b, a, b, b]), [true; 4]);
    assert!(rig.is_due());
    assert_eq!(rig.poller.poll(&mut rig.world), 3);
    assert_eq!(*rig.world.resource::<Ran>(), [(2, 2, b), (3, 1, b), (5, 2, b)]);
    rig.ran();
    assert!(!rig.is_due());
    assert_eq!(rig.poll().len(), 0);
    rig.mark([c, a]);
    assert_eq!(rig.poll(), [1, 2, 5]);
}

#[test]
fn what_is_marked_in_a_pass_counts_for_the_next_one() {
    let mut rig = Rig::new();
    let [a, b] = rig.sources();
    rig.add(1, [a], move |world, _| {
        [a, b].into_iter().for_each(|source| assert!(world.resource_mut::<Reactors>().mark(source)));
    });
    rig.note(2, [a, b]);
    rig.mark([a]);
    assert_eq!(rig.poll(), [1, 2]);
    assert!(rig.is_due());
    assert_eq!(rig.poll(), [1, 2], "every poll ends, though this marks itself for ever");
    assert!(rig.is_due());
}

#[test]
fn what_is_added_in_a_pass_runs_from_the_next_one_on() {
    let mut rig = Rig::new();
    let [a] = rig.sources();
    rig.add(1, [a], move |world, event| {
        let added = boxed(world, |world, event| world.resource_mut::<Ran>().push((9, event.marked, event.first)));
        let mut reactors = world.resource_mut::<Reactors>();
        reactors.add(added, [a]);
        let new = reactors.add_source();
        assert!(reactors.watch(event.reactor, new) && reactors.mark(new));
        reactors.unwatch(event.reactor, a);
    });
    rig.note(2, [a]);
    rig.mark([a]);
    assert_eq!(rig.poll(), [1, 2]);
    rig.mark([a]);
    assert_eq!(rig.poll(), [1, 2, 9], "the first by its new source");
}

#[test]
fn who_was_removed_does_not_run_even_if_it_was_marked() {
    let mut rig = Rig::new();
    let [a, b] = rig.sources();
    let gone = rig.note(0, [a, b]);
    let last = rig.note(3, [a]);
    let first = rig.add(1, [b], move |world, event| {
        let mut reactors = world.resource_mut::<Reactors>();
        assert!(reactors.contains(event.reactor) && reactors.remove(event.reactor));
        assert!(!reactors.contains(event.reactor) && !reactors.remove(event.reactor));
        assert!(!reactors.watch(event.reactor, a) && !reactors.unwatch(event.reactor, b));
    });
    rig.add(2, [a, b], move |world, _| assert!(!world.resource_mut::<Reactors>().remove(last)));
    rig.mark([a, b]);
    assert!(rig.reactors().remove(gone));
    let replaced = rig.add(4, [a], move |world, _| _ = world.resource_mut::<Reactors>().remove(first));
    assert_ne!(replaced, gone);
    let doomed = rig.note(6, [a]);
    rig.add(5, [a], move |world, _| _ = world.resource_mut::<Reactors>().remove(doomed));
    assert!(rig.reactors().remove(last));
    assert_eq!(rig.poll(), [1, 2, 4, 6, 5]);
    rig.mark([a, b]);
    assert_eq!(rig.poll(), [2, 4, 5]);
}

#[test]
fn a_reactor_ends_those_after_it() {
    let mut rig = Rig::new();
    let [a] = rig.sources();
    let ids = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let others = ids.clone();
    rig.add(1, [a], move |world, _| {
        others.lock().unwrap().drain(..).for_each(|id| assert!(world.resource_mut::<Reactors>().remove(id)));
    });
    let doomed = rig.note(2, [a]);
    rig.note(3, [a]);
    ids.lock().unwrap().push(doomed);
    rig.mark([a]);
    assert_eq!(rig.poll(), [1, 3]);
    assert_eq!(rig.reactors().len(), 2);
}

#[test]
fn a_panic_loses_one_and_the_rest_of_the_pass_is_run_next() {
    let mut rig = Rig::new();
    let [a, b] = rig.sources();
    rig.note(1, [a]);
    let faulty = rig.add(2, [a, b], |_, _| panic!("on purpose"));
    rig.note(3, [b]);
    rig.note(4, [a]);
    rig.mark([a, b]);
    assert!(catch_unwind(AssertUnwindSafe(|| rig.poller.poll(&mut rig.world))).is_err());
    assert_eq!(rig.ran(), [1, 2]);
    rig.mark([a]);
    assert_eq!(rig.poll(), [3, 4], "the rest, without what was marked since");
    assert_eq!((rig.reactors().panicked(), rig.reactors().contains(faulty), rig.reactors().len()), (1, false, 3));
    assert!(rig.is_due());
    assert_eq!(rig.poll(), [1, 4]);
}

#[test]
fn a_budget_ends_a_poll_and_the_next_one_goes_on() {
    let mut rig = Rig::new();
    let [a, b] = rig.sources();
    (1..=5).for_each(|number| _ = rig.note(number, [a]));
    let sixth = rig.note(6, [a, b]);
    rig.mark([a]);
    assert_eq!((rig.poller.poll_budget(&mut rig.world, 0), rig.ran()), (0, vec![]));
    assert_eq!((rig.poller.poll_budget(&mut rig.world, 2), rig.ran()), (2, vec![1, 2]));
    assert!(rig.is_due(), "the rest of the pass is due without a mark");
    rig.mark([b, a]);
    assert_eq!((rig.poller.poll_budget(&mut rig.world, 3), rig.ran()), (3, vec![3, 4, 5]));
    assert!(rig.reactors().remove(sixth), "nothing of the pass is left, so the next poll begins another one");
    assert_eq!(rig.poll(), [1, 2, 3, 4, 5]);
    assert!(!rig.is_due());
}

#[test]
fn a_source_that_is_removed_takes_its_mark_along_and_leaves_its_watchers() {
    let mut rig = Rig::new();
    let [a, b] = rig.sources();
    let both = rig.note(1, [a, b]);
    rig.note(2, [a]);
    rig.mark([a]);
    assert!(rig.reactors().remove_source(a) && !rig.reactors().remove_source(a));
    let [again] = rig.sources(); // may reuse its room
    let mut reactors = rig.reactors();
    assert!(again != a && !reactors.mark(a) && !reactors.contains_source(a) && reactors.contains_source(again));
    assert!(!reactors.watch(both, a) && !reactors.unwatch(both, a) && !reactors.is_watching(both, a));
    assert!(reactors.is_watching(both, b) && !reactors.is_watching(both, again));
    assert_eq!(rig.poll().len(), 0);
    rig.mark([again]);
    assert_eq!(rig.poll().len(), 0);
    rig.mark([b]);
    assert_eq!(rig.poll(), [1]);
}

#[test]
fn a_stale_key_does_not_act_on_what_took_its_place() {
    let mut rig = Rig::new();
    let [stays, source] = rig.sources();
    let reactor = rig.note(1, [source]);
    assert!(rig.reactors().remove(reactor) && rig.reactors().remove_source(source));
    let [new_source] = rig.sources();
    let new = rig.note(2, [new_source]);
    let mut reactors = rig.reactors();
    assert!(!reactors.remove(reactor) && !reactors.watch(reactor, stays) && !reactors.unwatch(reactor, new_source));
    assert!(!reactors.remove_source(source) && !reactors.mark(source) && !reactors.watch(new, source));
    assert!(reactors.is_watching(new, new_source) && !reactors.is_due() && reactors.mark(new_source));
    assert_eq!((rig.poll(), rig.reactors().len()), (vec![2], 1));
}

#[test]
fn keys_of_another_table_do_nothing() {
    let (mut rig, mut other) = (Rig::new(), Rig::new());
    let ([own], [foreign]) = (rig.sources(), other.sources());
    let (here, there) = (rig.note(1, [foreign, own]), other.note(2, [foreign]));
    let mut reactors = rig.reactors();
    assert!(!reactors.mark(foreign) && !reactors.remove_source(foreign) && !reactors.remove(there));
    assert!(!reactors.watch(here, foreign) && !reactors.watch(there, own) && !reactors.unwatch(there, own));
    assert!(!reactors.is_watching(here, foreign) && reactors.is_watching(here, own) && reactors.get(there).is_none());
    assert!(!reactors.contains(there) && !reactors.contains_source(foreign) && !reactors.is_due());
}

#[test]
fn a_mark_counts_for_who_watches_when_the_pass_begins() {
    let mut rig = Rig::new();
    let [a] = rig.sources();
    let (one, two) = (rig.note(1, [a]), rig.note(2, []));
    rig.mark([a]);
    assert!(rig.reactors().unwatch(one, a) && !rig.reactors().unwatch(one, a) && rig.reactors().watch(two, a));
    assert_eq!(rig.poll(), [2]);
    rig.add(3, [a], move |world, _| assert!(world.resource_mut::<Reactors>().unwatch(two, a)));
    rig.reactors().watch(one, a);
    rig.mark([a]);
    assert_eq!(rig.poll(), [1, 2, 3], "by their registration, whenever they began to watch");
}

#[test]
fn keys_of_the_program_lead_to_sources() {
    let mut rig = Rig::new();
    let mut symbols = Sources::<&str>::default();
    let mut reactors = rig.reactors();
    let btc = symbols.get_or_add(&mut reactors, "BTC");
    let eth = symbols.get_or_add(&mut reactors, "ETH");
    assert_eq!((symbols.get("BTC"), symbols.get("XRP"), btc == eth), (Some(btc), None, false));
    assert!(reactors.remove_source(btc));
    let new = symbols.get_or_add(&mut reactors, "BTC");
    assert!(new != btc && reactors.mark(new) && symbols.get("BTC") == Some(new));
    assert!(symbols.remove(&mut reactors, "BTC") && !symbols.remove(&mut reactors, "BTC"));
    assert!(!reactors.contains_source(new) && reactors.contains_source(eth));
    assert!(format!("{symbols:?}").contains("\"ETH\""));
}

callback_blueprint!(OnQuote, Context = u32, Event = ReactorEvent, Params = (ResMut<'static, Ran>,));

fn on_quote(runs: &mut u32, mut ran: ResMut<Ran>, event: ReactorEvent) {
    *runs += 1;
    ran.push((*runs, event.marked, event.first));
}

struct Slow;

#[test]
fn reactors_are_stored_as_they_are_and_two_tables_are_told_apart() {
    let mut builder = WorldBuilder::new();
    let mut fast = builder.install_driver(ReactorsInstaller::new().stored_as::<TemplatedCallback<OnQuote>>());
    let mut slow = builder.install_driver(ReactorsInstaller::default().tagged::<Slow>());
    builder.register(Ran::new());
    let mut world = builder.build();
    let template = CallbackTemplate::<OnQuote>::new(on_quote, world.registry());
    let boxed = Box::new(on_quote.into_callback(10, world.registry()));
    let mut reactors = world.resource_mut::<Reactors<TemplatedCallback<OnQuote>>>();
    let source = reactors.add_source();
    let id = reactors.add(template.generate(0), [source]);
    reactors.mark(source);
    let mut others = world.resource_mut::<Reactors<Virtual<ReactorEvent>, Slow>>();
    let other = others.add_source();
    assert!(others.is_empty());
    others.add(boxed, [other]);
    assert!(!others.mark(source) && others.mark(other) && !others.is_empty());
    assert_eq!((fast.poll(&mut world), slow.poll(&mut world), fast.poll(&mut world)), (1, 1, 0));
    assert_eq!(*world.resource::<Ran>(), [(1, 1, source), (11, 1, other)]);
    let reactors = world.resource::<Reactors<TemplatedCallback<OnQuote>>>();
    assert_eq!(reactors.get(id).map(|reactor| reactor.ctx), Some(1));
    assert_eq!(
        format!("{reactors:?} {fast:?} {:?}", ReactorsInstaller::new()),
        format!("[({:?}, \"{}\")] ReactorsPoller ReactorsInstaller", key(id), reactors.get(id).unwrap().name())
    );
}

/// The key inside, as it is shown.
fn key(id: ReactorId) -> impl std::fmt::Debug {
    struct Shown(String);
    impl std::fmt::Debug for Shown {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str(&self.0)
        }
    }
    let text = format!("{id:?}");
    Shown(text["ReactorId(".len()..text.len() - 1].into())
}

fn mark_from_a_handler(mut reactors: ResMut<Reactors>, source: SourceId) {
    reactors.mark(source);
}

#[test]
fn the_table_is_an_ordinary_resource_and_its_poller_belongs_to_one_world() {
    let (mut rig, mut other) = (Rig::new(), Rig::new());
    let [a] = rig.sources();
    rig.note(1, [a]);
    let mut mark = mark_from_a_handler.into_handler(rig.world.registry());
    mark.run(&mut rig.world, a);
    assert!(mark.plan().to_string().contains("Reactors"), "{}", mark.plan());
    for refused in [panic_of(|| rig.poller.poll(&mut other.world)), panic_of(|| rig.poller.is_due(&other.world))] {
        assert!(refused.contains("Reactors<") && refused.contains("was used with world"), "{refused}");
    }
    assert_eq!(rig.poll(), [1]);
    rig.add(2, [a], |world, _| *world = WorldBuilder::new().build());
    rig.mark([a]);
    notices_replacement("reactors::", || rig.poller.poll(&mut rig.world));
}

#[test]
fn a_handler_adds_a_chain_while_the_program_runs() {
    /// Runs `left` times, and then removes itself.
    fn count(left: &mut u32, mut ran: ResMut<Ran>, event: ReactorEvent) -> Option<ReactorId> {
        ran.push((*left, event.marked, event.first));
        *left -= 1;
        (*left == 0).then_some(event.reactor)
    }
    fn end(_: &mut u32, mut reactors: ResMut<Reactors>, reactor: ReactorId) {
        reactors.remove(reactor);
    }
    fn add(mut reactors: ResMut<Reactors>, registry: RegistryRef, source: SourceId) {
        let chain = PipelineStart::<ReactorEvent>::new().with_context().then(count, &registry).map(end, &registry);
        reactors.add(Box::new(chain.build().into_callback(2)), [source]);
    }
    let mut rig = Rig::new();
    let [source] = rig.sources();
    let mut add = add.into_handler(rig.world.registry());
    rig.mark([source]);
    add.run(&mut rig.world, source); // the mark counts for it, too
    assert_eq!((rig.poll(), rig.reactors().len()), (vec![2], 1));
    rig.mark([source]);
    assert_eq!((rig.poll(), rig.reactors().len()), (vec![1], 0));
    rig.mark([source]);
    assert_eq!(rig.poll().len(), 0);
}
