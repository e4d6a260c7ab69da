use std::rc::Rc;

use nexus_rt::{IntoHandler, Virtual, WorldBuilder};

fn main() {
    let world = WorldBuilder::new().build();
    let shared = Rc::new(5);
    let handler = (move |x: i32| assert_eq!(x, *shared)).into_handler(world.registry());
    let _boxed: Virtual<i32> = Box::new(handler);
}
