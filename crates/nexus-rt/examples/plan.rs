//! How is a handler wired?
//!
//! `cargo run --example plan`, optionally with `-- dot`, `-- mermaid` or `-- json`
//!
//! A plan shows each function of a handler, what it reads and writes, and how values flow.

use nexus_rt::{DagStart, Describe, Res, ResMut, World, WorldBuilder};

struct Limits {
    largest: u64,
}

#[derive(Default)]
struct Position(u64);

#[derive(Default)]
struct Log(Vec<String>);

struct Order {
    price: u64,
    quantity: u64,
}

fn decode(line: &str) -> Option<Order> {
    let (price, quantity) = line.split_once(' ')?;
    Some(Order { price: price.parse().ok()?, quantity: quantity.parse().ok()? })
}

fn note_bad_line(mut log: ResMut<Log>) {
    log.0.push("not an order".into());
}

fn is_small(limits: Res<Limits>, order: &Order) -> bool {
    order.quantity <= limits.largest
}

fn notional(order: &Order) -> Option<u64> {
    order.price.checked_mul(order.quantity)
}

fn fill(mut position: ResMut<Position>, order: &Order) -> u64 {
    position.0 += order.quantity;
    position.0
}

fn report(mut log: ResMut<Log>, notional: &Option<u64>, position: &Option<u64>) {
    log.0.push(format!("{notional:?} {position:?}"));
}

fn main() {
    let mut builder = WorldBuilder::new();
    builder.register(Limits { largest: 10 });
    builder.register_default::<Position>();
    builder.register_default::<Log>();
    let mut world: World = builder.build();

    let reg = world.registry();
    let mut orders = DagStart::<&str>::borrowed()
        .root(decode, reg)
        .on_none(note_bad_line, reg)
        .filter(is_small, reg)
        .fork()
        .arm(|order| order.as_ref().and_then(notional, reg))
        .arm(|order| order.as_ref().map(fill, reg))
        .merge(report, reg)
        .build();

    for line in ["100 5", "nonsense", "101 50", "102 6"] {
        orders.run(&mut world, line);
    }

    let plan = orders.plan();
    match std::env::args().nth(1).as_deref() {
        Some("dot") => print!("{}", plan.to_dot()),
        Some("mermaid") => print!("{}", plan.to_mermaid()),
        Some("json") => println!("{}", plan.to_json()),
        _ => print!("{plan}\n{}\n", world.resource::<Log>().0.join("\n")),
    }
}
