//! The rules listed at `Installer`, as tests for any driver.

use std::any::Any;
use std::cell::RefCell;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::panicking;

use super::rig::DriverRig;
use crate::world::World;

/// Checks a driver against the rules of [`Installer`](crate::Installer), each on a new rig. [`DriverRig`] shows how to
/// call it.
///
/// With a rig whose handlers are functions, it cannot tell whether the driver reports a handler that leaves another
/// world in place of its own: see [`DriverRig::register`].
///
/// Some of its handlers panic on purpose, which prints messages and requires a build that unwinds.
///
/// # Panics
/// At the first rule that does not hold. The message names the rule and says what happened instead.
pub fn check_driver<R: DriverRig>() {
    let rules: [Check; 10] = [
        ("an event is a sequence", an_event_is_a_sequence::<R>),
        ("keys are names, not places", keys_are_names::<R>),
        ("what ended before its turn does not run", what_ended_does_not_run::<R>),
        ("a handler may do anything to its own registration", a_handler_ends_and_fires_itself::<R>),
        ("a panic loses no other event", a_panic_loses_one::<R>),
        ("a drop that panics loses no other event", a_drop_that_panics::<R>),
        ("a driver runs on its own world", one_world::<R>),
        ("a budget bounds a poll", a_budget_keeps_the_order::<R>),
        ("a poll ends when its resource is swapped or polled elsewhere", swapped::<R>),
        ("nothing allocates", nothing_allocates::<R>),
    ];
    rules.into_iter().for_each(|(name, check)| check(Rule(name)));
}

/// A rule, and the function that checks it.
type Check = (&'static str, fn(Rule));

/// A rule, by its name.
#[derive(Clone, Copy)]
struct Rule(&'static str);

impl Rule {
    fn holds(self, holds: bool, instead: &str) {
        assert!(holds, "the driver breaks the rule \"{}\": {instead}", self.0);
    }

    fn is<T: PartialEq + std::fmt::Debug>(self, what: &str, found: T, right: T) {
        self.holds(found == right, &format!("{what} {found:?} instead of {right:?}"));
    }

    fn panics<T>(self, what: &str, f: impl FnOnce() -> T) {
        self.holds(catch_unwind(AssertUnwindSafe(f)).is_err(), &format!("{what} should have panicked"));
    }
}

/// The numbers of the handlers that ran, in order.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u64>>>);

impl Log {
    fn add(&self, what: u64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(what);
    }

    fn take(&self) -> Vec<u64> {
        mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Adds a registration that calls `act` and then logs its number.
fn add<R: DriverRig>(
    rig: &mut R,
    log: &Log,
    number: u64,
    mut act: impl FnMut(&mut World, R::Key) + Send + 'static,
) -> R::Key {
    let log = log.clone();
    let probe = move |world: &mut World, key| {
        act(world, key);
        log.add(number);
    };
    R::register(rig.world(), Box::new(probe))
}

fn note<R: DriverRig>(rig: &mut R, log: &Log, number: u64) -> R::Key {
    add(rig, log, number, |_, _| {})
}

fn fire<R: DriverRig, const N: usize>(rig: &mut R, keys: [R::Key; N]) {
    keys.into_iter().for_each(|key| R::fire(rig.world(), key));
}

/// Polls until nothing is due, a few at a time.
fn drain<R: DriverRig>(rig: &mut R) -> usize {
    std::iter::repeat_with(|| rig.poll(3)).take(100).take_while(|ran| *ran > 0).sum()
}

fn an_event_is_a_sequence<R: DriverRig>(rule: Rule) {
    let (mut rig, log) = (R::new(), Log::default());
    let keys = [(); 3].map(|()| {
        let log = log.clone();
        R::register(rig.world(), Box::new(move |world, _| log.add(world.current_sequence().get())))
    });
    let before = rig.world().current_sequence().get();
    rig.poll(usize::MAX);
    rule.is("a poll with nothing due left the sequence", rig.world().current_sequence().get(), before);
    fire(&mut rig, keys);
    drain(&mut rig);
    rule.is("handlers saw the sequences", log.take(), vec![before + 1, before + 2, before + 3]);
}

fn keys_are_names<R: DriverRig>(rule: Rule) {
    let (mut rig, mut other, log) = (R::new(), R::new(), Log::default());
    let mut no_names = vec![("a key of another driver", note(&mut other, &log, 0))];
    for round in 1..=3 {
        let stale = note(&mut rig, &log, round); // may reuse the previous room
        rule.holds(R::end(rig.world(), stale), "a registration could not be ended");
        no_names.push(("a key whose registration has ended", stale));
    }
    let live = note(&mut rig, &log, 4);
    for (name, key) in no_names {
        rule.holds(!R::end(rig.world(), key), &format!("{name} ended something"));
        R::fire(rig.world(), key);
        drain(&mut rig);
        rule.is(&format!("{name} ran"), log.take(), vec![]);
    }
    fire(&mut rig, [live]);
    drain(&mut rig);
    rule.is("a live key ran", log.take(), vec![4]);
}

fn what_ended_does_not_run<R: DriverRig>(rule: Rule) {
    let (mut rig, log) = (R::new(), Log::default());
    let (added, doomed) = (log.clone(), Arc::new(Mutex::new(None)));
    let ended = doomed.clone();
    let first = add(&mut rig, &log, 2, move |world, _| {
        ended.lock().unwrap_or_else(PoisonError::into_inner).take().map(|doomed| R::end(world, doomed));
        let added = added.clone();
        let added = R::register(world, Box::new(move |_, _| added.add(4))); // may reuse the room of the ended one
        R::fire(world, added);
    });
    // After the one that ends it: some drivers run in the order of registration.
    let key = note(&mut rig, &log, 1);
    *doomed.lock().unwrap_or_else(PoisonError::into_inner) = Some(key);
    let doomed = key;
    let last = note(&mut rig, &log, 3);
    fire(&mut rig, [first, doomed, last]);
    rule.is("polls ran this many handlers:", drain(&mut rig), 3);
    rule.is("these handlers ran:", log.take(), vec![2, 3, 4]);
}

fn a_handler_ends_and_fires_itself<R: DriverRig>(rule: Rule) {
    let (mut rig, log, held) = (R::new(), Log::default(), Arc::new(()));
    let (alive, outside) = (held.clone(), held.clone());
    let ended = add(&mut rig, &log, 0, move |_, _| drop(outside.clone()));
    R::end(rig.world(), ended);
    rule.is("a handler that was ended while it waited is held by", Arc::strong_count(&held) - 2, 0);
    let ends = add(&mut rig, &log, 1, move |world, key| {
        rule.holds(R::end(world, key) && !R::end(world, key), "a handler could not end itself, once");
        let _ = &alive;
    });
    fire(&mut rig, [ends]);
    drain(&mut rig);
    rule.is("a handler that ended itself is held by", Arc::strong_count(&held) - 1, 0);
    fire(&mut rig, [ends]);
    drain(&mut rig);
    rule.is("a handler that ended itself ran", log.take(), vec![1]);

    let again = add(&mut rig, &log, 2, |world, key| R::fire(world, key));
    fire(&mut rig, [again]);
    let ran: usize = (0..3).map(|_| rig.poll(2)).sum();
    rule.holds((3..=6).contains(&ran), &format!("three polls of two ran a handler that fires itself {ran} times"));
    rule.is("these handlers ran:", log.take(), vec![2; ran]);
    rule.holds(R::end(rig.world(), again), "it did not stay");
}

fn a_panic_loses_one<R: DriverRig>(rule: Rule) {
    let (mut rig, log, held) = (R::new(), Log::default(), Arc::new(()));
    let alive = held.clone();
    let first = note(&mut rig, &log, 1);
    let faulty = add(&mut rig, &log, 2, move |_, _| panic!("on purpose: {}", Arc::strong_count(&alive)));
    let last = note(&mut rig, &log, 3);
    fire(&mut rig, [first, faulty, last]);
    rule.panics("a poll whose handler panics", || rig.poll(usize::MAX));
    rule.is("the handler that panicked is held by", Arc::strong_count(&held) - 1, 0);
    fire(&mut rig, [first, faulty]);
    drain(&mut rig);
    rule.is("in this and the next polls, these handlers ran:", log.take(), vec![1, 3, 1]);
    rule.is("handlers that panicked:", R::panicked(rig.world()), 1);
    rule.holds(!R::end(rig.world(), faulty), "the registration of the handler that panicked is still there");

    let successor = log.clone();
    let leaves = add(&mut rig, &log, 4, move |world, key| {
        R::end(world, key);
        let successor = successor.clone();
        let successor = R::register(world, Box::new(move |_, _| successor.add(5))); // may reuse its room
        R::fire(world, successor);
        panic!("on purpose");
    });
    fire(&mut rig, [leaves]);
    rule.panics("a poll whose handler ends itself and panics", || rig.poll(usize::MAX));
    drain(&mut rig);
    rule.is("after it, these handlers ran:", log.take(), vec![5]);
    rule.is("handlers that panicked:", R::panicked(rig.world()), 2);
}

/// Panics when it is dropped, unless another panic is in progress.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        assert!(panicking(), "on purpose");
    }
}

fn a_drop_that_panics<R: DriverRig>(rule: Rule) {
    let (mut rig, log, bomb) = (R::new(), Log::default(), Bomb);
    let first = add(&mut rig, &log, 1, move |world, key| {
        let _ = &bomb;
        R::end(world, key);
    });
    let last = note(&mut rig, &log, 2);
    fire(&mut rig, [first, last]);
    rule.panics("a poll whose handler panics when it is dropped", || rig.poll(usize::MAX));
    drain(&mut rig);
    rule.is("in this and the next polls, these handlers ran:", log.take(), vec![1, 2]);
    rule.is("handlers that panicked, of one that ran to its end:", R::panicked(rig.world()), 0);
}

thread_local! {
    /// The rig with which handlers swap resources: a poller need not be `Send`, but a handler must be.
    static OTHER: RefCell<Option<Box<dyn Any>>> = const { RefCell::new(None) };
}

fn with_other<R: DriverRig, T>(f: impl FnOnce(&mut R) -> T) -> T {
    OTHER.with_borrow_mut(|other| {
        f(other.as_mut().and_then(|other| other.downcast_mut()).expect("it is put there first"))
    })
}

fn one_world<R: DriverRig>(rule: Rule) {
    let (mut rig, mut other, log) = (R::new(), R::new(), Log::default());
    let keys = [note(&mut rig, &log, 1), note(&mut other, &log, 2)];
    R::fire(rig.world(), keys[0]);
    R::fire(other.world(), keys[1]);
    mem::swap(rig.world(), other.world());
    rule.panics("a poll of a foreign world", || rig.poll(usize::MAX));
    mem::swap(rig.world(), other.world());
    rule.is("in a foreign world, these handlers ran:", log.take(), vec![]);
    drain(&mut rig);

    // The other world has such a driver too, with something due, so nothing else stops a driver that goes on there.
    OTHER.set(Some(Box::new(other)));
    let replaces = add(&mut rig, &log, 3, |world, _| with_other(|other: &mut R| mem::swap(world, other.world())));
    let after = note(&mut rig, &log, 4);
    fire(&mut rig, [replaces, after]);
    rule.panics("a poll whose handler leaves another world in place of its own", || rig.poll(usize::MAX));
    rule.panics("the poll after it", || rig.poll(usize::MAX));
    rule.is("these handlers ran:", log.take(), vec![1, 3]);
    OTHER.set(None);
}

fn a_budget_keeps_the_order<R: DriverRig>(rule: Rule) {
    let (mut rig, log) = (R::new(), Log::default());
    let ended = note(&mut rig, &log, 0);
    let keys = [1, 2, 3, 4, 5].map(|number| note(&mut rig, &log, number));
    let later = note(&mut rig, &log, 6);
    fire(&mut rig, [ended]);
    fire(&mut rig, keys);
    R::end(rig.world(), ended); // a handler that does not run uses no budget
    let ran = [2, 0, 2, usize::MAX, usize::MAX].map(|budget| rig.poll(budget));
    rule.is("with budgets of 2, 0, 2 and twice no limit, polls ran", ran, [2, 0, 2, 1, 0]);
    rule.is("these handlers ran:", log.take(), vec![1, 2, 3, 4, 5]);
    fire(&mut rig, [keys[0], keys[1]]);
    rig.poll(1);
    fire(&mut rig, [later]);
    drain(&mut rig);
    rule.is("left-over and later events ran in the order", log.take(), vec![1, 2, 6]);
}

fn swapped<R: DriverRig>(rule: Rule) {
    let (mut rig, mut other, log) = (R::new(), R::new(), Log::default());
    let stranger = note(&mut other, &log, 9);
    OTHER.set(Some(Box::new(other)));
    let swap = |world: &mut World| with_other(|other: &mut R| R::swap(world, other.world()));

    let elsewhere = add(&mut rig, &log, 1, move |world, key| {
        swap(world);
        with_other(|other: &mut R| other.poll(0));
        swap(world);
        R::fire(world, key);
    });
    fire(&mut rig, [elsewhere]);
    rule.is("a poll whose resource is polled elsewhere ran", rig.poll(100), 1);
    R::end(rig.world(), elsewhere);
    drain(&mut rig);
    log.take();

    let moves = add(&mut rig, &log, 2, move |world, _| swap(world));
    let stays = note(&mut rig, &log, 3);
    fire(&mut rig, [moves, stays]);
    with_other(|other: &mut R| R::fire(other.world(), stranger));
    rule.is("a poll whose resource is swapped ran", rig.poll(usize::MAX), 1);
    rule.is("these handlers ran:", log.take(), vec![2]);
    with_other(|other: &mut R| other.poll(0));
    swap(rig.world());
    drain(&mut rig);
    rule.is("back in its world, these handlers ran:", log.take(), vec![3]);
    rule.is("handlers that panicked:", R::panicked(rig.world()), 0);
    rule.is("handlers that panicked elsewhere:", with_other(|other: &mut R| R::panicked(other.world())), 0);
    rule.holds(!R::end(rig.world(), moves), "a handler that could not come back has left its registration behind");
    OTHER.set(None);
}

fn nothing_allocates<R: DriverRig>(rule: Rule) {
    let (mut rig, count) = (R::new(), Arc::new(Mutex::new(0)));
    let keys = [(); 8].map(|()| {
        let count = count.clone();
        let probe = move |_: &mut World, _| *count.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        R::register(rig.world(), Box::new(probe))
    });
    let turns = |rig: &mut R| {
        for _ in 0..10 {
            fire(rig, keys);
            drain(rig);
        }
    };
    turns(&mut rig);
    let before = R::allocations();
    turns(&mut rig);
    rule.is("80 events allocated", R::allocations().zip(before).map_or(0, |(now, before)| now - before), 0);
    rule.is("handlers ran", *count.lock().unwrap_or_else(PoisonError::into_inner), 160);
}
