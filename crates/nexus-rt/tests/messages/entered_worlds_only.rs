use nexus_rt::{Handler, IntoHandler, PipelineStart, ResMut, World, WorldBuilder};

fn add(mut sum: ResMut<u64>, x: u64) {
    *sum += x;
}

fn run_a_step(world: &mut World) {
    let pipeline = PipelineStart::<u64>::new().then(add, world.registry());
    pipeline.steps.run(&mut (), world, 1);
}

fn name_a_step(_: impl nexus_rt::step::Step<(), u64>) {}

fn forge_a_proof(world: &mut World) {
    let _ = nexus_rt::call::Entered::enter(world);
}

fn call_a_resolved_function<M: nexus_rt::chain::Mode>(resolved: nexus_rt::chain::Resolved<fn(u64), M>, world: &mut World) {
    resolved.call(&mut (), world, (1,));
}

fn borrow_while_it_runs() {
    let mut world = WorldBuilder::new().build();
    let mut handler = add.into_handler(world.registry());
    let held = world.resource::<u64>();
    handler.run(&mut world, 1);
    assert_eq!(*held, 0);
}

fn main() {}
