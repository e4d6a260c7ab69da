use nexus_rt::{PipelineStart, Res, WorldBuilder};

struct Order;
struct Fill;

fn decode(_bytes: Vec<u8>) -> Order {
    Order
}

fn book(_limit: Res<u32>, _fill: Fill) {}

fn wrong(_fill: &Fill) -> bool {
    true
}

fn main() {
    let world = WorldBuilder::new().build();
    let reg = world.registry();
    let _ = PipelineStart::<Vec<u8>>::new().then(decode, reg).then(book, reg);
    let _ = PipelineStart::<Vec<u8>>::new().then(decode, reg).guard(wrong, reg);
    let _ = PipelineStart::<Option<Order>>::new().map(book, reg);
}
