use nexus_rt::{CallbackTemplate, HandlerTemplate, Registry, callback_blueprint, handler_blueprint, no_event};

handler_blueprint!(OnTick, Event = u32, Params = ());
callback_blueprint!(OnTimer, Context = u64, Event = u32, Params = ());

fn tick(_: u32) {}

fn main() {
    let world = nexus_rt::WorldBuilder::new().build();
    captures_what_is_copy(world.registry(), 5);
    takes_a_function_pointer(world.registry());
    captures_beside_a_context(world.registry(), 5);
}

fn captures_what_is_copy(registry: &Registry, limit: u32) {
    let _ = HandlerTemplate::<OnTick>::new(move |tick: u32| assert!(tick < limit), registry);
}

fn takes_a_function_pointer(registry: &Registry) {
    let _ = HandlerTemplate::<OnTick>::new(tick as fn(u32), registry);
}

fn captures_beside_a_context(registry: &Registry, by: u64) {
    let _ = CallbackTemplate::<OnTimer>::new(no_event(move |sum: &mut u64| *sum += by), registry);
}
