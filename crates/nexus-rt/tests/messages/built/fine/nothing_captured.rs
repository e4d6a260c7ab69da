// What is refused beside this is refused by the compiler's last steps, which only a case that must pass makes trybuild
// take.
use nexus_rt::{FlatVirtual, HandlerTemplate, IntoHandler, WorldBuilder, flat, handler_blueprint};

handler_blueprint!(OnTick, Event = u32, Params = ());

fn main() {
    let world = WorldBuilder::new().build();
    let _ = HandlerTemplate::<OnTick>::new(|_: u32| {}, world.registry());
    let _: FlatVirtual<u32> = flat!((|_: u32| {}).into_handler(world.registry()));
}
