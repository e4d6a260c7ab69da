use nexus_rt::{DagStart, PipelineStart, WorldBuilder};

fn main() {
    let mut world = WorldBuilder::new().build();
    let reg = world.registry();
    let mut pipeline = PipelineStart::<u64>::new().then(|x: u64| x + 1, reg);
    pipeline.run(&mut world, 1);
    let _ = DagStart::<u64>::new().root(|x: u64| x, reg).fork().arm(|x| x.then(|x: u64| x + 1, reg));
}
