use nexus_rt::{IntoHandler, Res, WorldBuilder};

fn book(_limit: Res<u32>, _book: &mut u64, _order: u8) {}

fn main() {
    let world = WorldBuilder::new().build();
    let _ = book.into_handler(world.registry());
}
