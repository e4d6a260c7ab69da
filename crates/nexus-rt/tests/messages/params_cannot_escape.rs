use nexus_rt::{IntoHandler, Local, PipelineStart, Registry, Res, ResMut};

type Store = Option<&'static u64>;

fn into_a_resource(value: Res<u64>, mut store: ResMut<Store>, _: ()) {
    *store = Some(value.into_inner());
}

fn as_static(value: Res<'static, u64>, mut store: ResMut<Store>, _: ()) {
    *store = Some(value.into_inner());
}

fn through_the_event<'a>(value: Res<'a, u64>, out: &mut Option<&'a u64>) {
    *out = Some(value.into_inner());
}

fn as_output<'a>(value: Res<'a, u64>, _: u8) -> &'a u64 {
    value.into_inner()
}

fn local_as_static(local: Local<'static, u64>, _: ()) {
    let _: &'static Local<'static, u64> = Box::leak(Box::new(local));
}

fn main() {}

fn resolve(reg: &Registry) {
    as_static.into_handler(reg);
    through_the_event.into_handler(reg);
    PipelineStart::<u8>::new().then(as_output, reg);
    local_as_static.into_handler(reg);
}
