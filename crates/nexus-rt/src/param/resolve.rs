//! Resolving a list of params: finds what each one asks for, and whether two of them may conflict.

use super::Param;
use super::access::{Access, AccessKind};
use crate::world::{CellPtr, Registry, type_hash};

/// Observes the params of a function while they are resolved. The library creates it, and params pass it on.
#[derive(Debug, Default)]
pub struct Resolver {
    /// By type, which the compiler knows: if types do not collide, it removes the whole test.
    types: Seen,
    /// By the numbers of resources, for types that collide by chance.
    resources: Seen,
}

/// One bit for everything seen, and one for everything written. Two things may share a bit, so only the absence of a
/// collision is exact.
#[derive(Debug, Default)]
struct Seen {
    all: u64,
    writes: u64,
    /// The bits that may have been seen twice, at least once for writing.
    meet: u64,
}

impl Seen {
    #[inline(always)]
    fn note(&mut self, kind: AccessKind, number: usize) {
        let bit = 1 << (number % 64);
        // All bits or none: avoids a branch, which would be compiled for each param of each function.
        let writes = u64::from(kind == AccessKind::Write).wrapping_neg();
        self.meet |= bit & (self.writes | self.all & writes);
        self.writes |= bit & writes;
        self.all |= bit;
    }
}

impl Resolver {
    /// Finds the resource `T`, which will be fetched as `kind` says.
    #[inline(always)]
    pub(super) fn find<T: 'static>(&mut self, kind: AccessKind, registry: &Registry) -> Option<CellPtr<T>> {
        let (cell, id) = registry.find::<T>()?;
        self.types.note(kind, type_hash::<T>());
        self.resources.note(kind, id.index());
        Some(cell)
    }
}

/// The result of resolving a list of params.
#[derive(Debug)]
pub enum Resolution<State> {
    /// Everything is present, and no two params conflict.
    Clear(State),
    /// Everything is present, but two params may conflict: the [`Accesses`] of the state decide.
    MayConflict(State),
    /// A resource is missing.
    Missing,
}

/// Resolves `P` as a parameter list.
#[inline(always)]
pub(crate) fn resolve<P: Param>(registry: &Registry) -> Resolution<P::State> {
    let mut resolver = Resolver::default();
    match P::try_init(registry, &mut resolver) {
        None => Resolution::Missing,
        Some(state) if resolver.types.meet == 0 || resolver.resources.meet == 0 => Resolution::Clear(state),
        Some(state) => Resolution::MayConflict(state),
    }
}

/// The accesses of a state, in order.
// Not generic: compiled once instead of for every list of params.
#[derive(Debug, Default)]
pub(crate) struct Accesses {
    list: Vec<Access>,
    /// Whether one of them conflicts with an earlier one.
    pub(crate) conflict: bool,
}

impl Accesses {
    #[inline(never)]
    pub(crate) fn add(&mut self, access: Access) {
        self.conflict |= self.list.iter().any(|other| other.conflicts_with(&access));
        self.list.push(access);
    }
}
