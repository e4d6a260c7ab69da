//! Worlds, whose elements are types.

use std::hint::black_box;
use std::time::Duration;

use nexus_rt::testing::TestHarness;
use nexus_rt::{Handler, IntoHandler, Registry, ResMut, ResourceId, World, WorldBuilder};

use super::{Case, time};

const GROUP: &str = "worlds";

const SIZES: &[(&str, usize)] = &[("10 k", 10_000), ("1 k", 1_000), ("100", 100)];

bench::many_types!(WorldBuilder);

fn register(count: usize) -> WorldBuilder {
    let mut builder = WorldBuilder::new();
    let all = &mut builder;
    match count {
        100 => hundred::<0, 0>(all),
        1_000 => thousand::<0>(all),
        10_000 => {
            bench::each_digit!(thousand<>(all));
        }
        _ => panic!("one of the sizes"),
    }
    builder
}

fn world(count: usize) -> World {
    register(count).build()
}

type First = V<0, 0, 0, 0>;

fn set(registry: &Registry) -> impl Handler<u64> + use<> {
    (|mut value: ResMut<First>, x: u64| value.0 = x).into_handler(registry)
}

/// The repetitions of an operation that should not depend on the number of resources. The row shows the time of one.
fn each(count: usize, mut f: impl FnMut()) -> Duration {
    time(|| (0..count).for_each(|_| f()))
}

pub(super) fn cases() -> Vec<Case> {
    let case = |name, time: fn(usize) -> Duration| Case::new(GROUP, name, time).of_sizes(SIZES);
    vec![
        case("register", |count| time(|| register(count))),
        case("drop", |count| {
            let world = world(count);
            time(|| drop(world))
        }),
        case("resources()", |count| {
            let world = world(count);
            let last = |world: &World| world.resources().map(|resource| resource.id).max();
            time(|| black_box::<Option<ResourceId>>(last(&world)))
        }),
        case("format!(\"{world:?}\")", |count| {
            let world = world(count);
            time(|| format!("{world:?}"))
        }),
        case("one look-up by type", |count| {
            let world = world(count);
            each(count, || _ = black_box(black_box(&world).resource::<First>().0))
        }),
        case("one into_handler", |count| {
            let world = world(count);
            each(count, || _ = black_box(&set(black_box(world.registry()))))
        }),
        case("one TestHarness::dispatch with an assertion", |count| {
            let mut test = TestHarness::new(register(count));
            let mut set = set(test.registry());
            each(count, || _ = test.dispatch(&mut set, 1).changes::<First>())
        }),
    ]
}
