//! World, builder, registry, keys, plugins and installers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use nexus_rt::registry::AlreadyRegistered;
use nexus_rt::{Installer, Key, Plugin, ResMut, Sequence, World, WorldBuilder};

use crate::support::panic_of;

#[test]
fn resources_are_found_by_type() {
    let mut builder = WorldBuilder::new();
    let first = builder.register(5_u64);
    let second = builder.register_default::<String>();
    assert_eq!((first.index(), second.index(), second.to_string()), (0, 1, "1".to_owned()));
    assert!(builder.contains::<u64>() && !builder.contains::<i64>());
    assert_eq!((builder.len(), builder.is_empty()), (2, false));

    let mut world = builder.build();
    assert_eq!((world.id::<u64>(), world.try_id::<String>(), world.try_id::<i8>()), (first, Some(second), None));
    world.resource_mut::<String>().push('x');
    assert_eq!((world.resource::<String>().as_str(), world.try_resource::<i8>()), ("x", None));
    assert!(world.try_resource_mut::<i8>().is_none());
    assert_eq!((world.len(), world.is_empty(), world.contains::<u64>()), (2, false, true));
    assert_eq!(world.registry().names().collect::<Vec<_>>(), ["u64", "alloc::string::String"]);
}

#[test]
fn hundreds_of_types_are_told_apart() {
    struct Numbered<const N: usize>(usize);
    macro_rules! each {
        ($do:ident: $($n:literal)*) => { $($do!($n);)* };
    }
    let mut builder = WorldBuilder::new();
    macro_rules! register {
        ($n:literal) => {
            builder.register(Numbered::<{ 2 * $n }>($n));
            builder.register([0_u8; $n]);
        };
    }
    each!(register: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37);
    let world = builder.build();
    assert_eq!(world.len(), 74);
    macro_rules! check {
        ($n:literal) => {
            assert_eq!(world.resource::<Numbered<{ 2 * $n }>>().0, $n);
            assert_eq!(world.resource::<[u8; $n]>().len(), $n);
            assert!(!world.contains::<Numbered<{ 2 * $n + 1 }>>());
        };
    }
    each!(check: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37);
}

#[test]
fn an_empty_world_finds_nothing() {
    let world = WorldBuilder::default().build();
    assert!(world.is_empty() && !world.contains::<u64>());
    assert_eq!(world.resources().count(), 0);
}

#[test]
fn a_second_value_of_a_type_is_refused_and_the_first_stays() {
    let mut builder = WorldBuilder::new();
    builder.register(1_u64);
    assert_eq!(builder.try_register(2_u64), Err(AlreadyRegistered(2)));
    assert!(builder.try_register(2_i32).is_ok());
    assert_eq!(
        panic_of(|| builder.register(3_u64)),
        "a `u64` is already registered: a world holds one value per type. Wrap the second one in a type of its own \
         (`struct Second(u64);`), or share the first with `ensure`"
    );
    assert_eq!(builder.ensure(4_u64), builder.ensure_default::<u64>());
    builder.ensure(5_u32);
    builder.ensure_default::<u8>();
    let world = builder.build();
    assert_eq!((*world.resource::<u64>(), *world.resource::<u32>(), *world.resource::<u8>()), (1, 5, 0));
}

#[test]
fn missing_resources_say_what_to_do() {
    let mut world = WorldBuilder::new().build();
    let expected = "no `u64` is registered in this world: register one with `WorldBuilder::register`, or install the \
                    driver or plugin that brings it, before `build`";
    assert_eq!(panic_of(|| *world.resource::<u64>()), expected);
    assert_eq!(panic_of(|| *world.resource_mut::<u64>()), expected);
    assert_eq!(panic_of(|| world.id::<u64>()), expected);
    assert_eq!(panic_of(|| world.changed_at::<u64>()), expected);
    assert_eq!(panic_of(|| world.registry().key::<u64>()), expected);
}

#[test]
fn the_listing_tells_name_size_and_last_write() {
    let mut builder = WorldBuilder::new();
    builder.register(1_u16);
    builder.register([0_u64; 4]);
    let mut world = builder.build();
    let now = world.next_sequence();
    world.resource_mut::<[u64; 4]>()[2] = 1;
    let listed: Vec<_> = world.resources().map(|r| (r.id.index(), r.name, r.size, r.changed_at)).collect();
    assert_eq!(listed, [(0, "u16", 2, Sequence::NEVER), (1, "[u64; 4]", 32, now)]);
}

#[test]
fn keys_reach_their_resource() {
    let mut builder = WorldBuilder::new();
    builder.register(1_u64);
    let key: Key<u64> = builder.key();
    let mut world = builder.build();
    let now = world.next_sequence();
    *key.get_mut(&mut world) += 1;
    assert_eq!((*key.get(&world), world.changed_at::<u64>()), (2, now));
    assert_eq!(*world.registry().key::<u64>().get(&world), 2);
    assert!(format!("{key:?}").starts_with("Key<u64>(world "));
}

#[test]
fn values_are_dropped_once_and_the_latest_first() {
    struct Tracked<const N: usize>(Arc<AtomicUsize>);
    impl<const N: usize> Drop for Tracked<N> {
        fn drop(&mut self) {
            // The drops of 3, 2, 1 make 321.
            self.0.store(self.0.load(Ordering::Relaxed) * 10 + N, Ordering::Relaxed);
        }
    }
    let order = Arc::new(AtomicUsize::new(0));
    let mut builder = WorldBuilder::new();
    builder.register(Tracked::<1>(order.clone()));
    builder.register(Tracked::<2>(order.clone()));
    builder.register(Tracked::<3>(order.clone()));
    drop(builder.build());
    assert_eq!(order.load(Ordering::Relaxed), 321);
}

#[test]
fn a_panic_in_one_drop_leaks_no_other_value() {
    struct Panics;
    impl Drop for Panics {
        fn drop(&mut self) {
            panic!("in drop");
        }
    }
    let shared = Arc::new(());
    let mut builder = WorldBuilder::new();
    builder.register(shared.clone());
    builder.register(Panics);
    builder.register((shared.clone(),));
    let world = builder.build();
    assert_eq!(panic_of(move || drop(world)), "in drop");
    assert_eq!(Arc::strong_count(&shared), 1);
}

#[test]
fn over_aligned_and_zero_sized_values_keep_their_place() {
    #[repr(align(128))]
    struct Wide(u8);
    struct Nothing;
    let mut builder = WorldBuilder::new();
    builder.register(Wide(7));
    builder.register(Nothing);
    let world = builder.build();
    assert_eq!(std::ptr::from_ref(world.resource::<Wide>()).addr() % 128, 0);
    assert_eq!((world.resource::<Wide>().0, world.contains::<Nothing>()), (7, true));
}

#[test]
fn plugins_are_types_or_closures() {
    struct Prices(u32);
    impl Plugin for Prices {
        fn build(self, builder: &mut WorldBuilder) {
            builder.register(self.0);
        }
    }
    let mut builder = WorldBuilder::new();
    builder.install_plugin(Prices(4)).install_plugin(|builder: &mut WorldBuilder| {
        builder.ensure(9_u32);
        builder.register('x');
    });
    let world = builder.build();
    assert_eq!((*world.resource::<u32>(), *world.resource::<char>()), (4, 'x'));
}

#[test]
fn an_installer_gives_its_poller() {
    struct Ticks {
        step: u64,
    }
    struct TickPoller {
        clock: Key<u64>,
        step: u64,
    }
    impl Installer for Ticks {
        type Poller = TickPoller;
        fn install(self, builder: &mut WorldBuilder) -> TickPoller {
            builder.register(0_u64);
            TickPoller { clock: builder.key(), step: self.step }
        }
    }
    impl TickPoller {
        fn poll(&self, world: &mut World) -> u64 {
            let mut clock: ResMut<u64> = self.clock.get_mut(world);
            *clock += self.step;
            *clock
        }
    }
    let mut builder = WorldBuilder::new();
    let poller = builder.install_driver(Ticks { step: 5 });
    let mut world = builder.build();
    assert_eq!((poller.poll(&mut world), poller.poll(&mut world)), (5, 10));
}

#[test]
fn sequences_count_events() {
    let mut world = WorldBuilder::new().build();
    let start = world.current_sequence();
    assert!(start > Sequence::NEVER);
    let next = world.next_sequence();
    assert!(next > start && world.current_sequence() == next);
    assert_eq!((next.get(), next.to_string(), Sequence::new(next.get())), (2, "2".to_owned(), next));
}

#[test]
fn debug_shows_what_is_inside() {
    let mut builder = WorldBuilder::new();
    builder.register(1_u64);
    let world = builder.build();
    let id = world.world_id();
    assert_eq!(format!("{world:?}"), format!("World {{ id: \"{id}\", sequence: 1, resources: [\"u64\"] }}"));
    assert_eq!(format!("{:?}", world.registry()), format!("Registry {{ world: \"{id}\", resources: [\"u64\"] }}"));
}
