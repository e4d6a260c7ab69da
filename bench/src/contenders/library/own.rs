//! Features that only this library has, or has in another form: change detection, systems in any order, and slices.

use std::hint::black_box;

use bench::harness::{Work, work};
use nexus_rt::scheduler::{IntoSystem, SchedulerBuilder};
use nexus_rt::{Describe, IntoHandler, PipelineStart, Res, ResMut, World};

use super::library::{V, handle, numbers, opaque, sum, world};
use crate::contenders::by_hand::batches::items;
use crate::loops;

/// An event that writes every other time, and a watcher.
pub(crate) fn watch() -> Box<dyn Work> {
    fn touch(mut a: ResMut<V<0>>, x: u64) {
        if x & 1 == 1 {
            a.0 = x;
        }
    }
    fn watch(a: Res<V<0>>, mut b: ResMut<V<1>>, x: u64) {
        if a.is_changed() {
            b.0 = x;
        }
    }
    let world = world();
    let handlers = (touch.into_handler(world.registry()), watch.into_handler(world.registry()));
    loops::numbers(
        (world, black_box(handlers), opaque(handle::<u64, _>), opaque(handle::<u64, _>)),
        |(world, (touch, watch), run_touch, run_watch), x| {
            world.next_sequence();
            run_touch(touch, world, x);
            run_watch(watch, world, x);
        },
        |(world, ..)| sum(world),
    )
}

/// Checks whether one of four values was written during this event.
pub(crate) fn inputs_changed() -> Box<dyn Work> {
    fn reads(_: Res<V<0>>, _: Res<V<1>>, _: Res<V<2>>, _: Res<V<3>>, _: u64) {}
    #[inline(never)]
    fn changed(handler: &impl Describe, world: &World) -> bool {
        handler.inputs_changed(world)
    }
    let world = world();
    let handler = black_box(reads.into_handler(world.registry()));
    let event = |(world, handler, count): &mut (World, _, u64), x| {
        world.next_sequence();
        match x % 8 {
            0 => world.resource_mut::<V<0>>().0 = x,
            4 => world.resource_mut::<V<4>>().0 = x,
            _ => {}
        }
        *count += u64::from(changed(handler, world));
    };
    loops::numbers((world, handler, 0), event, |(.., count)| *count)
}

pub(crate) fn count<const N: usize>(mut own: ResMut<V<N>>) -> bool {
    own.0 = own.0.wrapping_add(1);
    own.0 != 0
}

/// Systems with edges between them.
fn scheduler(systems: usize, edges: &[(usize, usize)]) -> Box<dyn Work> {
    numbers(|reg| {
        let mut builder = SchedulerBuilder::new();
        let all = [
            builder.add(count::<0>.into_system(reg)),
            builder.add(count::<1>.into_system(reg)),
            builder.add(count::<2>.into_system(reg)),
            builder.add(count::<3>.into_system(reg)),
        ];
        let mut all = all.to_vec();
        if systems == 8 {
            all.push(builder.add(count::<4>.into_system(reg)));
            all.push(builder.add(count::<5>.into_system(reg)));
            all.push(builder.add(count::<6>.into_system(reg)));
            all.push(builder.add(count::<7>.into_system(reg)));
        }
        edges.iter().for_each(|(from, to)| _ = builder.after(all[*to], all[*from]));
        builder.build().expect("there is no circle")
    })
}

pub(crate) fn flat() -> Box<dyn Work> {
    scheduler(8, &[])
}

pub(crate) fn line() -> Box<dyn Work> {
    scheduler(8, &[(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 6), (6, 7)])
}

pub(crate) fn diamond() -> Box<dyn Work> {
    scheduler(4, &[(0, 1), (0, 2), (1, 3), (2, 3)])
}

/// A fixed line of functions needs no scheduler: it is a pipeline.
pub(crate) fn line_as_pipeline() -> Box<dyn Work> {
    fn next<const N: usize>(mut own: ResMut<V<N>>, (): ()) -> Option<()> {
        own.0 = own.0.wrapping_add(1);
        (own.0 != 0).then_some(())
    }
    numbers(|reg| {
        PipelineStart::<u64>::new()
            .then(|_: u64| (), reg)
            .then(next::<0>, reg)
            .and_then(next::<1>, reg)
            .and_then(next::<2>, reg)
            .and_then(next::<3>, reg)
            .and_then(next::<4>, reg)
            .and_then(next::<5>, reg)
            .and_then(next::<6>, reg)
            .and_then(next::<7>, reg)
            .build()
    })
}

fn scale(a: Res<V<0>>, x: u64) -> u64 {
    x.wrapping_mul(a.0)
}

fn add(mut total: ResMut<V<4>>, x: u64) {
    total.0 = total.0.wrapping_add(x);
}

/// A pipeline over borrowed items, run for each item of a slice.
fn over_slice(
    size: u64,
    make: impl FnOnce(&nexus_rt::Registry) -> Box<dyn FnMut(&mut World, &[u64])>,
) -> Box<dyn Work> {
    let world = world();
    let run = black_box(make(world.registry()));
    work(
        (world, run, items(size)),
        |(world, run, items), runs| (0..runs).for_each(|_| run(world, black_box(items))),
        |(world, ..)| sum(world),
    )
}

pub(crate) fn slice(size: u64) -> Box<dyn Work> {
    over_slice(size, |reg| {
        let start = PipelineStart::<&u64>::borrowed();
        let mut chain =
            start.then(|x: &u64| x ^ (x << 3), reg).then(|x: u64| x.min(1 << 20), reg).then(add, reg).build();
        Box::new(move |world, items| chain.run_each(world, items))
    })
}

pub(crate) fn slice_with_param(size: u64) -> Box<dyn Work> {
    over_slice(size, |reg| {
        let start = PipelineStart::<&u64>::borrowed();
        let mut chain = start.then(|x: &u64| x ^ (x << 3), reg).then(scale, reg).then(add, reg).build();
        Box::new(move |world, items| chain.run_each(world, items))
    })
}
