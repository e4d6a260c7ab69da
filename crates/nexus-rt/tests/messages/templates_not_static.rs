use std::marker::PhantomData;

use nexus_rt::{HandlerTemplate, Registry, handler_blueprint};

handler_blueprint!(OnTick, Event = u32, Params = ());

/// Says how long it may be used.
#[derive(Clone, Copy)]
struct During<'a>(PhantomData<fn(&'a u8) -> &'a u8>);

impl During<'_> {
    fn check(self) {}
}

fn main() {}

fn keeps_a_token<'a>(registry: &Registry, token: During<'a>) -> HandlerTemplate<OnTick> {
    HandlerTemplate::<OnTick>::new(move |_: u32| token.check(), registry)
}
