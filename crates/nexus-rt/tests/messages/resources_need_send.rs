use std::rc::Rc;

use nexus_rt::{IntoHandler, Res, WorldBuilder};

fn read(_shared: Res<Rc<u8>>, _event: u32) {}

fn main() {
    let mut builder = WorldBuilder::new();
    builder.register(Rc::new(1_u8));
    let _ = read.into_handler(builder.registry());
}
