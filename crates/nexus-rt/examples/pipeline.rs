//! How do values, options and errors flow through a pipeline?
//!
//! `cargo run --example pipeline`

use nexus_rt::{Handler, PipelineStart, Res, ResMut, Virtual, WorldBuilder};

struct Limit(u32);

struct Order {
    id: u32,
    quantity: u32,
}

struct TooLarge {
    id: u32,
}

#[derive(Default)]
struct Filled(u32);

fn check(limit: Res<Limit>, order: Order) -> Result<Order, TooLarge> {
    if order.quantity <= limit.0 { Ok(order) } else { Err(TooLarge { id: order.id }) }
}

// It takes a reference here, but could also take the order by value.
fn reject(error: &TooLarge) {
    println!("order {} is too large", error.id);
}

fn fill(mut filled: ResMut<Filled>, order: Order) -> Option<u32> {
    filled.0 += order.quantity;
    order.quantity.checked_sub(1)
}

fn main() {
    let mut builder = WorldBuilder::new();
    builder.register(Limit(100));
    builder.register_default::<Filled>();
    let mut world = builder.build();
    let reg = world.registry();

    // Running a chain returns its output.
    let mut bare = PipelineStart::<u32>::new().then(|x: u32| x + 1, reg).then(|x: u32| x * 10, reg).build();

    // A chain without an output is a handler, so it can be boxed and stored beside others.
    let orders = PipelineStart::<Order>::new()
        .then(check, reg) // Order -> Result<Order, TooLarge>
        .catch(reject, reg) // errors end here -> Option<Order>
        .and_then(fill, reg) // -> Option<u32>
        .unwrap_or(0) // -> u32
        .then(|left: u32| println!("{left} left"), reg)
        .build();
    let mut orders: Virtual<Order> = Box::new(orders);

    println!("bare: {}", bare.run(&mut world, 4));
    for (id, quantity) in [(1, 60), (2, 101), (3, 0)] {
        world.next_sequence();
        orders.run(&mut world, Order { id, quantity });
    }
    println!("filled: {}", world.resource::<Filled>().0);
}
