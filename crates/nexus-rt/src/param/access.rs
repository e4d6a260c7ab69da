//! Access sets: which resources a function reads and writes.

use std::any::type_name;

use crate::world::{CellPtr, ErasedCell};

/// Whether a param reads or writes its resource.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AccessKind {
    /// Reads: `Res<T>`.
    Read,
    /// Reads and writes: `ResMut<T>`.
    Write,
}

impl AccessKind {
    /// Returns whether two accesses to the same resource exclude each other.
    pub(super) fn excludes(self, other: Self) -> bool {
        self == Self::Write || other == Self::Write
    }
}

/// One access of a function to a resource.
#[derive(Clone, Copy)]
pub struct Access {
    pub(crate) cell: ErasedCell,
    kind: AccessKind,
    resource: &'static str,
}

impl Access {
    pub(super) fn new<T>(kind: AccessKind, cell: CellPtr<T>) -> Self {
        Self { cell: cell.erase(), kind, resource: type_name::<T>() }
    }

    /// Returns whether it reads or writes.
    #[must_use]
    pub fn kind(&self) -> AccessKind {
        self.kind
    }

    /// Returns the full name of the resource's type.
    #[must_use]
    pub fn resource(&self) -> &'static str {
        self.resource
    }

    /// Returns whether both access the same resource and at least one of them writes it.
    pub(super) fn conflicts_with(&self, other: &Self) -> bool {
        self.cell == other.cell && self.kind.excludes(other.kind)
    }
}

impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {}", self.kind, self.resource)
    }
}
