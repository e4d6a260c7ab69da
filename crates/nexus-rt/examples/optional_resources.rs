//! How does a function use a resource that may be missing?
//!
//! `cargo run --example optional_resources`

use nexus_rt::{Handler, IntoHandler, Res, ResMut, World, WorldBuilder};

#[derive(Default)]
struct Metrics {
    trades: u32,
}

struct Fee(u32);

/// Works with or without either resource.
fn on_trade(fee: Option<Res<Fee>>, metrics: Option<ResMut<Metrics>>, price: u32) {
    let fee = fee.map_or(0, |fee| fee.0);
    if let Some(mut metrics) = metrics {
        metrics.trades += 1;
    }
    println!("{price} and {fee} of fee");
}

/// Requires the resource, and reports its absence before the first event.
fn report(metrics: Res<Metrics>, (): ()) {
    println!("{} trades", metrics.trades);
}

fn run(name: &str, mut world: World) {
    println!("{name}:");
    let mut trade = on_trade.into_handler(world.registry());
    trade.run(&mut world, 100);
    match report.try_into_handler(world.registry()) {
        Ok(mut report) => report.run(&mut world, ()),
        Err(error) => println!("{error}"),
    }
}

fn main() {
    let mut builder = WorldBuilder::new();
    builder.register(Fee(2));
    builder.register_default::<Metrics>();
    run("with both", builder.build());
    run("with neither", WorldBuilder::new().build());
}
