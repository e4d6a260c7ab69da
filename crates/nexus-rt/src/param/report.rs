//! What goes wrong when a function is resolved: everything missing and every conflict, in one report.

use std::any::type_name;
use std::fmt;

use super::Param;
use super::access::{Access, AccessKind};
use crate::names::short;
use crate::world::{CellPtr, Registry, type_hash};

/// Follows the params of a function while they are resolved. Made by the library, passed on by params.
///
/// A function is resolved quickly first, in line, which may give up; then slowly and out of line, which tells why.
#[derive(Debug, Default)]
pub struct Report<'r> {
    /// By types, which the compiler knows: where types do not meet, it leaves the whole test out.
    types: Seen,
    /// By the numbers of resources, for types that meet by chance.
    resources: Seen,
    /// There when this is the second time.
    record: Option<&'r mut Record>,
}

/// A bit for everything that is read, and for everything that is written: two things may have the same. So it is exact when it
/// finds nothing.
#[derive(Debug, Default)]
struct Seen {
    reads: u64,
    writes: u64,
    /// What may have been seen twice, once for writing at least.
    meet: u64,
}

impl Seen {
    #[inline(always)]
    fn note(&mut self, kind: AccessKind, number: usize) {
        let bit = 1 << (number % 64);
        self.meet |= self.writes & bit;
        match kind {
            AccessKind::Read => self.reads |= bit,
            AccessKind::Write => {
                self.meet |= self.reads & bit;
                self.writes |= bit;
            }
        }
    }
}

#[derive(Debug, Default)]
struct Record {
    missing: Vec<Missing>,
    accesses: Vec<(Place, Access)>,
}

impl Report<'_> {
    /// The resource `T`, if there is one. It will be fetched as `kind` says.
    #[inline(always)]
    pub(super) fn find<T: 'static>(&mut self, kind: AccessKind, registry: &Registry) -> Option<CellPtr<T>> {
        if let Some(record) = &mut self.record {
            let (cell, _) = registry.find_slowly::<T>()?;
            record.access(Access::new(kind, cell));
            return Some(cell);
        }
        let (cell, id) = registry.find::<T>()?;
        self.types.note(kind, type_hash::<T>());
        self.resources.note(kind, id.index());
        Some(cell)
    }

    #[inline(always)]
    pub(super) fn missing<T>(&mut self) {
        (self.types.meet, self.resources.meet) = (u64::MAX, u64::MAX);
        if let Some(record) = &mut self.record {
            record.missing(type_name::<T>());
        }
    }

    /// Whether there is no use in resolving the other params after one gave nothing.
    #[inline(always)]
    pub(super) fn gives_up(&self) -> bool {
        self.record.is_none()
    }

    /// How much is written down so far: what [`place`](Self::place) starts from.
    #[inline(always)]
    pub(super) fn mark(&self) -> (usize, usize) {
        self.record.as_ref().map_or((0, 0), |record| (record.missing.len(), record.accesses.len()))
    }

    /// Says that what was written down since `mark` belongs to the parameter `P` at `position`.
    #[inline(always)]
    pub(super) fn place<P>(&mut self, mark: (usize, usize), position: usize) {
        if let Some(record) = &mut self.record {
            record.place(mark, Place { position, param: type_name::<P>() });
        }
    }
}

/// Resolves `P` as a parameter list, or gives up because something may be wrong: [`resolve_slowly`] knows.
#[inline(always)]
pub(crate) fn resolve_quickly<P: Param>(registry: &Registry) -> Option<P::State> {
    let mut report = Report::default();
    let state = P::try_init(registry, &mut report)?;
    let right = report.types.meet == 0 || report.resources.meet == 0;
    right.then_some(state)
}

/// Resolves `P` as the parameter list of `function`, whose first param stands at position `first`, and writes everything down.
#[cold]
#[inline(never)]
pub(crate) fn resolve_slowly<P: Param>(
    registry: &Registry,
    function: &'static str,
    first: usize,
) -> Result<P::State, ResolveError> {
    let mut record = Record::default();
    let state = P::try_init(registry, &mut Report { record: Some(&mut record), ..Report::default() });
    record.verdict(registry, function, first)?;
    Ok(state.expect("a param that gives no state says what is missing"))
}

/// Not generic, so that it is compiled once and not for every list of params.
impl Record {
    #[inline(never)]
    fn access(&mut self, access: Access) {
        self.accesses.push((Place::default(), access));
    }

    #[inline(never)]
    fn missing(&mut self, resource: &'static str) {
        self.missing.push(Missing { place: Place::default(), resource, lookalike: None });
    }

    #[inline(never)]
    fn place(&mut self, mark: (usize, usize), here: Place) {
        self.missing[mark.0..].iter_mut().for_each(|missing| missing.place = here);
        self.accesses[mark.1..].iter_mut().for_each(|(place, _)| *place = here);
    }

    /// What is wrong, if anything is.
    #[inline(never)]
    fn verdict(self, registry: &Registry, function: &'static str, first: usize) -> Result<(), ResolveError> {
        let Self { mut missing, mut accesses } = self;
        for missing in &mut missing {
            missing.place.position += first;
            missing.lookalike =
                registry.names().find(|name| *name != missing.resource && short(name) == short(missing.resource));
        }
        accesses.iter_mut().for_each(|(place, _)| place.position += first);

        let pairs =
            accesses.iter().enumerate().flat_map(|(n, one)| accesses[n + 1..].iter().map(move |two| (one, two)));
        let conflicts: Vec<_> = pairs
            .filter(|((_, one), (_, two))| one.conflicts_with(two))
            .map(|(one, two)| Conflict {
                resource: one.1.resource(),
                first: (one.0, one.1.kind()),
                second: (two.0, two.1.kind()),
            })
            .collect();

        let right = missing.is_empty() && conflicts.is_empty();
        if right { Ok(()) } else { Err(ResolveError { function, missing, conflicts }) }
    }
}

/// Why a function could not be resolved: every missing resource and every conflict, not just the first.
///
/// The panicking builders (`into_handler`, `then`, ..) panic with its `Display`.
///
/// ```
/// use nexus_rt::{IntoHandler, Res, ResMut, WorldBuilder};
///
/// fn quote(_bid: Res<u64>, _ask: ResMut<i64>, _event: ()) {}
///
/// let world = WorldBuilder::new().build();
/// let error = quote.try_into_handler(world.registry()).unwrap_err();
/// assert_eq!(error.missing().len(), 2);
/// ```
#[derive(Debug)]
pub struct ResolveError {
    function: &'static str,
    missing: Vec<Missing>,
    conflicts: Vec<Conflict>,
}

impl ResolveError {
    /// The full name of the function that was to be resolved.
    #[must_use]
    pub fn function(&self) -> &'static str {
        self.function
    }

    /// The resources that are not registered.
    #[must_use]
    pub fn missing(&self) -> &[Missing] {
        &self.missing
    }

    /// The pairs of parameters that must not borrow the same resource.
    #[must_use]
    pub fn conflicts(&self) -> &[Conflict] {
        &self.conflicts
    }
}

impl fmt::Display for ResolveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` cannot be resolved against this world:", self.function)?;
        for missing in &self.missing {
            write!(f, "\n  {missing}")?;
        }
        for conflict in &self.conflicts {
            write!(f, "\n  {conflict}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ResolveError {}

/// A parameter whose resource is not registered.
#[derive(Clone, Debug)]
pub struct Missing {
    place: Place,
    resource: &'static str,
    lookalike: Option<&'static str>,
}

impl Missing {
    /// The full name of the missing resource's type.
    #[must_use]
    pub fn resource(&self) -> &'static str {
        self.resource
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: no `{}` is registered. Register one with `WorldBuilder::register`, or install the driver or plugin that \
             brings it, before this call; or take an `Option`",
            self.place, self.resource,
        )?;
        match self.lookalike {
            Some(name) => write!(f, ". There is a `{name}`, which is another type"),
            None => Ok(()),
        }
    }
}

/// Two parameters of one function that reach the same resource, at least one of them for writing.
#[derive(Clone, Copy, Debug)]
pub struct Conflict {
    resource: &'static str,
    first: (Place, AccessKind),
    second: (Place, AccessKind),
}

impl Conflict {
    /// The full name of the resource's type.
    #[must_use]
    pub fn resource(&self) -> &'static str {
        self.resource
    }
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { resource, first: (first_place, first), second: (second_place, second) } = self;
        let verb = |kind: &AccessKind| match kind {
            AccessKind::Read => "reads",
            AccessKind::Write => "writes",
        };
        let (first, second) = (verb(first), verb(second));
        if first_place == second_place {
            write!(f, "{first_place}: it {first} `{resource}` and also {second} it")?;
        } else {
            write!(f, "{first_place} {first} `{resource}`, which {second_place} {second}")?;
        }
        f.write_str(". Keep one of the two; `ResMut<T>` can read too")
    }
}

/// Where in a parameter list something stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Place {
    /// Counted from 0.
    position: usize,
    /// The type of the parameter there.
    param: &'static str,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "parameter {} (`{}`)", self.position + 1, short(self.param))
    }
}
