//! `Describe`: what every handler and step reports about itself without running.

mod dot;
mod format;
mod graph;
mod json;
mod kind;
mod mermaid;
mod pattern;
mod plan;
mod text;

use std::any::type_name;

pub use format::{PlanFormat, UnknownPlanFormat};
pub use kind::Kind;
pub(crate) use plan::function_name;
pub use plan::{FunctionNode, Node, Plan};

use crate::param::Access;
use crate::sealed::Internal;
use crate::world::{World, WorldId};

/// What a handler reports about itself without running: its name, its functions, and what each reads and writes.
///
/// ```
/// use nexus_rt::{Describe, IntoHandler, Res, ResMut, WorldBuilder};
///
/// fn charge(fee: Res<u64>, mut total: ResMut<i64>, quantity: u64) {
///     *total += (*fee * quantity) as i64;
/// }
///
/// let mut builder = WorldBuilder::new();
/// builder.register(3_u64);
/// builder.register(0_i64);
/// let world = builder.build();
/// let handler = charge.into_handler(world.registry());
/// assert!(handler.name().ends_with("charge"));
/// assert_eq!(handler.plan().to_string(), "charge\n└─ charge  reads u64; writes i64\n");
/// ```
///
/// Every handler of this library implements it. For a handler written by hand, an empty implementation is enough:
/// `impl Describe for MyHandler {}`. A handler that runs other handlers passes the visitor on to them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not describe itself, as handlers must",
    note = "for a handler written by hand, this is enough: `impl Describe for {Self} {{}}`"
)]
pub trait Describe {
    /// Shows the functions of this handler to `visitor`, in the order in which they run. No world is accessed.
    ///
    /// By default, nothing is known of a handler written by hand, except that it receives the world. A handler that
    /// wants another name, or reports what it reads, shows a [`Function`] of its own.
    fn describe(&self, visitor: &mut dyn Visitor) {
        visitor.function(&Unknown(type_name::<Self>()));
    }

    /// Returns the name of its first function or, if it shows none, of its first part, such as `broadcast`.
    fn name(&self) -> &'static str
    where
        Self: Sized,
    {
        name_of(self)
    }

    /// Returns the wiring: every function, what it reads and writes, and how values flow between them. See [`Plan`].
    fn plan(&self) -> Plan
    where
        Self: Sized,
    {
        Plan::new(self)
    }

    /// Returns whether any resource that this handler reads was written during the current sequence.
    ///
    /// Resources that it only writes (`ResMut`) do not count. A handler that receives the whole world may read
    /// anything, so any write counts.
    ///
    /// ```
    /// use nexus_rt::{Describe, IntoHandler, Res, ResMut, WorldBuilder};
    ///
    /// fn requote(_mid: Res<u64>, _quotes: ResMut<Vec<u64>>, _event: ()) {}
    ///
    /// let mut builder = WorldBuilder::new();
    /// builder.register(100_u64);
    /// builder.register_default::<Vec<u64>>();
    /// let mut world = builder.build();
    /// let handler = requote.into_handler(world.registry());
    ///
    /// world.next_sequence();
    /// world.resource_mut::<Vec<u64>>().push(1);
    /// assert!(!handler.inputs_changed(&world));
    /// *world.resource_mut::<u64>() = 101;
    /// assert!(handler.inputs_changed(&world));
    /// world.next_sequence();
    /// assert!(!handler.inputs_changed(&world));
    /// ```
    ///
    /// # Panics
    /// If the handler was resolved against another world.
    #[track_caller]
    fn inputs_changed(&self, world: &World) -> bool
    where
        Self: Sized,
    {
        any_input_changed(world, self)
    }

    /// Returns the kind of step that a chain shows it as.
    #[doc(hidden)]
    fn step_kind(_: Internal) -> Kind
    where
        Self: Sized,
    {
        Kind::Then
    }
}

// The bodies of the provided methods, kept outside them: compiled once instead of for every handler.

pub(crate) fn name_of(handler: &dyn Describe) -> &'static str {
    #[derive(Default)]
    struct First {
        function: Option<&'static str>,
        part: Option<&'static str>,
    }
    impl Visitor for First {
        fn function(&mut self, function: &dyn Function) {
            self.function.get_or_insert(function.name());
        }

        fn open(&mut self, kind: Kind) {
            self.part.get_or_insert(kind.name());
        }
    }
    let mut first = First::default();
    handler.describe(&mut first);
    first.function.or(first.part).unwrap_or("something without functions")
}

#[track_caller]
fn any_input_changed(world: &World, handler: &dyn Describe) -> bool {
    let mut changed = Changed { world, foreign: None, any: false, anything: None };
    handler.describe(&mut changed);
    if let Some((name, expected)) = changed.foreign {
        foreign_world(name, expected, world);
    }
    changed.any
}

/// Looks for a function whose inputs changed, and for a function of another world.
struct Changed<'w> {
    world: &'w World,
    foreign: Option<(&'static str, WorldId)>,
    any: bool,
    /// Whether any resource changed, once a function was met that may read all of them.
    anything: Option<bool>,
}

impl Visitor for Changed<'_> {
    fn function(&mut self, function: &dyn Function) {
        match function.world_id() {
            Some(id) if id != self.world.world_id() => self.foreign = self.foreign.or(Some((function.name(), id))),
            _ if self.any => {}
            // All resources are examined once, not for each such function.
            _ if function.is_exclusive() && !*self.anything.get_or_insert_with(|| anything_changed(self.world)) => {}
            _ => self.any = function.inputs_changed(self.world),
        }
    }
}

/// Receives the functions of a handler: see [`Describe::describe`].
pub trait Visitor {
    /// Visits a function that runs.
    fn function(&mut self, function: &dyn Function);

    /// Begins a part of this kind. Everything up to the matching [`close`](Self::close) belongs to it.
    fn open(&mut self, _kind: Kind) {}

    /// Reports the pattern of the part opened last, which is a case of a `match`, as written in the source.
    fn pattern(&mut self, _pattern: &'static str) {}

    /// Reports that the part opened last, which is a system, runs only after others of the same scheduler.
    ///
    /// Each is given by its place in the order in which they are shown, from 0.
    fn after(&mut self, _systems: &[usize]) {}

    /// Marks the next function that is visited. With `None`, takes the mark back.
    ///
    /// By its mark, a handler around another one finds it in a [`Plan`]. A mark is a number that its owner chose, and
    /// [`FunctionNode::mark`] has it. A handler inside may mark the same function again. Most visitors ignore marks.
    fn mark(&mut self, _mark: Option<u64>) {}

    /// Ends the part opened last, with the full type name of its output, if it is known.
    fn close(&mut self, _output: Option<&'static str>) {}
}

/// Describes `part` as a part of this kind.
pub(crate) fn describe_within(visitor: &mut dyn Visitor, kind: Kind, part: &dyn Describe) {
    visitor.open(kind);
    describe_fenced(visitor, part);
    visitor.close(None);
}

/// Describes `part`, whose first function gets the mark, if there is one.
pub(crate) fn describe_marked(visitor: &mut dyn Visitor, mark: Option<u64>, part: &dyn Describe) {
    let Some(mark) = mark else { return part.describe(visitor) };
    visitor.mark(Some(mark));
    part.describe(visitor);
    visitor.mark(None);
}

/// Describes a handler that may be written by hand, so that it closes exactly what it opens.
pub(crate) fn describe_fenced(visitor: &mut dyn Visitor, handler: &dyn Describe) {
    let mut fenced = Fenced { visitor, depth: 0 };
    handler.describe(&mut fenced);
    for _ in 0..fenced.depth {
        fenced.visitor.close(None);
    }
}

/// Passes on what it is shown, but does not close what was opened outside.
struct Fenced<'v> {
    visitor: &'v mut dyn Visitor,
    depth: usize,
}

impl Visitor for Fenced<'_> {
    fn function(&mut self, function: &dyn Function) {
        self.visitor.function(function);
    }

    fn open(&mut self, kind: Kind) {
        self.depth += 1;
        self.visitor.open(kind);
    }

    fn pattern(&mut self, pattern: &'static str) {
        if self.depth > 0 {
            self.visitor.pattern(pattern);
        }
    }

    fn after(&mut self, systems: &[usize]) {
        if self.depth > 0 {
            self.visitor.after(systems);
        }
    }

    fn mark(&mut self, mark: Option<u64>) {
        self.visitor.mark(mark);
    }

    fn close(&mut self, output: Option<&'static str>) {
        if let Some(depth) = self.depth.checked_sub(1) {
            self.depth = depth;
            self.visitor.close(output);
        }
    }
}

/// A function, as known without its types.
pub trait Function {
    /// Returns its full name.
    fn name(&self) -> &'static str;

    /// Returns the world that it was resolved against, or `None` if it can run on any world.
    fn world_id(&self) -> Option<WorldId>;

    /// Returns whether it receives the whole world.
    fn is_exclusive(&self) -> bool;

    /// Visits every access that a run may make, as far as they are known.
    fn access(&self, visit: &mut dyn FnMut(Access));

    /// Returns whether a resource that it reads was written during the current sequence of `world`.
    ///
    /// # Panics
    /// If it was resolved against another world.
    #[track_caller]
    fn inputs_changed(&self, world: &World) -> bool;
}

struct Unknown(&'static str);

impl Function for Unknown {
    fn name(&self) -> &'static str {
        self.0
    }

    fn world_id(&self) -> Option<WorldId> {
        None
    }

    fn is_exclusive(&self) -> bool {
        true
    }

    fn access(&self, _: &mut dyn FnMut(Access)) {}

    fn inputs_changed(&self, world: &World) -> bool {
        anything_changed(world)
    }
}

/// Returns whether any resource was written during the current sequence.
pub(crate) fn anything_changed(world: &World) -> bool {
    world.everything().any(|resource| resource.changed_at == world.current_sequence())
}

#[cold]
#[inline(never)]
#[track_caller]
pub(crate) fn foreign_world(name: &str, expected: WorldId, found: &World) -> ! {
    // Printed by reference: if the identity were copied, the compiler would pass it instead of the world, and every
    // caller would have to put it in the world's place.
    panic!(
        "`{name}` was resolved against world {expected} and was given world {}: build it from the registry of the world \
         that it runs on",
        found.identity(),
    )
}
