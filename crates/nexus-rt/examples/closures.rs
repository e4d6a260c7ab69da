//! Can a closure be a handler, a step or a callback, with params and with captures?
//!
//! `cargo run --example closures`

use nexus_rt::{Handler, IntoCallback, IntoHandler, PipelineStart, Res, ResMut, World, WorldBuilder};

struct Rate(u64);

fn main() {
    let mut builder = WorldBuilder::new();
    builder.register(Rate(3));
    builder.register(0_u64);
    let mut world = builder.build();
    let reg = world.registry();

    // Params first, each with its type; captures are free.
    let bonus = 100;
    let mut handler =
        (move |rate: Res<Rate>, mut total: ResMut<u64>, x: u64| *total += x * rate.0 + bonus).into_handler(reg);

    let mut seen = Vec::new();
    let mut borrowing = (|x: &str| seen.push(x.to_owned())).into_handler(reg);

    let mut callback = (|calls: &mut u32, total: Res<u64>, name: &str| {
        *calls += 1;
        println!("{name}: call {calls}, total {}", *total);
    })
    .into_callback(0, reg);

    let mut exclusive = (|world: &mut World, x: u64| *world.resource_mut::<u64>() += x).into_handler(reg);

    let mut pipeline = PipelineStart::<u64>::new()
        .then(|rate: Res<Rate>, x: u64| x * rate.0, reg)
        .guard(move |x: &u64| *x < bonus, reg)
        .map(|x: &u64| format!("{x}"), reg)
        .unwrap_or_else(|| "too much".to_owned(), reg)
        .build();

    handler.run(&mut world, 4);
    exclusive.run(&mut world, 8);
    callback.run(&mut world, "a");
    callback.run(&mut world, "b");
    borrowing.run(&mut world, "x");
    println!("{} {}", pipeline.run(&mut world, 5), pipeline.run(&mut world, 50));
    println!("seen {seen:?}, {} calls", callback.ctx);
}
