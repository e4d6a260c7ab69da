//! `Key`: a handle to one resource, for drivers and for `main`.

use std::any::type_name;
use std::fmt;

use super::World;
use super::cell::CellPtr;
use super::id::WorldId;
use super::res::ResMut;

/// Accesses one resource of one world with a check and a load, without a lookup by type.
///
/// A driver takes its keys when it is installed ([`WorldBuilder::key`](crate::WorldBuilder::key)) and uses them in
/// every poll. A key is `Copy` and may outlive its world. It panics if it is used with another world.
///
/// ```
/// use nexus_rt::WorldBuilder;
///
/// let mut builder = WorldBuilder::new();
/// builder.register(vec![1_u8, 2]);
/// let bytes = builder.key::<Vec<u8>>();
/// let mut world = builder.build();
///
/// bytes.get_mut(&mut world).push(3);
/// assert_eq!(bytes.get(&world), &[1, 2, 3]);
/// ```
pub struct Key<T> {
    world: WorldId,
    cell: CellPtr<T>,
}

impl<T: Send + 'static> Key<T> {
    pub(super) fn new(world: WorldId, cell: CellPtr<T>) -> Self {
        Self { world, cell }
    }

    /// Borrows the resource.
    ///
    /// # Panics
    /// If `world` is not the world that the key was taken from.
    #[inline]
    #[track_caller]
    #[must_use]
    pub fn get<'w>(&self, world: &'w World) -> &'w T {
        match world.cell(self.world, self.cell) {
            Some(cell) => &cell.value,
            None => foreign::<T>(self.world, world.world_id()),
        }
    }

    /// Borrows the resource mutably. A write through the result stamps it.
    ///
    /// # Panics
    /// If `world` is not the world that the key was taken from.
    #[inline]
    #[track_caller]
    #[must_use]
    pub fn get_mut<'w>(&self, world: &'w mut World) -> ResMut<'w, T> {
        let found = world.world_id();
        match world.cell_mut(self.world, self.cell) {
            Some(resource) => resource,
            None => foreign::<T>(self.world, found),
        }
    }

    /// Borrows the resource mutably, unless the key was taken from another world.
    #[cfg(feature = "mio")]
    pub(super) fn try_get_mut<'w>(&self, world: &'w mut World) -> Option<ResMut<'w, T>> {
        world.cell_mut(self.world, self.cell)
    }
}

impl<T> Clone for Key<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Key<T> {}

impl<T> fmt::Debug for Key<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key<{}>(world {})", type_name::<T>(), self.world)
    }
}

#[cold]
#[track_caller]
fn foreign<T>(expected: WorldId, found: WorldId) -> ! {
    panic!(
        "a `Key<{}>` of world {expected} was used with world {found}: take the key from the builder of the world that \
         it is used with",
        type_name::<T>(),
    )
}
