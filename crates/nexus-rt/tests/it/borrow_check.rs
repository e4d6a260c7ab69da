//! Params that were implemented by hand and break their contract: debug builds tell before two references exist.
#![expect(unsafe_code, reason = "implements the unsafe trait wrongly, to be caught")]

use nexus_rt::param::{Access, Dispatch, Requests, Resolver};
use nexus_rt::{Handler, IntoHandler, Param, Registry, Res, ResMut, World, WorldBuilder};

use crate::support::{Log, world};

/// Two params as one, of which only the first is resolved with the report: so a conflict between them goes unseen.
struct Hides<A, B>(A, B);

// SAFETY: there is no excuse: it hides the second param from the report. What it fetches together must not be.
unsafe impl<A: Param, B: Param> Param for Hides<A, B> {
    type State = (A::State, B::State);
    type Item<'w> = Hides<A::Item<'w>, B::Item<'w>>;

    fn try_init(registry: &Registry, resolver: &mut Resolver) -> Option<Self::State> {
        Some((A::try_init(registry, resolver)?, B::try_init(registry, &mut Resolver::default())?))
    }

    fn requests(list: &mut Requests) {
        A::requests(list);
    }

    fn access(state: &Self::State, visit: &mut dyn FnMut(Access)) {
        A::access(&state.0, visit);
        B::access(&state.1, visit);
    }

    unsafe fn fetch<'w>(dispatch: Dispatch<'w>, state: &'w mut Self::State) -> Self::Item<'w> {
        // SAFETY: the caller's promises are passed on.
        let first = unsafe { A::fetch(dispatch, &mut state.0) };
        // SAFETY: as above, but for the conflict that was hidden.
        let second = unsafe { B::fetch(dispatch, &mut state.1) };
        Hides(first, second)
    }
}

#[cfg(debug_assertions)]
type Two<'w, T> = Hides<ResMut<'w, T>, ResMut<'w, T>>;
#[cfg(debug_assertions)]
type ReadAndWrite<'w, T> = Hides<Res<'w, T>, Option<ResMut<'w, T>>>;

#[cfg(debug_assertions)]
#[test]
fn a_hidden_conflict_is_told_before_it_does_harm() {
    use crate::support::panic_of;

    let mut world = world();
    let mut two = (|both: Two<u64>, (): ()| _ = (both.0, both.1)).into_handler(world.registry());
    let text = panic_of(|| two.run(&mut world, ()));
    let expected = "is about to borrow (Write u64) what `it::borrow_check::a_hidden_conflict_is_told_before_it_does_harm::{{closure}}` \
                    still holds (Write u64): unsafe code is at fault";
    assert!(text.contains(expected), "{text}");
    let mut both = (|both: ReadAndWrite<u64>, (): ()| _ = (both.0, both.1)).into_handler(world.registry());
    assert!(panic_of(|| both.run(&mut world, ())).contains("(Write u64) what"));
    // After the panic nothing is held any more.
    let mut write = (|mut n: ResMut<u64>, (): ()| *n += 1).into_handler(world.registry());
    write.run(&mut world, ());
    write.run(&mut world, ());
    assert_eq!(*world.resource::<u64>(), 12);
}

#[test]
fn what_does_not_conflict_may_be_fetched_together_and_again() {
    fn fine(both: Hides<Res<u64>, Res<u64>>, other: Hides<ResMut<i64>, ResMut<Log>>, (): ()) {
        let Hides(mut sum, mut log) = other;
        *sum += (*both.0 + *both.1) as i64;
        log.push(sum.to_string());
    }
    let mut world = world();
    let mut fine = fine.into_handler(world.registry());
    // Runs within a run: an exclusive function holds nothing, and another world is another matter.
    let mut nested = (move |here: &mut World, (): ()| {
        fine.run(here, ());
        fine.run(here, ());
    })
    .into_handler(world.registry());
    let mut own = crate::support::world();
    let mut inner = (|mut n: ResMut<u64>, (): ()| *n += 1).into_handler(own.registry());
    let mut outer = (move |mut n: ResMut<u64>, (): ()| {
        *n += 1;
        inner.run(&mut own, ());
    })
    .into_handler(world.registry());
    nested.run(&mut world, ());
    outer.run(&mut world, ());
    assert_eq!((world.resource::<Log>().join(" ").as_str(), *world.resource::<u64>()), ("20 40", 11));
}

/// The cheap test has a bit for each resource: a conflict is found on every one of them.
#[test]
fn a_conflict_is_found_whatever_the_number_of_the_resource() {
    struct Numbered<const N: usize>;
    let mut builder = WorldBuilder::new();
    assert!(builder.is_empty());
    macro_rules! check { ($($n:literal)*) => {
        $(builder.register(Numbered::<$n>);)*
        assert!(!builder.is_empty());
        $({
            type W<'w> = ResMut<'w, Numbered<$n>>;
            type R<'w> = Res<'w, Numbered<$n>>;
            let reg = builder.registry();
            assert!((|_: W, _: W, (): ()| {}).try_into_handler(reg).is_err(), "{}", $n);
            assert!((|_: W, _: R, (): ()| {}).try_into_handler(reg).is_err(), "{}", $n);
            assert!((|_: R, _: W, (): ()| {}).try_into_handler(reg).is_err(), "{}", $n);
            assert!((|_: R, _: R, (): ()| {}).try_into_handler(reg).is_ok(), "{}", $n);
        })*
    } }
    check!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39 40
        41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60 61 62 63 64 65 66 67 68 69 70);
}

/// A param that asks for what it does not say.
struct Silent<'w>(Res<'w, u128>);

// SAFETY: it passes everything on to one param, but for what it asks for, of which only messages are made.
unsafe impl Param for Silent<'_> {
    type State = <Res<'static, u128> as Param>::State;
    type Item<'w> = Silent<'w>;

    fn try_init(registry: &Registry, resolver: &mut Resolver) -> Option<Self::State> {
        Res::<u128>::try_init(registry, resolver)
    }

    fn requests(_: &mut Requests) {}

    fn access(state: &Self::State, visit: &mut dyn FnMut(Access)) {
        Res::<u128>::access(state, visit);
    }

    unsafe fn fetch<'w>(dispatch: Dispatch<'w>, state: &'w mut Self::State) -> Self::Item<'w> {
        // SAFETY: the caller's promises are passed on.
        Silent(unsafe { Res::<u128>::fetch(dispatch, state) })
    }
}

#[test]
fn a_param_that_does_not_say_what_it_asks_for_is_refused_all_the_same() {
    let error = (|x: Silent, (): ()| _ = x.0).try_into_handler(WorldBuilder::new().build().registry()).unwrap_err();
    assert!(error.to_string().ends_with("does not say what it asks for, see `Param::requests`"), "{error}");
    assert!(error.missing().is_empty() && error.conflicts().is_empty());
}
