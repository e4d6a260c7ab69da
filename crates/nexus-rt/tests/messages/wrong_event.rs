use nexus_rt::{Handler, IntoHandler, ResMut, Virtual, WorldBuilder};

fn count(mut n: ResMut<u64>, event: u32) {
    *n += u64::from(event);
}

fn main() {
    let mut builder = WorldBuilder::new();
    builder.register(0_u64);
    let mut world = builder.build();

    let mut handler = count.into_handler(world.registry());
    handler.run(&mut world, "text");

    let _boxed: Virtual<&'static str> = Box::new(count.into_handler(world.registry()));
}
