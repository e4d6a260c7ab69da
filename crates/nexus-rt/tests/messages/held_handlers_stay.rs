use nexus_rt::scheduler::{IntoSystem, SchedulerBuilder};
use nexus_rt::{
    Adapt, Broadcast, CatchAssertUnwindSafe, IntoCallback, IntoHandler, Owned, PipelineStart, World, fan_out,
};

fn look(_: &u64) {}

/// What was compared with what it is held beside is not swapped for what belongs to another world.
fn swap(here: &World, there: &World) {
    let (reg, foreign) = (here.registry(), || look.into_handler(there.registry()));

    let mut fan = fan_out!(look.into_handler(reg), look.into_handler(reg));
    fan.handlers.0 = foreign();

    let mut broadcast = Broadcast::<u64>::new();
    broadcast.add(look.into_handler(reg));
    for handler in &mut broadcast {
        *handler = Box::new(foreign());
    }

    let mut pipeline = PipelineStart::<&u64>::borrowed().dispatch(look.into_handler(reg)).build();
    pipeline.chain.steps = foreign();

    let mut builder = SchedulerBuilder::new();
    builder.add((|| {}).into_system(reg));
    let mut scheduler = builder.build().unwrap();
    for system in &mut scheduler {
        *system = Box::new((|| {}).into_system(there.registry()));
    }

    let mut callback = (|_: &mut u8, _: &u64| {}).into_callback(0, reg);
    std::mem::swap(&mut callback.step, &mut (|_: &mut u8, _: &u64| {}).into_callback(0, there.registry()).step);

    let mut adapted = Adapt::new(|x: u64| Some(x), (|_: u64| {}).into_handler(reg));
    adapted.handler = (|_: u64| {}).into_handler(there.registry());
    Owned::new((|_: u64| {}).into_handler(reg)).0 = (|_: u64| {}).into_handler(there.registry());
    CatchAssertUnwindSafe::new(look.into_handler(reg)).handler = foreign();
}

fn main() {}
