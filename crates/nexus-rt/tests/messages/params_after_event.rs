use nexus_rt::{IntoHandler, ResMut, WorldBuilder};

struct Order;

fn book(_order: Order, _book: ResMut<u64>) {}

fn main() {
    let world = WorldBuilder::new().build();
    let _ = book.into_handler(world.registry());
}
