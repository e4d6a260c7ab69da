//! One event for several functions.

use std::hint::black_box;
use std::panic::{AssertUnwindSafe, catch_unwind};

use bench::harness::Work;

use super::{World, numbers};
use crate::loops;

fn take(w: &mut World, n: u32, x: u64) {
    w.write(n as usize, x.rotate_left(n));
}

macro_rules! fans {
    ($($row:ident: $($n:literal)*;)*) => {$(
        pub(crate) fn $row() -> Box<dyn Work> {
            #[inline(never)]
            fn all(w: &mut World, x: u64) {
                $(take(w, $n, x);)*
            }
            numbers(all)
        }
    )*};
}

fans! {
    fan_2: 0 1;
    fan_4: 0 1 2 3;
    fan_8: 0 1 2 3 4 5 6 7;
}

type Closure = Box<dyn FnMut(&mut World, &u64)>;

/// A list of boxed closures.
fn broadcast(closures: Vec<Closure>) -> Box<dyn Work> {
    #[inline(never)]
    fn all(closures: &mut [Closure], w: &mut World, x: u64) {
        closures.iter_mut().for_each(|closure| closure(w, &x));
    }
    let all: fn(&mut [Closure], &mut World, u64) = black_box(all);
    loops::numbers(
        (World::new(), black_box(closures), all),
        |(world, closures, all), x| all(closures, world, x),
        |(world, ..)| world.sum(),
    )
}

macro_rules! closures {
    ($($n:literal)*) => { vec![$(Box::new(|w: &mut World, x: &u64| take(w, $n, *x))),*] };
}

pub(crate) fn broadcast_2() -> Box<dyn Work> {
    broadcast(closures!(0 1))
}

pub(crate) fn broadcast_8() -> Box<dyn Work> {
    broadcast(closures!(0 1 2 3 4 5 6 7))
}

macro_rules! adapters {
    ($($row:ident($w:ident, $x:ident) $run:block)*) => {$(
        pub(crate) fn $row() -> Box<dyn Work> {
            #[inline(never)]
            fn run($w: &mut World, $x: u64) $run
            numbers(run)
        }
    )*};
}

adapters! {
    dispatch(w, x) { take(w, 0, x.wrapping_mul(3)) }
    by_ref(w, x) { take(w, 0, x) }
    adapt(w, x) {
        if !x.is_multiple_of(8) {
            take(w, 0, x * 2);
        }
    }
    catch(w, x) {
        let caught = catch_unwind(AssertUnwindSafe(|| take(w, 0, x)));
        assert!(caught.is_ok());
    }
}

pub(crate) fn cloned() -> Box<dyn Work> {
    #[inline(never)]
    fn run(w: &mut World, x: &u64) {
        take(w, 0, *x);
    }
    let run: fn(&mut World, &u64) = black_box(run);
    loops::numbers((World::new(), run), |(world, run), x| run(world, &x), |(world, _)| world.sum())
}

pub(crate) fn owned() -> Box<dyn Work> {
    #[inline(never)]
    fn run(w: &mut World, x: &[u8]) {
        let owned = black_box(x.to_owned());
        w.write(0, w.read(0).wrapping_mul(31).wrapping_add(owned.len() as u64));
    }
    let bytes = [7_u8; 64];
    let run: fn(&mut World, &[u8]) = black_box(run);
    loops::numbers(
        (World::new(), run),
        move |(world, run), x| run(world, &bytes[..x as usize % 64]),
        |(world, _)| world.sum(),
    )
}
