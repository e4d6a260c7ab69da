use nexus_rt::{Handler, IntoHandler, PipelineStart, ResMut, WorldBuilder};

fn check(mut n: ResMut<u64>, event: u32) -> Result<(), String> {
    *n += u64::from(event);
    Ok(())
}

fn main() {
    let world = WorldBuilder::new().build();
    let reg = world.registry();
    let _ = check.into_handler(reg);
    let pipeline = PipelineStart::<u32>::new().then(check, reg).build();
    takes_handler(pipeline);
}

fn takes_handler(_: impl Handler<u32>) {}
