//! Resources of eight types, for the `perf_` examples that count params.

use nexus_rt::WorldBuilder;

/// A resource type per number.
pub(crate) struct V<const N: usize>(pub(crate) u64);

/// Returns a builder with eight resources, from `V::<0>(1)` to `V::<7>(8)`.
pub(crate) fn builder() -> WorldBuilder {
    let mut builder = WorldBuilder::new();
    builder.register(V::<0>(1));
    builder.register(V::<1>(2));
    builder.register(V::<2>(3));
    builder.register(V::<3>(4));
    builder.register(V::<4>(5));
    builder.register(V::<5>(6));
    builder.register(V::<6>(7));
    builder.register(V::<7>(8));
    builder
}
