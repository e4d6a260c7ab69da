//! What does a whole program look like?
//!
//! `cargo run --example gateway`
//!
//! This is the program in the README: it checks orders, then fills or rejects them.

use nexus_rt::{Describe, Handler, IntoHandler, PipelineStart, Res, ResMut, WorldBuilder};

struct Limit(u64);

#[derive(Default)]
struct Position(u64);

struct TooLarge(u64);

// Functions say what they need. Params come first, the event comes last.
fn check(limit: Res<Limit>, quantity: u64) -> Result<u64, TooLarge> {
    if quantity <= limit.0 { Ok(quantity) } else { Err(TooLarge(quantity)) }
}

fn reject(mut log: ResMut<Vec<String>>, error: TooLarge) {
    log.push(format!("{} is too large", error.0));
}

fn fill(mut position: ResMut<Position>, quantity: &u64) {
    position.0 += *quantity;
}

fn main() {
    // Build: one value per type; any `T: Send + 'static` will do.
    let mut builder = WorldBuilder::new();
    builder.register(Limit(100));
    builder.register_default::<Position>();
    builder.register(Vec::<String>::new());
    let mut world = builder.build();

    // Resolve: what is missing or in conflict is said here, all of it, before the first event.
    let reg = world.registry();
    let mut orders = PipelineStart::<u64>::new()
        .then(check, reg) // u64 -> Result<u64, TooLarge>
        .catch(reject, reg) // the error ends here: Option<u64>
        .map(fill, reg) // takes a reference, as its signature says
        .build();
    let mut report = (|position: Res<Position>, log: Res<Vec<String>>, name: &str| {
        println!("{name}: {} filled, {} rejected", position.0, log.len());
    })
    .into_handler(reg);

    // Run: dispatch looks nothing up and allocates nothing.
    for quantity in [60, 101, 30] {
        world.next_sequence();
        orders.run(&mut world, quantity);
    }
    report.run(&mut world, "eod");
    assert_eq!((world.resource::<Position>().0, world.resource::<Vec<String>>().len()), (90, 1));

    print!("{}", orders.plan());
}
