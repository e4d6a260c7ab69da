//! Resolving a list of params: finding what each asks for, and whether two of them may be in conflict.

use super::Param;
use super::access::{Access, AccessKind};
use crate::world::{CellPtr, Registry, type_hash};

/// Follows the params of a function while they are resolved. Made by the library, passed on by params.
#[derive(Debug, Default)]
pub struct Resolver {
    /// By types, which the compiler knows: where types do not meet, it leaves the whole test out.
    types: Seen,
    /// By the numbers of resources, for types that meet by chance.
    resources: Seen,
}

/// A bit for everything that is seen, and for everything that is written: two things may have the same. So it is exact
/// when it finds nothing.
#[derive(Debug, Default)]
struct Seen {
    all: u64,
    writes: u64,
    /// What may have been seen twice, once for writing at least.
    meet: u64,
}

impl Seen {
    #[inline(always)]
    fn note(&mut self, kind: AccessKind, number: usize) {
        let bit = 1 << (number % 64);
        // All bits or none: without a branch, which would be compiled for each param of each function.
        let writes = u64::from(kind == AccessKind::Write).wrapping_neg();
        self.meet |= bit & (self.writes | self.all & writes);
        self.writes |= bit & writes;
        self.all |= bit;
    }
}

impl Resolver {
    /// The resource `T`, which will be fetched as `kind` says.
    #[inline(always)]
    pub(super) fn find<T: 'static>(&mut self, kind: AccessKind, registry: &Registry) -> Option<CellPtr<T>> {
        let (cell, id) = registry.find::<T>()?;
        self.types.note(kind, type_hash::<T>());
        self.resources.note(kind, id.index());
        Some(cell)
    }
}

/// What came of resolving a list of params.
#[derive(Debug)]
pub enum Resolution<State> {
    /// All is there, and no two params conflict.
    Clear(State),
    /// All is there, but two params may conflict: the [`Accesses`] of the state tell.
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

/// The accesses of a state, one after the other.
// Not generic: compiled once, and not for every list of params.
#[derive(Debug, Default)]
pub(crate) struct Accesses {
    list: Vec<Access>,
    /// Whether one of them excludes one before.
    pub(crate) conflict: bool,
}

impl Accesses {
    #[inline(never)]
    pub(crate) fn add(&mut self, access: Access) {
        self.conflict |= self.list.iter().any(|other| other.conflicts_with(&access));
        self.list.push(access);
    }
}
