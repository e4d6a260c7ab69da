use nexus_rt::{IntoHandler, Local, WorldBuilder};

type L<'a> = Local<'a, u8>;

fn nine(_1: L, _2: L, _3: L, _4: L, _5: L, _6: L, _7: L, _8: L, _9: L, _event: u8) {}

fn main() {
    let world = WorldBuilder::new().build();
    let _ = nine.into_handler(world.registry());
}
