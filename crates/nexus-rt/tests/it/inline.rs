//! Handlers in place: sizes, alignments, drops, and what does not fit.

use std::sync::Arc;

use nexus_rt::{
    Describe, FlatVirtual, FlexVirtual, Handler, IntoCallback, IntoHandler, PipelineStart, ResMut, World, flat, flex,
};

use crate::support::{Log, panic_of, refuses_world, world};

fn log(mut log: ResMut<Log>, x: u64) {
    log.push(x.to_string());
}

#[test]
fn handlers_in_place_run_and_describe_themselves() {
    let mut world = world();
    let reg = world.registry();
    let mut flat: FlatVirtual<u64> = flat!(log.into_handler(reg));
    let mut flex: FlexVirtual<u64> =
        flex!(PipelineStart::<u64>::new().then(|x: u64| x + 1, reg).then(log, reg).build());
    assert_eq!((flat.name(), flat.plan()), ("it::inline::log", log.into_handler(reg).plan()));
    assert_eq!(format!("{flat:?} {}", flex.plan().nodes.len()), "FlatVirtual(it::inline::log) 2");
    let chain = PipelineStart::<u64>::new().then(|x: u64| x + 1, reg).then(log, reg).build();
    assert_eq!(flex.plan().to_dot(), chain.plan().to_dot());
    flat.run(&mut world, 1);
    flex.run(&mut world, 1);
    assert_eq!(*world.resource::<Log>(), ["1", "2"]);
    assert!(!flat.inputs_changed(&world));
    let mut other = self::world();
    refuses_world("it::inline::log", || flat.run(&mut other, 1));
    refuses_world("it::inline::log", || flat.inputs_changed(&other));
}

/// Counts its drops; of any size and alignment.
struct Counted<T>(#[expect(dead_code, reason = "held for its drop")] Arc<()>, T);

impl<T> Describe for Counted<T> {}

impl<T: Send> Handler<u64> for Counted<T> {
    fn run(&mut self, world: &mut World, x: u64) {
        assert_eq!(std::ptr::from_ref(&self.1).addr() % align_of::<T>(), 0);
        world.resource_mut::<Log>().push(format!("{} {x}", size_of::<T>()));
    }
}

#[repr(align(64))]
struct Wide;

#[test]
fn values_of_every_shape_are_dropped_once() {
    fn check<T: Send + 'static>(value: T, inline: bool) {
        let (mut world, alive) = (world(), Arc::new(()));
        let mut handler: FlexVirtual<u64> = flex!(Counted(alive.clone(), value));
        assert_eq!((handler.is_inline(), Arc::strong_count(&alive)), (inline, 2));
        handler.run(&mut world, 5);
        // Moved, and moved again.
        let mut many = vec![handler];
        many.reserve(100);
        many[0].run(&mut world, 6);
        assert_eq!(*world.resource::<Log>(), [format!("{} 5", size_of::<T>()), format!("{} 6", size_of::<T>())]);
        drop(many);
        assert_eq!(Arc::strong_count(&alive), 1);
        // A panic in the handler leaves it whole.
        let mut handler: FlexVirtual<u64> = flex!(Counted(alive.clone(), [0_u8; 3]));
        let empty = nexus_rt::WorldBuilder::new().build();
        let mut empty = empty;
        panic_of(|| handler.run(&mut empty, 7));
        drop(handler);
        assert_eq!(Arc::strong_count(&alive), 1);
    }
    check((), true);
    check([0_u64; 7], true);
    check([0_u64; 8], false);
    check(Wide, false);
    check([0_u8; 1000], false);
}

#[test]
fn handlers_without_size_are_in_place_whatever_their_alignment() {
    use std::sync::atomic::{AtomicU32, Ordering};
    static DROPS: AtomicU32 = AtomicU32::new(0);

    #[repr(align(128))]
    struct Nothing;
    impl Describe for Nothing {}
    impl Handler<u64> for Nothing {
        fn run(&mut self, world: &mut World, x: u64) {
            assert_eq!(std::ptr::from_ref(self).addr() % 128, 0);
            world.resource_mut::<Log>().push(x.to_string());
        }
    }
    impl Drop for Nothing {
        fn drop(&mut self) {
            DROPS.fetch_add(1, Ordering::Relaxed);
        }
    }

    let mut world = world();
    let mut flat: FlatVirtual<u64> = flat!(Nothing);
    let flex: FlexVirtual<u64> = flex!(Nothing);
    assert!(flex.is_inline());
    flat.run(&mut world, 1);
    let mut again = FlatVirtual::from_flex(flex);
    again.run(&mut world, 2);
    assert_eq!((*world.resource::<Log>()).join(" "), "1 2");
    drop((flat, again));
    assert_eq!(DROPS.load(Ordering::Relaxed), 2);
}

#[test]
fn what_does_not_fit_and_has_lost_its_type_is_refused_by_name() {
    let world = world();
    let large = |ctx: [u64; 16]| (|_: &mut [u64; 16], _: u64| {}).into_callback(ctx, world.registry());
    let erased: FlexVirtual<u64> = flex!(large([0; 16]));
    let text = panic_of(|| FlatVirtual::from_flex(erased));
    assert!(
        text.contains("what_does_not_fit")
            && text.ends_with("it has 136 bytes aligned to 8, and there is room for 64 aligned to 8"),
        "{text}"
    );
    // Small enough, but not where it would have to lie.
    let erased: FlexVirtual<u64> = flex!(Counted(Arc::default(), Wide));
    let text = panic_of(|| FlatVirtual::from_flex(erased));
    assert!(text.ends_with("it has 64 bytes aligned to 64, and there is room for 64 aligned to 8"), "{text}");
    let roomy: FlatVirtual<u64, 32> = flat!(large([0; 16]));
    assert_eq!(size_of_val(&roomy), 32 * 8 + 16);
}
