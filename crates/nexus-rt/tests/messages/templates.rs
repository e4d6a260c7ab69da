use nexus_rt::{
    CallbackTemplate, HandlerTemplate, Local, Res, ResMut, Registry, callback_blueprint, handler_blueprint,
};

handler_blueprint!(OnTick, Event = u32, Params = (ResMut<'static, u64>,));
callback_blueprint!(OnTimer, Context = String, Event = u32, Params = (Res<'static, u64>,));

// What is kept must be `Copy`.
handler_blueprint!(Remembers, Event = u32, Params = (Local<'static, Vec<u32>>,));

// A param that is none.
handler_blueprint!(NoParam, Event = u32, Params = (u64,));

fn other_event(_: ResMut<u64>, _: String) {}

fn other_params(_: Res<u64>, _: u32) {}

fn no_context(_: Res<u64>, _: u32) {}

fn gives(_: ResMut<u64>, event: u32) -> u32 {
    event
}

fn main() {}

fn functions(registry: &Registry) {
    let _ = HandlerTemplate::<OnTick>::new(other_event, registry);
    let _ = HandlerTemplate::<OnTick>::new(other_params, registry);
    let _ = HandlerTemplate::<OnTick>::new(gives, registry);
    let _ = CallbackTemplate::<OnTimer>::new(no_context, registry);
}

fn captures(registry: &Registry, name: String) {
    let _ = HandlerTemplate::<OnTick>::new(move |_: ResMut<u64>, _: u32| println!("{name}"), registry);
}

fn no_blueprint(registry: &Registry) {
    fn tick(_: ResMut<u64>, _: u32) {}
    let _ = HandlerTemplate::<OnTimer>::new(tick, registry);
    let _ = CallbackTemplate::<OnTick>::new(tick, registry);
}
