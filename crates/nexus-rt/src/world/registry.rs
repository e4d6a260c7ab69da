//! `Registry`: the resources of a world, against which functions are resolved.
#![expect(unsafe_code, reason = "the one place where an erased cell gets its type back")]

use std::any::{TypeId, type_name};
use std::fmt;

use super::cell::{CellPtr, ErasedCell, OwnedCell};
use super::id::WorldId;
use super::key::Key;
use super::table::Table;
use crate::shutdown::Shutdown;

/// The number of a resource in its world: dense, in order of registration, from 0.
///
/// It identifies a resource in listings and messages; a [`Key`] accesses the value. [`Shutdown`], which every world has
/// without registering it, has a number above all others.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ResourceId(u32);

impl ResourceId {
    /// Returns the number as an index, which is below [`World::len`](crate::World::len) for what is registered.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// The number of the [`Shutdown`].
    const SHUTDOWN: Self = Self(u32::MAX);

    pub(super) fn from_index(index: usize) -> Self {
        let number = u32::try_from(index).ok().map(Self).filter(|id| *id < Self::SHUTDOWN);
        number.expect("a program has fewer than 2^32 - 1 types")
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The resources of one world by type, against which `into_handler`, `then` and the other builders resolve params.
///
/// Borrow it from [`World::registry`](crate::World::registry), from
/// [`WorldBuilder::registry`](crate::WorldBuilder::registry), or inside a handler as a
/// [`RegistryRef`](crate::RegistryRef). It knows types and identities but accesses no value, so it can be held while
/// handlers borrow resources. It stays on its thread (`!Send`, `!Sync`).
pub struct Registry {
    id: WorldId,
    table: Table,
    cells: Vec<Registered>,
    /// The [`Shutdown`], which is there without being registered.
    shutdown: Registered,
}

struct Registered {
    cell: OwnedCell,
    name: &'static str,
    size: usize,
}

impl Registered {
    fn new<T: Send + 'static>(value: T) -> Self {
        Self { cell: OwnedCell::new(value), name: type_name::<T>(), size: size_of::<T>() }
    }
}

impl Registry {
    pub(super) fn new() -> Self {
        let shutdown = Registered::new(Shutdown::default());
        let mut table = Table::default();
        table.insert(TypeId::of::<Shutdown>(), shutdown.cell.erased(), ResourceId::SHUTDOWN);
        Self { id: WorldId::next(), table, cells: Vec::new(), shutdown }
    }

    /// Returns the identity of the world that this registry belongs to.
    #[inline]
    #[must_use]
    pub fn world_id(&self) -> WorldId {
        *self.identity()
    }

    #[inline(always)]
    pub(super) fn identity(&self) -> &WorldId {
        &self.id
    }

    /// Returns the number of registered resources. The [`Shutdown`] of every world is not counted.
    #[must_use]
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// Returns whether nothing is registered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// Returns whether the world has a resource `T`.
    #[must_use]
    pub fn contains<T: 'static>(&self) -> bool {
        self.try_id::<T>().is_some()
    }

    /// Returns the number of resource `T`.
    ///
    /// # Panics
    /// If no `T` is registered.
    #[track_caller]
    #[must_use]
    pub fn id<T: 'static>(&self) -> ResourceId {
        registered::<T, _>(self.try_id::<T>())
    }

    /// Returns the number of resource `T`, or `None` if no `T` is registered.
    #[must_use]
    pub fn try_id<T: 'static>(&self) -> Option<ResourceId> {
        self.table.find(TypeId::of::<T>()).map(|entry| entry.id)
    }

    /// Returns a key that accesses resource `T` without a lookup.
    ///
    /// # Panics
    /// If no `T` is registered.
    #[track_caller]
    #[must_use]
    pub fn key<T: Send + 'static>(&self) -> Key<T> {
        let (cell, _) = registered::<T, _>(self.find::<T>());
        Key::new(self.id, cell)
    }

    /// Iterates over the full type names of all registered resources, in order of registration.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.cells.iter().map(|registered| registered.name)
    }

    #[inline(always)]
    pub(crate) fn find<T: 'static>(&self) -> Option<(CellPtr<T>, ResourceId)> {
        let entry = self.table.find(TypeId::of::<T>())?;
        // SAFETY: `find` returns the entry of the id that it is asked for; the only writers of the table are `new` and
        // `insert`, through `insert_cell`, and both pair the type's id with a cell of that type.
        let cell = unsafe { entry.cell.typed::<T>() };
        Some((cell, entry.id))
    }

    /// Returns whether there is a resource of the type with this id. Not inlined, for callers whose code size matters.
    #[inline(never)]
    pub(crate) fn has(&self, type_id: TypeId) -> bool {
        self.table.find(type_id).is_some()
    }

    pub(super) fn insert<T: Send + 'static>(&mut self, value: T) -> ResourceId {
        self.insert_cell(TypeId::of::<T>(), Registered::new(value))
    }

    /// Adds a cell, which must hold a value of the type with this id: [`find`](Self::find) relies on it. This is
    /// compiled once for all types.
    #[inline(never)]
    fn insert_cell(&mut self, type_id: TypeId, registered: Registered) -> ResourceId {
        let id = ResourceId::from_index(self.cells.len());
        let erased = registered.cell.erased();
        // Owned first: the table must never hold a cell that nobody owns.
        self.cells.push(registered);
        self.table.insert(type_id, erased, id);
        id
    }

    /// Iterates over what is registered, and then returns the [`Shutdown`].
    pub(super) fn listing(&self) -> impl Iterator<Item = (ResourceId, &'static str, usize, ErasedCell)> {
        let numbers = (0..self.cells.len()).map(ResourceId::from_index).chain([ResourceId::SHUTDOWN]);
        let listed = self.cells.iter().chain([&self.shutdown]);
        numbers.zip(listed).map(|(id, listed)| (id, listed.name, listed.size, listed.cell.erased()))
    }

    /// Drops the values in reverse order of registration: a resource may rely on those registered before it. The
    /// [`Shutdown`] is dropped after all of them.
    pub(super) fn clear(&mut self) {
        while self.cells.pop().is_some() {}
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry")
            .field("world", &self.id.to_string())
            .field("resources", &self.names().collect::<Vec<_>>())
            .finish()
    }
}

/// Returns what was found for `T`.
///
/// # Panics
/// If nothing was found.
#[inline]
#[track_caller]
pub(super) fn registered<T, Found>(found: Option<Found>) -> Found {
    match found {
        Some(found) => found,
        None => not_registered(type_name::<T>()),
    }
}

#[cold]
#[track_caller]
fn not_registered(name: &str) -> ! {
    panic!(
        "no `{name}` is registered in this world: register one with `WorldBuilder::register`, or install the driver or \
         plugin that brings it, before `build`"
    )
}
