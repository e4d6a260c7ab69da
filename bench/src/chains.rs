//! Chains that route, fork and run over many items, and the same by hand.

/// Ours.
pub(crate) mod ours {
    use std::hint::black_box;

    use nexus_rt::{DagStart, PipelineStart, Res, ResMut, World, WorldBuilder};

    pub(crate) struct Bias(u64);
    pub(crate) struct Total(u64);

    fn world() -> World {
        let mut builder = WorldBuilder::new();
        builder.register(Bias(3));
        builder.register(Total(0));
        builder.build()
    }

    fn add(mut total: ResMut<Total>, x: &u64) {
        total.0 = total.0.wrapping_add(*x);
    }

    #[inline(never)]
    fn call<P: FnMut(&mut World, u64) -> u64>(pipeline: &mut P, world: &mut World, x: u64) -> u64 {
        pipeline(world, x)
    }

    pub(crate) fn route_6(runs: u64) -> impl FnMut() -> u64 {
        let mut world = world();
        let reg = world.registry();
        let mut route = PipelineStart::<u64>::new()
            .route(|kind| {
                kind.case(|x: &u64| x.is_multiple_of(8), reg, |x| x.then(|x: u64| x.wrapping_mul(3), reg))
                    .case(|x: &u64| x % 8 == 1, reg, |x| x.then(|x: u64| x ^ 0x5555, reg))
                    .case(|x: &u64| x % 8 == 2, reg, |x| x.then(|x: u64| x.rotate_left(7), reg))
                    .case(|x: &u64| x % 8 == 3, reg, |x| x.then(|x: u64| u64::from(x.count_ones()), reg))
                    .case(|x: &u64| x % 8 == 4, reg, |x| x.then(|x: u64| x.wrapping_add(99), reg))
                    .or(|x| x.then(|x: u64| !x, reg))
            })
            .build();
        let mut route = black_box(move |world: &mut World, x| route.run(world, x));
        move || (0..runs).fold(0_u64, |sum, x| sum.wrapping_add(call(&mut route, &mut world, black_box(x))))
    }

    pub(crate) fn diamond(runs: u64) -> impl FnMut() -> u64 {
        let mut world = world();
        let reg = world.registry();
        let mut dag = DagStart::<u64>::new()
            .root(|x: u64| x.wrapping_mul(7), reg)
            .fork()
            .arm(|x| x.then(|bias: Res<Bias>, x: &u64| x.wrapping_add(bias.0), reg))
            .arm(|x| x.then(|x: &u64| x >> 3, reg))
            .merge(
                |mut total: ResMut<Total>, a: &u64, b: &u64| {
                    total.0 = total.0.wrapping_add(a ^ b);
                    a ^ b
                },
                reg,
            )
            .build();
        let mut dag = black_box(move |world: &mut World, x| dag.run(world, x));
        move || {
            let sum = (0..runs).fold(0_u64, |sum, x| sum.wrapping_add(call(&mut dag, &mut world, x)));
            sum.wrapping_add(world.resource::<Total>().0)
        }
    }

    pub(crate) fn slice(runs: u64) -> impl FnMut() -> u64 {
        let mut world = world();
        let reg = world.registry();
        let items: Vec<u64> = (0..runs).collect();
        let mut sum = PipelineStart::<&u64>::borrowed().then(|x: &u64| x ^ (x << 3), reg).then(add, reg).build();
        move || {
            sum.run_each(&mut world, black_box(&items));
            world.resource::<Total>().0
        }
    }

    pub(crate) fn buffer(runs: u64) -> impl FnMut() -> u64 {
        let mut world = world();
        let reg = world.registry();
        let items: Vec<u64> = (0..runs).collect();
        let mut batch =
            PipelineStart::<u64>::new().then(|x: u64| x ^ (x << 3), reg).then(add, reg).build_batch(items.len());
        move || {
            batch.input_mut().extend_from_slice(black_box(&items));
            batch.run(&mut world);
            world.resource::<Total>().0
        }
    }
}

/// By hand.
pub(crate) mod by_hand {
    use std::hint::black_box;

    #[derive(Default)]
    struct Cell {
        changed_at: u64,
        value: u64,
    }

    impl Cell {
        fn add(&mut self, now: u64, x: u64) {
            self.changed_at = now;
            self.value = self.value.wrapping_add(x);
        }
    }

    #[inline(never)]
    fn matched(x: u64) -> u64 {
        match x % 8 {
            0 => x.wrapping_mul(3),
            1 => x ^ 0x5555,
            2 => x.rotate_left(7),
            3 => u64::from(x.count_ones()),
            4 => x.wrapping_add(99),
            _ => !x,
        }
    }

    pub(crate) fn route_6(runs: u64) -> impl FnMut() -> u64 {
        move || (0..runs).fold(0_u64, |sum, x| sum.wrapping_add(matched(black_box(x))))
    }

    #[inline(never)]
    fn diamond_of(bias: &Cell, total: &mut Cell, now: u64, x: u64) -> u64 {
        let x = x.wrapping_mul(7);
        let merged = x.wrapping_add(bias.value) ^ (x >> 3);
        total.add(now, merged);
        merged
    }

    pub(crate) fn diamond(runs: u64) -> impl FnMut() -> u64 {
        let (bias, mut total) = (Box::new(Cell { changed_at: 0, value: 3 }), Box::<Cell>::default());
        let now = black_box(1);
        move || {
            let sum = (0..runs).fold(0_u64, |sum, x| sum.wrapping_add(diamond_of(&bias, &mut total, now, x)));
            sum.wrapping_add(total.value)
        }
    }

    #[inline(never)]
    fn add_all(total: &mut Cell, now: u64, items: &[u64]) {
        for x in items {
            total.add(now, x ^ (x << 3));
        }
    }

    pub(crate) fn slice(runs: u64) -> impl FnMut() -> u64 {
        let items: Vec<u64> = (0..runs).collect();
        let mut total = Box::<Cell>::default();
        move || {
            add_all(&mut total, black_box(1), black_box(&items));
            total.value
        }
    }

    /// Copies into a buffer first, as a driver fills one.
    pub(crate) fn buffer(runs: u64) -> impl FnMut() -> u64 {
        let items: Vec<u64> = (0..runs).collect();
        let mut buffer = Vec::with_capacity(items.len());
        let mut total = Box::<Cell>::default();
        move || {
            buffer.extend_from_slice(black_box(&items));
            add_all(&mut total, black_box(1), &buffer);
            buffer.clear();
            total.value
        }
    }
}
