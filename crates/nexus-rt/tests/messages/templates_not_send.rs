use std::marker::PhantomData;
use std::rc::Rc;

use nexus_rt::{HandlerTemplate, Registry, handler_blueprint};

handler_blueprint!(OnTick, Event = u32, Params = ());

/// Says on which thread it may be.
#[derive(Clone, Copy)]
struct OnThisThread(PhantomData<Rc<u8>>);

impl OnThisThread {
    fn check(self) {}
}

fn main() {}

fn sends_a_token(registry: &Registry, token: OnThisThread) {
    let _ = HandlerTemplate::<OnTick>::new(move |_: u32| token.check(), registry);
}
