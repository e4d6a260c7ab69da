use nexus_rt::{Handler, IntoHandler, PipelineStart, Registry, ResMut, WorldBuilder};

fn counter(registry: &Registry) -> impl Handler<u64> {
    (|mut n: ResMut<u64>, x: u64| *n += x).into_handler(registry)
}

fn a_handler_that_borrows_the_registry() {
    let mut world = WorldBuilder::new().build();
    let mut counter = counter(world.registry());
    counter.run(&mut world, 1);
}

fn a_pipeline_over_references_of_one_lifetime() {
    let mut world = WorldBuilder::new().build();
    let mut pipeline = PipelineStart::<&str>::new().then(|_: &str| {}, world.registry()).build();
    let mut line = String::new();
    pipeline.run(&mut world, &line);
    line.clear();
    pipeline.run(&mut world, &line);
}

fn main() {}
