//! Functions to be looked at in assembly: `cargo xtask asm` builds this program and counts what it finds in them.

mod by_hand;
mod pairs;

use std::hint::black_box;

use nexus_rt::{Handler, PipelineStart, ResMut, World, WorldBuilder, cases};

/// The resource that the probes add to.
pub struct Total(u32);

fn scale(x: &u32) -> u32 {
    x.wrapping_mul(3)
}

fn clamp(x: u32) -> u32 {
    x.min(1000)
}

fn add(mut total: ResMut<Total>, x: u32) {
    total.0 = total.0.wrapping_add(x);
}

/// By hand: a sum in a heap cell with a change stamp.
#[inline(never)]
fn slice_by_hand(cell: &mut (u64, u32), now: u64, items: &[u32]) {
    for x in items {
        cell.0 = now;
        cell.1 = cell.1.wrapping_add(x.wrapping_mul(3).min(1000));
    }
}

/// The same as a chain over a borrowed slice.
#[inline(never)]
fn slice_by_chain(run: &mut impl FnMut(&mut World, &[u32]), world: &mut World, items: &[u32]) {
    run(world, items);
}

/// The same as a batch over its own buffer.
#[inline(never)]
fn batch_by_chain(run: &mut impl FnMut(&mut World), world: &mut World) {
    run(world);
}

/// The same as one chain over the slice, whose parts run through an arm.
#[inline(never)]
fn each_by_chain(run: &mut impl FnMut(&mut World, &[u32]), world: &mut World, items: &[u32]) {
    run(world, items);
}

/// A chain of one event.
#[inline(never)]
fn event_by_chain(handler: &mut impl Handler<u32>, world: &mut World, event: u32) {
    handler.run(world, event);
}

/// An event of six kinds.
#[derive(Clone, Copy)]
#[repr(u8)]
enum Event {
    A(u32),
    B(u32),
    C(u32),
    D(u32),
    E(u32),
    F(u32),
}

/// A `match` over the kinds.
#[inline(never)]
fn match_by_hand(event: Event) -> u32 {
    match event {
        Event::A(x) => x.wrapping_mul(3),
        Event::B(x) => x ^ 0x5555,
        Event::C(x) => x.rotate_left(7),
        Event::D(x) => x.count_ones(),
        Event::E(x) => x.leading_zeros(),
        Event::F(x) => !x,
    }
}

/// The same as a route of six cases.
#[inline(never)]
fn route_by_chain(run: &mut impl FnMut(&mut World, Event) -> u32, world: &mut World, event: Event) -> u32 {
    run(world, event)
}

/// The same as a route by a `match`.
#[inline(never)]
fn cases_by_chain(run: &mut impl FnMut(&mut World, Event) -> u32, world: &mut World, event: Event) -> u32 {
    run(world, event)
}

fn main() {
    let mut builder = WorldBuilder::new();
    builder.register(Total(0));
    let mut world = builder.build();
    let reg = world.registry();
    let items: Vec<u32> = (0..1000).collect();

    let mut by_hand = Box::new((0, 0));
    slice_by_hand(&mut by_hand, 1, black_box(&items));

    let mut slice = PipelineStart::<&u32>::borrowed().then(scale, reg).then(clamp, reg).then(add, reg).build();
    let mut batch = PipelineStart::<u32>::new().then(scale, reg).then(clamp, reg).then(add, reg).build_batch(1000);
    let mut each =
        PipelineStart::<&[u32]>::borrowed().each(|x| x.then(scale, reg).then(clamp, reg).then(add, reg)).build();
    let mut event = PipelineStart::<u32>::new().then(scale, reg).then(clamp, reg).then(add, reg).build();

    slice_by_chain(&mut |world, items| slice.run_each(world, items), &mut world, black_box(&items));
    assert_eq!(world.resource::<Total>().0, by_hand.1);
    batch.input_mut().extend_from_slice(&items);
    batch_by_chain(&mut |world| batch.run(world), &mut world);
    assert_eq!(world.resource::<Total>().0, 2 * by_hand.1);
    items.iter().for_each(|x| event_by_chain(&mut event, &mut world, *x));
    assert_eq!(world.resource::<Total>().0, 3 * by_hand.1);
    each_by_chain(&mut |world, items| each.run(world, items), &mut world, black_box(&items));
    assert_eq!(world.resource::<Total>().0, 4 * by_hand.1);

    let reg = world.registry();
    macro_rules! is {
        ($Kind:ident) => {
            |event: &Event| matches!(event, Event::$Kind(_))
        };
    }
    macro_rules! arm {
        ($Kind:ident, |$x:ident| $out:expr) => {
            |event: Event| match event {
                Event::$Kind($x) => $out,
                _ => 0,
            }
        };
    }
    let mut route = PipelineStart::<Event>::new()
        .route(|kind| {
            kind.case(is!(A), reg, |a| a.then(arm!(A, |x| x.wrapping_mul(3)), reg))
                .case(is!(B), reg, |a| a.then(arm!(B, |x| x ^ 0x5555), reg))
                .case(is!(C), reg, |a| a.then(arm!(C, |x| x.rotate_left(7)), reg))
                .case(is!(D), reg, |a| a.then(arm!(D, |x| x.count_ones()), reg))
                .case(is!(E), reg, |a| a.then(arm!(E, |x| x.leading_zeros()), reg))
                .or(|a| a.then(arm!(F, |x| !x), reg))
        })
        .build();
    let mut route = |world: &mut World, event| route.run(world, event);
    let mut cases = PipelineStart::<Event>::new()
        .route(cases!(|event: Event| match event {
            Event::A(x) => (x, |x| x.then(|x: u32| x.wrapping_mul(3), reg)),
            Event::B(x) => (x, |x| x.then(|x: u32| x ^ 0x5555, reg)),
            Event::C(x) => (x, |x| x.then(|x: u32| x.rotate_left(7), reg)),
            Event::D(x) => (x, |x| x.then(|x: u32| x.count_ones(), reg)),
            Event::E(x) => (x, |x| x.then(|x: u32| x.leading_zeros(), reg)),
            Event::F(x) => (x, |x| x.then(|x: u32| !x, reg)),
        }))
        .build();
    let mut cases = |world: &mut World, event| cases.run(world, event);
    for x in 0..1000 {
        for event in [Event::A(x), Event::B(x), Event::C(x), Event::D(x), Event::E(x), Event::F(x)] {
            let event = black_box(event);
            assert_eq!(route_by_chain(&mut route, &mut world, event), match_by_hand(event));
            assert_eq!(cases_by_chain(&mut cases, &mut world, event), match_by_hand(event));
        }
    }
    pairs::run_handlers();
    pairs::run_pipelines();
    pairs::run_lent();
    pairs::run_others();
    println!("all probes compute the same");
}
