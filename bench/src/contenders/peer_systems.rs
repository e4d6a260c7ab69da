//! The staged scheduler of nexus-rt 2.5.1.

use std::hint::black_box;

use bench::harness::Work;
use peer::scheduler::SchedulerBuilder;
use peer::{ResMut, World, WorldBuilder};

use super::peer::library::{V, fill, sum};
use crate::loops;

fn count<const N: usize>(mut own: ResMut<V<N>>) -> bool {
    own.0 = own.0.wrapping_add(1);
    own.0 != 0
}

#[inline(never)]
fn call<F: FnMut(&mut World)>(run: &mut F, world: &mut World) {
    run(world);
}

macro_rules! scheduler {
    ($($row:ident, $reg:ident: $schedule:expr;)*) => {$(
        pub(crate) fn $row() -> Box<dyn Work> {
            let mut builder = WorldBuilder::new();
            fill(&mut builder);
            let $reg = builder.registry();
            let schedule = $schedule;
            let mut scheduler = builder.install_driver(schedule);
            let world = builder.build();
            let run = black_box(move |world: &mut World| _ = scheduler.run(world));
            let call: fn(&mut _, &mut World) = black_box(call);
            loops::numbers((world, run, call), |(world, run, call), _| call(run, world), |(world, ..)| sum(world))
        }
    )*};
}

scheduler! {
    flat, reg: SchedulerBuilder::new().root(
        (count::<0>, count::<1>, count::<2>, count::<3>, count::<4>, count::<5>, count::<6>, count::<7>),
        reg,
    );
    line, reg: SchedulerBuilder::new()
        .root(count::<0>, reg)
        .then(count::<1>, reg)
        .then(count::<2>, reg)
        .then(count::<3>, reg)
        .then(count::<4>, reg)
        .then(count::<5>, reg)
        .then(count::<6>, reg)
        .then(count::<7>, reg);
    diamond, reg: SchedulerBuilder::new()
        .root(count::<0>, reg)
        .then((count::<1>, count::<2>), reg)
        .then(count::<3>, reg);
}

/// In this library, both are the same.
pub(crate) use line as line_as_pipeline;
