use nexus_rt::scheduler::{IntoSystem, SchedulerBuilder};
use nexus_rt::{Registry, Res};

fn gives(count: Res<u64>) -> u64 {
    *count
}

fn takes_an_event(_: Res<u64>, _: u32) -> bool {
    true
}

fn ready(_: Res<u64>) -> bool {
    true
}

fn main() {}

fn systems(registry: &Registry) {
    let _ = gives.into_system(registry);
    let _ = takes_an_event.into_system(registry);
    let mut systems = SchedulerBuilder::new();
    systems.add(ready);
}
