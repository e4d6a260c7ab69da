//! `ResolveError`: everything that is missing and every conflict in a list of params, by name.
//!
//! The requests of params are collected here only if a list cannot be resolved. The functions that do so are not
//! generic: they are compiled once instead of for every list.

use std::any::{TypeId, type_name};
use std::fmt;

use super::Param;
use super::access::AccessKind;
use crate::names::short;
use crate::world::Registry;

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
    /// Returns the full name of the function that could not be resolved.
    #[must_use]
    pub fn function(&self) -> &'static str {
        self.0.function
    }

    /// Returns the resources that are not registered.
    #[must_use]
    pub fn missing(&self) -> &[Missing] {
        &self.0.missing
    }

    /// Returns the pairs of parameters that must not borrow the same resource.
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
        if self.0.missing.is_empty() && self.0.conflicts.is_empty() {
            f.write_str("\n  a parameter has no state and does not say what it asks for, see `Param::requests`")?;
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
    /// Returns the full name of the missing resource's type.
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

/// Two parameters of one function that access the same resource, at least one of them for writing.
#[derive(Clone, Copy, Debug)]
pub struct Conflict {
    resource: &'static str,
    first: (Place, AccessKind),
    second: (Place, AccessKind),
}

impl Conflict {
    /// Returns the full name of the resource's type.
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

/// The position of a parameter in a list.
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

/// The requests of a function's params, for messages if the function cannot be resolved. The library creates it, and
/// params pass it on.
#[derive(Debug, Default)]
pub struct Requests(Vec<Request>);

/// The request for one resource.
#[derive(Debug)]
struct Request {
    place: Place,
    kind: AccessKind,
    /// Whether the resource may be missing.
    optional: bool,
    type_id: TypeId,
    resource: &'static str,
}

impl Requests {
    #[inline(always)]
    pub(super) fn add<T: 'static>(&mut self, kind: AccessKind, optional: bool) {
        self.push(kind, optional, TypeId::of::<T>(), type_name::<T>());
    }

    #[inline(never)]
    fn push(&mut self, kind: AccessKind, optional: bool, type_id: TypeId, resource: &'static str) {
        self.0.push(Request { place: Place::default(), kind, optional, type_id, resource });
    }

    /// Adds the requests of the parameter `P`, which is at `position`.
    #[inline(always)]
    pub(super) fn add_param<P: Param>(&mut self, position: usize) {
        self.push_all(P::requests, position, type_name::<P>());
    }

    #[inline(never)]
    fn push_all(&mut self, requests: fn(&mut Self), position: usize, param: &'static str) {
        let mark = self.0.len();
        requests(self);
        self.0[mark..].iter_mut().for_each(|request| request.place = Place { position, param });
    }
}

impl ResolveError {
    /// Returns everything that is wrong with the requests of the params of `function`. The first param is at position
    /// `first`.
    #[cold]
    #[inline(never)]
    pub(crate) fn of(registry: &Registry, function: &'static str, first: usize, requests: fn(&mut Requests)) -> Self {
        let mut list = Requests::default();
        requests(&mut list);
        list.0.iter_mut().for_each(|request| request.place.position += first);
        let (there, missing): (Vec<_>, Vec<_>) = list.0.iter().partition(|request| registry.has(request.type_id));

        let missing =
            missing.into_iter().filter(|request| !request.optional).map(|&Request { place, resource, .. }| {
                let lookalike = registry.names().find(|name| *name != resource && short(name) == short(resource));
                Missing { place, resource, lookalike }
            });
        let pairs = there.iter().enumerate().flat_map(|(n, one)| there[n + 1..].iter().map(move |two| (one, two)));
        let conflicts =
            pairs.filter(|(one, two)| one.type_id == two.type_id && one.kind.excludes(two.kind)).map(|(one, two)| {
                Conflict { resource: one.resource, first: (one.place, one.kind), second: (two.place, two.kind) }
            });
        Self(Box::new(Problems { function, missing: missing.collect(), conflicts: conflicts.collect() }))
    }
}
