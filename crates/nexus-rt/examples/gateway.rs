//! What does a whole program look like?
//!
//! `cargo run --example gateway`
//!
//! This is the program in the README: it checks orders, then fills or rejects them.

use nexus_rt::{Describe, PipelineStart, Res, ResMut, WorldBuilder};

struct Limit(u64);
struct Position(u64);
struct TooLarge(u64);

// A signature says what a function needs: resources first, the event last.
fn check(limit: Res<Limit>, quantity: u64) -> Result<u64, TooLarge> {
    if quantity <= limit.0 { Ok(quantity) } else { Err(TooLarge(quantity)) }
}

fn reject(error: TooLarge) {
    println!("{} is too large", error.0);
}

fn fill(mut position: ResMut<Position>, quantity: u64) {
    position.0 += quantity;
}

fn main() {
    let mut builder = WorldBuilder::new(); // one value per type
    builder.register(Limit(100));
    builder.register(Position(0));
    let mut world = builder.build();

    let reg = world.registry();
    let mut orders = PipelineStart::<u64>::new()
        .then(check, reg) // u64 -> Result<u64, TooLarge>
        .catch(reject, reg) // the error ends here: Option<u64>
        .map(fill, reg)
        .build(); // what is missing was reported above, by name, before the first event

    for quantity in [60, 101, 30] {
        world.next_sequence(); // a new event begins
        orders.run(&mut world, quantity); // looks nothing up and allocates nothing
    }
    assert_eq!(world.resource::<Position>().0, 90);
    print!("{}", orders.plan()); // the wiring
}
