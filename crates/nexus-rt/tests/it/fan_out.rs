//! One event for many handlers, and adapters between handlers and events.

use nexus_rt::plan::Visitor;
use nexus_rt::{
    Adapt, Broadcast, ByRef, CatchAssertUnwindSafe, Cloned, Describe, FanOut, Handler, IntoCallback, IntoHandler,
    Owned, PipelineStart, RefHandler, ResMut, Virtual, World, fan_out,
};

use crate::support::{Log, notices_replacement, panic_of, refuses_world, world};

fn take(mut log: ResMut<Log>, s: String) {
    log.push(s);
}

fn look(mut log: ResMut<Log>, s: &String) {
    log.push(format!("&{s}"));
}

fn text(mut log: ResMut<Log>, s: &str) {
    log.push(format!("\"{s}\""));
}

#[test]
fn fan_out_takes_two_to_eight_handlers() {
    let mut world = world();
    let reg = world.registry();
    let n = |x: u64| (move |mut sum: ResMut<i64>, e: &u64| *sum += (*e * x).cast_signed()).into_handler(reg);
    let mut all: Vec<Virtual<u64>> = vec![
        Box::new(fan_out!(n(1), n(1))),
        Box::new(fan_out!(n(1), n(1), n(1))),
        Box::new(fan_out!(n(1), n(1), n(1), n(1))),
        Box::new(fan_out!(n(1), n(1), n(1), n(1), n(1))),
        Box::new(fan_out!(n(1), n(1), n(1), n(1), n(1), n(1))),
        Box::new(fan_out!(n(1), n(1), n(1), n(1), n(1), n(1), n(1))),
        Box::new(fan_out!(n(1), n(1), n(1), n(1), n(1), n(1), n(1), n(1),)),
    ];
    for handler in &mut all {
        handler.run(&mut world, 10);
    }
    assert_eq!(*world.resource::<i64>(), 350);
}

#[test]
fn fan_out_runs_in_order_over_every_kind_of_handler() {
    let mut world = world();
    let reg = world.registry();
    let pipeline = PipelineStart::<&String>::borrowed()
        .then(|s: &String| s.len(), reg)
        .then(|mut log: ResMut<Log>, n: usize| log.push(n.to_string()), reg)
        .build();
    let boxed: Box<dyn RefHandler<String>> = Box::new(look.into_handler(reg));
    let callback = (|seen: &mut Vec<String>, s: &String| seen.push(s.clone())).into_callback(vec![], reg);
    let mut fan = FanOut::new((look.into_handler(reg), pipeline, boxed, Cloned(take.into_handler(reg)), callback));
    fan.run(&mut world, String::from("ab"));
    assert_eq!(*world.resource::<Log>(), ["&ab", "2", "&ab", "ab"]);
    assert_eq!(fan.name(), "it::fan_out::look");
}

#[test]
fn broadcast_adds_and_removes_by_keys_that_are_never_stale() {
    let mut world = world();
    let reg = world.registry();
    let mut broadcast = Broadcast::<str>::new();
    assert!(broadcast.is_empty());
    let say =
        |word: &'static str| (move |mut log: ResMut<Log>, e: &str| log.push(format!("{word} {e}"))).into_handler(reg);
    let (a, b, c) = (broadcast.add(say("a")), broadcast.add(say("b")), broadcast.add(say("c")));
    assert_eq!(broadcast.len(), 3);
    assert!(broadcast.remove(b).is_some() && broadcast.remove(b).is_none());
    let d = broadcast.add(say("d"));
    assert!(d != b && broadcast.remove(b).is_none());
    let mut other = Broadcast::<str>::default();
    let foreign = other.add(text.into_handler(reg));
    assert!(broadcast.remove(foreign).is_none());
    broadcast.run(&mut world, "x");
    assert_eq!(*world.resource::<Log>(), ["a x", "c x", "d x"]);
    broadcast.remove(a).unwrap().run(&mut world, "removed");
    assert_eq!(world.resource::<Log>().last().unwrap(), "a removed");
    assert!(broadcast.remove(c).is_some() && broadcast.remove(d).is_some() && broadcast.is_empty());
    // It belongs to no world any more, even if a handler is left that knows none.
    let mut elsewhere = self::world();
    broadcast.run(&mut elsewhere, "y");
    assert!(elsewhere.resource::<Log>().is_empty());
    broadcast.add(Audit);
    let here = broadcast.add(text.into_handler(world.registry()));
    broadcast.remove(here);
    broadcast.add(text.into_handler(elsewhere.registry()));
    broadcast.run(&mut elsewhere, "z");
    assert_eq!(elsewhere.resource::<Log>().len(), 2);
}

/// A handler that knows no world.
struct Audit;

impl Describe for Audit {}

impl<'a> Handler<&'a str> for Audit {
    fn run(&mut self, world: &mut World, event: &'a str) {
        world.resource_mut::<Log>().push(format!("audit {event}"));
    }
}

#[test]
fn a_foreign_world_stops_the_first_handler() {
    let home = world();
    let mut fan = fan_out!(look.into_handler(home.registry()), look.into_handler(home.registry()));
    refuses_world("it::fan_out::look", || fan.run(&mut world(), String::new()));
    let mut broadcast = Broadcast::<String>::new();
    broadcast.add(look.into_handler(home.registry()));
    refuses_world("it::fan_out::look", || broadcast.run(&mut world(), &String::new()));
}

#[test]
fn adapters_change_the_form_of_the_event() {
    let mut world = world();
    let reg = world.registry();
    let mut cloned = Cloned(take.into_handler(reg));
    let mut owned = Owned::new(take.into_handler(reg));
    let mut by_ref = ByRef(look.into_handler(reg));
    let mut adapt = Adapt::new(|n: u32| (n > 1).then(|| n.to_string()), take.into_handler(reg));
    let mut wire = Adapt::new(|bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok(), take.into_handler(reg));
    cloned.run(&mut world, &String::from("cloned"));
    owned.run(&mut world, "owned");
    by_ref.run(&mut world, String::from("by_ref"));
    [1, 2].into_iter().for_each(|n| adapt.run(&mut world, n));
    [&b"ok"[..], &[0xff]].into_iter().for_each(|bytes| wire.run(&mut world, bytes));
    assert_eq!(*world.resource::<Log>(), ["cloned", "owned", "&by_ref", "2", "ok"]);
    let names = [cloned.name(), owned.name(), adapt.name(), wire.name()];
    assert_eq!(names, ["it::fan_out::take"; 4]);
}

#[test]
fn a_caught_panic_goes_no_further_and_is_counted() {
    fn bad(mut log: ResMut<Log>, e: &u64) {
        log.push(format!("started {e}"));
        assert!(*e != 1, "no ones");
    }
    let mut world = world();
    let reg = world.registry();
    let after = |mut log: ResMut<Log>, e: &u64| log.push(format!("after {e}"));
    let mut bare = fan_out!(bad.into_handler(reg), after.into_handler(reg));
    let mut caught = CatchAssertUnwindSafe::new(bad.into_handler(reg));
    assert!(panic_of(|| bare.run(&mut world, 1)).contains("no ones"));
    assert_eq!(caught.panics(), 0);
    [1, 2, 1].iter().for_each(|e| caught.run(&mut world, e));
    assert_eq!(
        (caught.panics(), caught.name()),
        (2, "it::fan_out::a_caught_panic_goes_no_further_and_is_counted::bad")
    );
    let mut fan = fan_out!(caught, after.into_handler(world.registry()));
    fan.run(&mut world, 1);
    assert_eq!(world.resource::<Log>().last().unwrap(), "after 1");
}

#[test]
fn a_panic_whose_payload_panics_goes_no_further_either() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }
    let mut world = world();
    let mut caught = CatchAssertUnwindSafe::new((|_: &u64| std::panic::panic_any(Bomb)).into_handler(world.registry()));
    caught.run(&mut world, &1);
    assert_eq!(caught.panics(), 1);
}

#[test]
fn who_replaces_the_world_is_named_not_who_comes_after() {
    struct Swapper;
    impl Describe for Swapper {}
    impl Handler<&String> for Swapper {
        fn run(&mut self, w: &mut World, _: &String) {
            *w = world();
            panic!("and panics");
        }
    }
    let mut a = world();
    let mut fan = fan_out!(CatchAssertUnwindSafe::new(Swapper), look.into_handler(a.registry()));
    notices_replacement("Swapper", || fan.run(&mut a, String::new()));

    struct Quiet;
    impl Describe for Quiet {}
    impl Handler<&String> for Quiet {
        fn run(&mut self, w: &mut World, _: &String) {
            *w = world();
        }
    }
    let mut b = world();
    let mut fan = fan_out!(Quiet, look.into_handler(b.registry()));
    notices_replacement("Quiet", || fan.run(&mut b, String::new()));
    let mut b = world();
    let mut fan = fan_out!(CatchAssertUnwindSafe::new(Quiet), look.into_handler(b.registry()));
    notices_replacement("Quiet", || fan.run(&mut b, String::new()));
    let mut b = world();
    let mut alone = CatchAssertUnwindSafe::new((|w: &mut World, _: &String| *w = world()).into_handler(b.registry()));
    notices_replacement("who_replaces_the_world", || alone.run(&mut b, &String::new()));
    let mut c = world();
    let mut broadcast = Broadcast::<String>::new();
    broadcast.add(Quiet);
    broadcast.add(look.into_handler(c.registry()));
    notices_replacement("Quiet", || broadcast.run(&mut c, &String::new()));
}

#[test]
fn fan_outs_and_broadcasts_nest_and_take_events_either_way() {
    let mut world = world();
    let reg = world.registry();
    let inner = fan_out!(look.into_handler(reg), look.into_handler(reg)).borrowed();
    let mut subscribers = Broadcast::<String>::new();
    subscribers.add(fan_out!(look.into_handler(reg), inner).borrowed());
    subscribers.run(&mut world, String::from("owned"));
    subscribers.run(&mut world, &String::from("lent"));
    assert_eq!(*world.resource::<Log>(), ["&owned", "&owned", "&owned", "&lent", "&lent", "&lent"]);
    let reg = world.registry();
    let mut texts = fan_out!(text.into_handler(reg), text.into_handler(reg)).borrowed();
    texts.run(&mut world, "x");
    let mut chain = PipelineStart::<&String>::borrowed()
        .tee(|s| s.cloned().dispatch(subscribers))
        .then(|s: &String| s.len(), world.registry())
        .build();
    assert_eq!(chain.run(&mut world, &String::from("abc")), 3);
    assert_eq!(world.resource::<Log>().len(), 11);
}

#[test]
fn handlers_of_two_worlds_do_not_go_together() {
    let (here, there) = (world(), world());
    let (own, foreign) = (|| look.into_handler(here.registry()), || look.into_handler(there.registry()));
    let text = panic_of(|| fan_out!(own(), foreign()));
    assert!(text.contains("before it in the same fan-out") && text.contains("look"), "{text}");
    // Through whatever they are held by.
    panic_of(|| fan_out!(own(), fan_out!(own(), Box::new(foreign())).borrowed()));
    panic_of(|| _ = fan_out!(own(), Cloned(ByRef(&mut foreign()))));
    let mut broadcast = Broadcast::<String>::new();
    let key = broadcast.add(own());
    let text = panic_of(|| broadcast.add(foreign()));
    assert!(text.contains("before it in the same broadcast") && text.contains("look"), "{text}");
    assert_eq!((broadcast.len(), broadcast.remove(key).is_some()), (1, true));
}

/// Says of itself what is not so, and runs a handler of another world.
struct Liar<H> {
    inner: H,
    shows: Option<Virtual<u64>>,
}

impl<H> Describe for Liar<H> {
    fn describe(&self, visitor: &mut dyn Visitor) {
        if let Some(shown) = &self.shows {
            shown.describe(visitor);
        }
    }
}

impl<E, H: Handler<E>> Handler<E> for Liar<H> {
    fn run(&mut self, world: &mut World, event: E) {
        self.inner.run(world, event);
    }
}

#[test]
fn a_handler_that_lies_of_its_world_is_found_out_when_it_runs() {
    let mut here = world();
    let there = world();
    let lies = |shows| Liar { inner: look.into_handler(there.registry()), shows };
    let honest: Virtual<u64> = Box::new((|_: u64| {}).into_handler(here.registry()));
    for liar in [lies(None), lies(Some(honest))] {
        let boxed: Box<dyn for<'a> Handler<&'a String>> = Box::new(Cloned(ByRef(liar)));
        let mut fan = fan_out!(look.into_handler(here.registry()), boxed);
        refuses_world("it::fan_out::look", || fan.run(&mut here, String::from("x")));
        assert_eq!(std::mem::take(&mut *here.resource_mut::<Log>()), ["&x"]);
    }
    let mut broadcast = Broadcast::<String>::new();
    broadcast.add(look.into_handler(here.registry()));
    broadcast.add(lies(None));
    refuses_world("it::fan_out::look", || broadcast.run(&mut here, &String::from("x")));
}

#[test]
fn a_function_that_replaces_the_world_stops_what_holds_it() {
    let swap = |w: &mut World, _: &String| *w = world();
    let mut a = world();
    let mut fan = fan_out!(swap.into_handler(a.registry()), look.into_handler(a.registry()));
    notices_replacement("replaces_the_world", || fan.run(&mut a, String::new()));
    assert!(a.resource::<Log>().is_empty());
    let mut b = world();
    let mut broadcast = Broadcast::<String>::new();
    broadcast.add(swap.into_handler(b.registry()));
    broadcast.add(look.into_handler(b.registry()));
    notices_replacement("replaces_the_world", || broadcast.run(&mut b, &String::new()));
    assert!(b.resource::<Log>().is_empty());
}

#[test]
fn members_of_a_broadcast_leave_in_any_order() {
    let mut world = world();
    let note = |n: usize, reg: &nexus_rt::Registry| {
        (move |mut log: ResMut<Log>, _: &u64| log.push(n.to_string())).into_handler(reg)
    };
    for order in [[0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0], [2, 4, 0, 5, 1, 3]] {
        let mut broadcast = Broadcast::<u64>::new();
        let keys = [0, 1, 2, 3, 4, 5].map(|n| broadcast.add(note(n, world.registry())));
        let mut left: Vec<usize> = (0..6).collect();
        for leaving in order {
            assert!(broadcast.remove(keys[leaving]).is_some() && broadcast.remove(keys[leaving]).is_none());
            left.retain(|n| *n != leaving);
            world.resource_mut::<Log>().clear();
            broadcast.run(&mut world, &1);
            assert_eq!(*world.resource::<Log>(), left.iter().map(usize::to_string).collect::<Vec<_>>());
            assert_eq!((broadcast.len(), broadcast.is_empty()), (left.len(), left.is_empty()));
            assert_eq!(broadcast.plan().to_string().matches("arm").count(), left.len());
        }
    }
}

#[test]
fn an_empty_broadcast_belongs_to_no_world() {
    let (mut here, mut there) = (world(), world());
    let count = |mut n: ResMut<u64>, _: &u64| *n += 1;
    let mut broadcast = Broadcast::<u64>::new();
    let keys = [(); 3].map(|()| broadcast.add(count.into_handler(here.registry())));
    broadcast.run(&mut here, &1);
    keys.into_iter().for_each(|key| drop(broadcast.remove(key)));
    broadcast.run(&mut there, &1);
    broadcast.add(count.into_handler(there.registry()));
    broadcast.run(&mut there, &1);
    assert_eq!((*here.resource::<u64>(), *there.resource::<u64>()), (13, 11));
}

#[test]
fn what_is_held_by_others_runs_within_them() {
    let mut world = world();
    let reg = world.registry();
    let mut systems = nexus_rt::scheduler::SchedulerBuilder::new();
    systems.add(nexus_rt::scheduler::IntoSystem::into_system(|mut log: ResMut<Log>| log.push("system".into()), reg));
    let scheduler = systems.build().unwrap();
    let mut broadcast = Broadcast::<String>::new();
    broadcast.add(look.into_handler(reg));
    let fan = fan_out!(broadcast, scheduler, fan_out!(look.into_handler(reg), look.into_handler(reg)).borrowed());
    let mut chain = PipelineStart::<String>::new().dispatch(fan).then(|(): ()| {}, reg).build();
    chain.run(&mut world, "x".into());
    assert_eq!(*world.resource::<Log>(), ["&x", "system", "&x", "&x"]);
    refuses_world("it::fan_out::look", || chain.run(&mut self::world(), "x".into()));
}

#[test]
fn what_is_nested_is_found_out_as_what_is_not() {
    let (mut here, there) = (world(), world());
    let liar = || Liar { inner: look.into_handler(there.registry()), shows: None };
    let own = || look.into_handler(here.registry());
    let mut lists: [Virtual<String>; 3] = [
        Box::new(fan_out!(own(), fan_out!(own(), liar()).borrowed())),
        Box::new(fan_out!(fan_out!(liar(), liar()).borrowed(), own())),
        Box::new(fan_out!(own(), Cloned(fan_out!(own(), liar())))),
    ];
    for list in &mut lists {
        refuses_world("it::fan_out::look", || list.run(&mut here, String::from("x")));
    }
    let swap = |w: &mut World, _: &String| *w = world();
    let inner = fan_out!(swap.into_handler(here.registry()), look.into_handler(here.registry())).borrowed();
    let mut subscribers = Broadcast::<String>::new();
    subscribers.add(look.into_handler(here.registry()));
    subscribers.add(inner);
    subscribers.add(look.into_handler(here.registry()));
    notices_replacement("what_is_nested_is_found_out", || subscribers.run(&mut here, &String::from("x")));
    assert!(here.resource::<Log>().is_empty());
}
