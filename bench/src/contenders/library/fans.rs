//! One event for several handlers, and adapters between handlers and events.

use std::hint::black_box;

use bench::harness::Work;

use super::super::Start;
use super::rt::{
    Adapt, Broadcast, ByRef, CatchAssertUnwindSafe, Cloned, Handler, IntoHandler, Owned, ResMut, World, fan_out,
};
use super::{V, numbers, sum, world};
use crate::loops;

/// One function per resource, so that no two handlers write the same one.
fn take<const N: usize>(mut own: ResMut<V<N>>, x: &u64) {
    own.0 = x.rotate_left(N as u32);
}

fn take_owned<const N: usize>(mut own: ResMut<V<N>>, x: u64) {
    own.0 = x.rotate_left(N as u32);
}

pub(crate) fn fan_2() -> Box<dyn Work> {
    numbers(|reg| fan_out!(take::<0>.into_handler(reg), take::<1>.into_handler(reg)))
}

pub(crate) fn fan_4() -> Box<dyn Work> {
    numbers(|reg| {
        fan_out!(
            take::<0>.into_handler(reg),
            take::<1>.into_handler(reg),
            take::<2>.into_handler(reg),
            take::<3>.into_handler(reg)
        )
    })
}

pub(crate) fn fan_8() -> Box<dyn Work> {
    numbers(|reg| {
        fan_out!(
            take::<0>.into_handler(reg),
            take::<1>.into_handler(reg),
            take::<2>.into_handler(reg),
            take::<3>.into_handler(reg),
            take::<4>.into_handler(reg),
            take::<5>.into_handler(reg),
            take::<6>.into_handler(reg),
            take::<7>.into_handler(reg)
        )
    })
}

pub(crate) fn broadcast_2() -> Box<dyn Work> {
    numbers(|reg| {
        let mut broadcast = Broadcast::<u64>::new();
        broadcast.add(take::<0>.into_handler(reg));
        broadcast.add(take::<1>.into_handler(reg));
        broadcast
    })
}

pub(crate) fn broadcast_8() -> Box<dyn Work> {
    numbers(|reg| {
        let mut broadcast = Broadcast::<u64>::new();
        broadcast.add(take::<0>.into_handler(reg));
        broadcast.add(take::<1>.into_handler(reg));
        broadcast.add(take::<2>.into_handler(reg));
        broadcast.add(take::<3>.into_handler(reg));
        broadcast.add(take::<4>.into_handler(reg));
        broadcast.add(take::<5>.into_handler(reg));
        broadcast.add(take::<6>.into_handler(reg));
        broadcast.add(take::<7>.into_handler(reg));
        broadcast
    })
}

/// A chain that ends in a handler.
pub(crate) fn dispatch() -> Box<dyn Work> {
    numbers(|reg| {
        Start::<u64>::new().then(|x: u64| x.wrapping_mul(3), reg).dispatch(take_owned::<0>.into_handler(reg)).build()
    })
}

/// For a type of its own, since the events have any lifetime.
#[inline(never)]
fn handle_lent<E: ?Sized, H: for<'a> Handler<&'a E>>(handler: &mut H, world: &mut World, event: &E) {
    handler.run(world, event);
}

/// A handler of borrowed events, behind a call that is not inlined.
fn lent<H: for<'a> Handler<&'a u64> + 'static>(make: impl FnOnce(&World) -> H) -> Box<dyn Work> {
    let world = world();
    let handler = black_box(make(&world));
    let run: fn(&mut H, &mut World, &u64) = black_box(handle_lent);
    loops::numbers((world, handler, run), |(world, handler, run), x| run(handler, world, &x), |(world, ..)| sum(world))
}

pub(crate) fn cloned() -> Box<dyn Work> {
    lent(|world| Cloned(take_owned::<0>.into_handler(world.registry())))
}

pub(crate) fn by_ref() -> Box<dyn Work> {
    numbers(|reg| ByRef(take::<0>.into_handler(reg)))
}

pub(crate) fn adapt() -> Box<dyn Work> {
    numbers(|reg| {
        Adapt::new(|x: u64| if x.is_multiple_of(8) { None } else { Some(x * 2) }, take_owned::<0>.into_handler(reg))
    })
}

pub(crate) fn catch() -> Box<dyn Work> {
    numbers(|reg| CatchAssertUnwindSafe::new(take_owned::<0>.into_handler(reg)))
}

fn length(mut own: ResMut<V<0>>, x: Vec<u8>) {
    own.0 = own.0.wrapping_mul(31).wrapping_add(black_box(x).len() as u64);
}

/// Makes an owned event for each event, which allocates. That is the purpose of `Owned`.
pub(crate) fn owned() -> Box<dyn Work> {
    let world = world();
    let handler = black_box(Owned::new(length.into_handler(world.registry())));
    let bytes = [7_u8; 64];
    let run: fn(&mut _, &mut World, &[u8]) = black_box(handle_lent);
    loops::numbers(
        (world, handler, run),
        move |(world, handler, run), x| run(handler, world, &bytes[..x as usize % 64]),
        |(world, ..)| sum(world),
    )
}
