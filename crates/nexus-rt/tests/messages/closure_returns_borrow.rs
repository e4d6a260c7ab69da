use nexus_rt::{PipelineStart, WorldBuilder};

fn main() {
    let world = WorldBuilder::new().build();
    let reg = world.registry();
    let _ = PipelineStart::<&str>::borrowed().then(|s: &str| s.trim(), reg).build();
}
