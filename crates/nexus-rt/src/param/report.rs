//! What goes wrong when a function is resolved: everything missing and every conflict, in one report.

use std::any::type_name;
use std::fmt;

use super::Param;
use super::access::{Access, AccessKind};
use crate::names::short;
use crate::world::{CellPtr, ErasedCell, Registry, type_hash};

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
struct Record(Vec<Noted>);

#[derive(Debug)]
struct Noted {
    place: Place,
    /// The access, or the name of the resource that is missing.
    found: Result<Access, &'static str>,
}

impl Report<'_> {
    /// The resource `T`, which will be fetched as `kind` says. There may be none if it is `optional`.
    #[inline(always)]
    pub(super) fn find<T: 'static>(
        &mut self,
        kind: AccessKind,
        optional: bool,
        registry: &Registry,
    ) -> Option<CellPtr<T>> {
        if let Some(record) = &mut self.record {
            let cell = registry.find_slowly::<T>();
            record.note(kind, optional, cell.map(CellPtr::erase), type_name::<T>());
            return cell;
        }
        match registry.find::<T>() {
            Some((cell, id)) => {
                self.types.note(kind, type_hash::<T>());
                self.resources.note(kind, id.index());
                Some(cell)
            }
            None if optional => None,
            // Whoever asked may go on without it; the quick way must not.
            None => {
                (self.types.meet, self.resources.meet) = (u64::MAX, u64::MAX);
                None
            }
        }
    }

    /// Whether there is no use in resolving the other params after one gave nothing.
    #[inline(always)]
    pub(super) fn gives_up(&self) -> bool {
        self.record.is_none()
    }

    /// How much is written down so far: what [`place`](Self::place) starts from.
    #[inline(always)]
    pub(super) fn mark(&self) -> usize {
        self.record.as_ref().map_or(0, |record| record.0.len())
    }

    /// Says that what was written down since `mark` belongs to the parameter `P` at `position`.
    #[inline(always)]
    pub(super) fn place<P>(&mut self, mark: usize, position: usize) {
        if let Some(record) = &mut self.record {
            record.place(mark, position, type_name::<P>());
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
    let mut state = None;
    resolve_recorded(registry, function, first, &mut |record| {
        state = P::try_init(registry, &mut Report { record: Some(record), ..Report::default() });
    })?;
    Ok(state.expect("a param that gives no state says what is missing"))
}

// What follows is not generic, so that it is compiled once and not for every list of params.

fn resolve_recorded(
    registry: &Registry,
    function: &'static str,
    first: usize,
    resolve: &mut dyn FnMut(&mut Record),
) -> Result<(), ResolveError> {
    let mut record = Record::default();
    resolve(&mut record);
    record.verdict(registry, function, first)
}

impl Record {
    #[inline(never)]
    fn note(&mut self, kind: AccessKind, optional: bool, cell: Option<ErasedCell>, resource: &'static str) {
        let found = cell.map(|cell| Access::of(kind, cell, resource)).ok_or(resource);
        if found.is_ok() || !optional {
            self.0.push(Noted { place: Place::default(), found });
        }
    }

    #[inline(never)]
    fn place(&mut self, mark: usize, position: usize, param: &'static str) {
        self.0[mark..].iter_mut().for_each(|noted| noted.place = Place { position, param });
    }

    /// What is wrong, if anything is.
    fn verdict(mut self, registry: &Registry, function: &'static str, first: usize) -> Result<(), ResolveError> {
        self.0.iter_mut().for_each(|noted| noted.place.position += first);

        let missing = self.0.iter().filter_map(|noted| {
            let resource = noted.found.err()?;
            let lookalike = registry.names().find(|name| *name != resource && short(name) == short(resource));
            Some(Missing { place: noted.place, resource, lookalike })
        });
        let accesses: Vec<_> = self.0.iter().filter_map(|noted| Some((noted.place, noted.found.ok()?))).collect();
        let pairs =
            accesses.iter().enumerate().flat_map(|(n, one)| accesses[n + 1..].iter().map(move |two| (one, two)));
        let conflicts = pairs.filter(|((_, one), (_, two))| one.conflicts_with(two)).map(|(one, two)| Conflict {
            resource: one.1.resource(),
            first: (one.0, one.1.kind()),
            second: (two.0, two.1.kind()),
        });

        let problems = Problems { function, missing: missing.collect(), conflicts: conflicts.collect() };
        let right = problems.missing.is_empty() && problems.conflicts.is_empty();
        if right { Ok(()) } else { Err(ResolveError(Box::new(problems))) }
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
pub struct ResolveError(Box<Problems>);

struct Problems {
    function: &'static str,
    missing: Vec<Missing>,
    conflicts: Vec<Conflict>,
}

impl ResolveError {
    /// The full name of the function that was to be resolved.
    #[must_use]
    pub fn function(&self) -> &'static str {
        self.0.function
    }

    /// The resources that are not registered.
    #[must_use]
    pub fn missing(&self) -> &[Missing] {
        &self.0.missing
    }

    /// The pairs of parameters that must not borrow the same resource.
    #[must_use]
    pub fn conflicts(&self) -> &[Conflict] {
        &self.0.conflicts
    }
}

impl fmt::Debug for ResolveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Problems { function, missing, conflicts } = &*self.0;
        f.debug_struct("ResolveError")
            .field("function", function)
            .field("missing", missing)
            .field("conflicts", conflicts)
            .finish()
    }
}

impl fmt::Display for ResolveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` cannot be resolved against this world:", self.0.function)?;
        for missing in &self.0.missing {
            write!(f, "\n  {missing}")?;
        }
        for conflict in &self.0.conflicts {
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
