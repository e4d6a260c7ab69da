use nexus_rt::{FlatVirtual, IntoCallback, Registry, flat};

fn main() {
    let world = nexus_rt::WorldBuilder::new().build();
    too_large(world.registry());
}

fn too_large(registry: &Registry) {
    let add = |sums: &mut [u64; 16], x: u64| sums[0] += x;
    let _: FlatVirtual<u64> = flat!(add.into_callback([0; 16], registry));
}
