//! Change detection and schedules, on the executor for one thread.

use std::hint::black_box;

use bench::harness::Work;
use bevy_ecs::prelude::*;
use bevy_ecs::schedule::SingleThreadedExecutor;

use super::{V, call, sum, system, world};
use crate::loops;

/// An event that writes every other time, and a watcher.
pub(crate) fn watch() -> Box<dyn Work> {
    fn touch(In(x): In<u64>, mut a: ResMut<V<0>>) {
        if x & 1 == 1 {
            a.0 = x;
        }
    }
    fn watch(In(x): In<u64>, a: Res<V<0>>, mut b: ResMut<V<1>>) {
        if a.is_changed() {
            b.0 = x;
        }
    }
    let (mut world, touch) = system(touch);
    let mut watch = IntoSystem::into_system(watch);
    watch.initialize(&mut world);
    // In `bevy_ecs`, inserting counts as a change; a run before the first event consumes it.
    world.clear_trackers();
    call(&mut watch, &mut world, 2);
    let run_touch: fn(&mut _, &mut World, u64) = black_box(call);
    let run_watch: fn(&mut _, &mut World, u64) = black_box(call);
    loops::numbers(
        (world, touch, watch, run_touch, run_watch),
        |(world, touch, watch, run_touch, run_watch), x| {
            run_touch(touch, world, x);
            run_watch(watch, world, x);
        },
        |(world, ..)| sum(world),
    )
}

fn count<const N: usize>(mut own: ResMut<V<N>>) {
    own.0 = own.0.wrapping_add(1);
}

fn scheduled(schedule: Schedule) -> Box<dyn Work> {
    let (mut world, mut schedule) = (world(), schedule);
    schedule.set_executor(SingleThreadedExecutor::new());
    schedule.initialize(&mut world).expect("there is no circle");
    loops::numbers((world, schedule), |(world, schedule), _| schedule.run(world), |(world, _)| sum(world))
}

pub(crate) fn flat() -> Box<dyn Work> {
    let mut schedule = Schedule::default();
    schedule
        .add_systems((count::<0>, count::<1>, count::<2>, count::<3>, count::<4>, count::<5>, count::<6>, count::<7>));
    scheduled(schedule)
}

pub(crate) fn line() -> Box<dyn Work> {
    let mut schedule = Schedule::default();
    schedule.add_systems(
        (count::<0>, count::<1>, count::<2>, count::<3>, count::<4>, count::<5>, count::<6>, count::<7>).chain(),
    );
    scheduled(schedule)
}

pub(crate) fn diamond() -> Box<dyn Work> {
    let mut schedule = Schedule::default();
    schedule.add_systems((count::<0>, (count::<1>, count::<2>), count::<3>).chain());
    scheduled(schedule)
}
