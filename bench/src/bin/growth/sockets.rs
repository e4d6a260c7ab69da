//! Registrations of the mio driver, without sockets.

use std::hint::black_box;
use std::time::Duration;

use nexus_rt::io::{MioEvent, MioToken};
use nexus_rt::{IntoHandler, MioDriver, MioInstaller, ResMut, World, WorldBuilder};

use super::{Case, ORDERS, time};

const GROUP: &str = "MioDriver";

/// The number of repetitions of a call that takes hardly any time.
const TIMES: usize = 100;

fn world() -> World {
    let mut builder = WorldBuilder::new();
    builder.register(1_u64);
    let _ = builder.install_driver(MioInstaller::new().expect("the system gives a poll"));
    builder.build()
}

fn insert(world: &mut World, count: usize) -> Vec<MioToken> {
    let handle = |mut n: ResMut<u64>, _: MioEvent| *n += 1;
    let one = |_| {
        let handler = Box::new(handle.into_handler(world.registry()));
        world.resource_mut::<MioDriver>().insert(handler)
    };
    (0..count).map(one).collect()
}

fn remove(count: usize, order: usize) -> Duration {
    let mut world = world();
    let tokens = insert(&mut world, count);
    let order = ORDERS[order];
    let mut driver = world.resource_mut::<MioDriver>();
    time(|| (0..count).for_each(|n| _ = black_box(driver.remove(tokens[order(n, count)]))))
}

/// Returns the time of one call, times `count`, so that a constant cost shows the same figure for every size.
fn call<R>(count: usize, f: impl Fn(&MioDriver) -> R) -> Duration {
    let mut world = world();
    insert(&mut world, count);
    let driver = world.resource::<MioDriver>();
    let took = time(|| (0..TIMES).for_each(|_| _ = black_box(f(black_box(driver)))));
    took * u32::try_from(count / TIMES).expect("it is small")
}

pub(super) fn cases() -> Vec<Case> {
    let case = |name, time: fn(usize) -> Duration| Case::new(GROUP, name, time);
    vec![
        case("insert", |count| {
            let mut world = world();
            time(|| insert(&mut world, count))
        }),
        case("remove, oldest first", |count| remove(count, 0)),
        case("remove, newest first", |count| remove(count, 1)),
        case("remove, in leaps", |count| remove(count, 2)),
        case("insert again where all were removed", |count| {
            let mut world = world();
            let tokens = insert(&mut world, count);
            tokens.iter().for_each(|token| _ = world.resource_mut::<MioDriver>().remove(*token));
            time(|| insert(&mut world, count))
        }),
        case("one len", |count| call(count, MioDriver::len)),
        case("one is_empty", |count| call(count, MioDriver::is_empty)),
        case("format!(\"{driver:?}\")", |count| {
            let mut world = world();
            insert(&mut world, count);
            time(|| format!("{:?}", world.resource::<MioDriver>()))
        }),
    ]
}
