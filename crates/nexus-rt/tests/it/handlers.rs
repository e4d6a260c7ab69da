//! Handlers as objects: written by hand, boxed, sent; and which public types are `Send` and `Sync`.

use nexus_rt::plan::{Function, Visitor};
use nexus_rt::{Describe, Handler, IntoHandler, Key, Registry, ResMut, Virtual, World, WorldBuilder};

use crate::support::world;

struct ByHand(u64);

impl Describe for ByHand {}

impl Handler<u64> for ByHand {
    fn run(&mut self, _: &mut World, event: u64) {
        self.0 += event;
    }
}

#[test]
fn a_handler_written_by_hand_describes_itself() {
    let mut world = world();
    let mut handler = ByHand(0);
    handler.run(&mut world, 3);
    assert_eq!((handler.0, handler.name()), (3, "it::handlers::ByHand"));
    assert!(!handler.inputs_changed(&world));
    *world.resource_mut::<u64>() = 1;
    assert!(handler.inputs_changed(&world));

    struct Seen(Vec<(String, bool, bool)>);
    impl Visitor for Seen {
        fn function(&mut self, function: &dyn Function) {
            let mut accesses = 0;
            function.access(&mut |_| accesses += 1);
            assert_eq!(accesses, 0);
            self.0.push((function.name().to_owned(), function.is_exclusive(), function.world_id().is_none()));
        }
    }
    let mut seen = Seen(vec![]);
    handler.describe(&mut seen);
    assert_eq!(seen.0, [("it::handlers::ByHand".to_owned(), true, true)]);
}

#[test]
fn a_borrowed_handler_is_a_handler() {
    fn drive(mut handler: impl Handler<u64>, world: &mut World) -> &'static str {
        handler.run(world, 2);
        handler.name()
    }
    let mut world = world();
    let mut handler = ByHand(0);
    assert_eq!(drive(&mut handler, &mut world), "it::handlers::ByHand");
    assert_eq!(handler.0, 2);
    let mut boxed: Virtual<u64> = Box::new(handler);
    assert_eq!(drive(&mut boxed, &mut world), "it::handlers::ByHand");
}

#[test]
fn handlers_live_in_resources_and_move_to_other_threads_with_their_world() {
    let mut builder = WorldBuilder::new();
    builder.register(0_u64);
    builder.register(Vec::<Virtual<u64>>::new());
    let mut world = builder.build();
    let add = (|mut n: ResMut<u64>, x: u64| *n += x).into_handler(world.registry());
    world.resource_mut::<Vec<Virtual<u64>>>().push(Box::new(add));

    let sum = std::thread::spawn(move || {
        let mut handlers = std::mem::take(&mut *world.resource_mut::<Vec<Virtual<u64>>>());
        handlers[0].run(&mut world, 4);
        *world.resource::<u64>()
    });
    assert_eq!(sum.join().unwrap(), 4);
}

/// Says at compile time whether a type has an auto trait.
macro_rules! auto_trait {
    ($Trait:ident: $($T:ty),* $(,)?) => { const _: () = { const fn has<T: ?Sized + $Trait>() {} $(has::<$T>();)* }; };
    (not $Trait:ident: $($T:ty),* $(,)?) => { const _: () = {
        trait Ambiguous<A> { fn probe() {} }
        impl<T: ?Sized> Ambiguous<()> for T {}
        struct Has;
        impl<T: ?Sized + $Trait> Ambiguous<Has> for T {}
        // Ambiguous, and so refused, if the type has the trait.
        $(let _ = <$T as Ambiguous<_>>::probe;)*
    }; };
}

auto_trait!(Send: World, WorldBuilder, Key<u64>, Virtual<u64>, nexus_rt::registry::WorldId, nexus_rt::Sequence);
auto_trait!(Sync: nexus_rt::registry::WorldId, nexus_rt::Sequence, nexus_rt::ResourceId, nexus_rt::registry::ResourceInfo);
auto_trait!(Send: nexus_rt::param::ResolveError, nexus_rt::registry::AlreadyRegistered<u64>);
auto_trait!(Sync: nexus_rt::param::ResolveError, nexus_rt::registry::AlreadyRegistered<u64>);
auto_trait!(not Sync: World, WorldBuilder, Registry, Key<u64>, Virtual<u64>);
auto_trait!(not Send: Registry);
// A registry stays on its thread, and so does whoever borrows it.
auto_trait!(not Send: nexus_rt::RegistryRef<'static>, &'static World);
