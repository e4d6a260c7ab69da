//! Templates: a function is resolved once, and handlers are stamped from it by copying.

use std::fmt;

use crate::call::{Anchored, Callable, Entered, Plain, Stamp, Stampable, WithCtx, nothing_captured};
use crate::describe::{Describe, Visitor};
use crate::handler::Handler;
use crate::param::{CopyState, Param};
use crate::step::Step;
use crate::world::{Registry, World};

/// Names a kind of handler: its event and its params. [`handler_blueprint!`](crate::handler_blueprint) declares one in
/// a line.
///
/// The function itself is not part of it. The template and the handlers that it stamps therefore have nameable types,
/// which can appear in structs and resources, and any function of that signature fits.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a blueprint",
    note = "declare it: `handler_blueprint!(Name, Event = .., Params = (..))`"
)]
pub trait Blueprint {
    /// The event: one type, including its lifetimes. If each event borrows from another place, clone a handler instead.
    type Event;

    /// The params, as a tuple, each with `'static` in place of the lifetime of a run: `(Res<'static, Limit>,)`. Their
    /// state must be `Copy`, which it is except for a `Local<T>` whose `T` is not.
    type Params: Param<State: CopyState>;
}

/// Names a kind of handler with a context: see [`callback_blueprint!`](crate::callback_blueprint).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a blueprint of callbacks, which have a context",
    note = "declare it: `callback_blueprint!(Name, Context = .., Event = .., Params = (..))`; without a context there is \
            `HandlerTemplate`"
)]
pub trait CallbackBlueprint: Blueprint {
    /// The context that each callback owns.
    type Context: Send;
}

/// The message for a function that does not fit a template. Each method that users call asserts it, since the compiler
/// points to the caller of the function that contains a failed assertion.
const CAPTURES: &str = "a template takes a named function or a closure that captures nothing: it keeps no value of the \
                        function, so there is no place for what a closure captures or where a function pointer points. \
                        Put what differs from handler to handler in the context of a `CallbackTemplate`, or clone a \
                        handler instead";

/// A resolved function from which handlers are stamped by copying.
///
/// It is for handlers that are created while the program runs: one per connection, timer or request. [`new`](Self::new)
/// looks up each param once, and [`generate`](Self::generate) copies the result. A template is `Copy`, and its type
/// names only the blueprint, so it can be stored in a resource or in the context of a callback.
///
/// ```
/// use nexus_rt::{Handler, HandlerTemplate, ResMut, WorldBuilder, handler_blueprint};
///
/// handler_blueprint!(OnTick, Event = u32, Params = (ResMut<'static, u64>,));
///
/// fn add(mut total: ResMut<u64>, tick: u32) {
///     *total += u64::from(tick);
/// }
///
/// let mut builder = WorldBuilder::new();
/// builder.register(0_u64);
/// let mut world = builder.build();
///
/// let template = HandlerTemplate::<OnTick>::new(add, world.registry());
/// let mut one = template.generate();
/// let mut two = template.generate();
/// one.run(&mut world, 1);
/// two.run(&mut world, 2);
/// assert_eq!(*world.resource::<u64>(), 3);
/// ```
///
/// The function must be a named function, or a closure that captures nothing. Others are rejected when the program is
/// built. (`cargo check` alone misses function pointers, and closures whose captures are `Copy`.)
///
/// ```compile_fail
/// # use nexus_rt::{HandlerTemplate, WorldBuilder, handler_blueprint};
/// # handler_blueprint!(OnTick, Event = u32, Params = ());
/// # let world = WorldBuilder::new().build();
/// let limit = 5;
/// let check = move |tick: u32| assert!(tick < limit);
/// let template = HandlerTemplate::<OnTick>::new(check, world.registry());
/// ```
///
/// ```compile_fail
/// # use nexus_rt::{HandlerTemplate, WorldBuilder, handler_blueprint};
/// # handler_blueprint!(OnTick, Event = u32, Params = ());
/// # let world = WorldBuilder::new().build();
/// fn tick(_: u32) {}
/// let template = HandlerTemplate::<OnTick>::new(tick as fn(u32), world.registry());
/// ```
///
/// Such functions, and whole pipelines, are stamped by cloning a handler, which is `Clone` if its parts are. So are
/// handlers of events that each borrow from another place, since a blueprint cannot name such an event.
///
/// ```
/// use nexus_rt::{Handler, PipelineStart, ResMut, WorldBuilder};
///
/// let mut builder = WorldBuilder::new();
/// builder.register(0_u64);
/// let mut world = builder.build();
/// let reg = world.registry();
/// let bonus = 10;
/// let pipeline = PipelineStart::<u64>::new()
///     .then(move |x: u64| x + bonus, reg)
///     .then(|mut total: ResMut<u64>, x: u64| *total += x, reg)
///     .build();
///
/// let mut stamped = [pipeline.clone(), pipeline];
/// stamped[0].run(&mut world, 1);
/// stamped[1].run(&mut world, 2);
/// assert_eq!(*world.resource::<u64>(), 23);
/// ```
#[must_use = "a template does nothing until it stamps handlers"]
pub struct HandlerTemplate<K: Blueprint> {
    stamp: Stamp<(), K::Event, Plain<K::Params>>,
}

/// A handler that a [`HandlerTemplate`] stamped.
#[must_use = "a handler does nothing until it is run"]
pub struct TemplatedHandler<K: Blueprint> {
    stamp: Stamp<(), K::Event, Plain<K::Params>>,
}

impl<K: Blueprint> Handler<K::Event> for TemplatedHandler<K> {
    #[inline]
    #[track_caller]
    fn run(&mut self, world: &mut World, event: K::Event) {
        let world = self.stamp.check(world);
        self.run_entered(world, event);
    }

    #[inline]
    #[track_caller]
    fn run_entered(&mut self, world: Entered<'_>, event: K::Event) {
        // Not `&mut ()`, which is a place on the stack: as long as it exists, the call cannot be a jump.
        // A box of nothing takes no memory.
        self.stamp.run(Box::leak(Box::new(())), world, event);
    }
}

impl<K: Blueprint> Clone for TemplatedHandler<K> {
    fn clone(&self) -> Self {
        Self { stamp: self.stamp }
    }
}

impl<K: Blueprint> HandlerTemplate<K> {
    /// Resolves `function`, which is `fn(params.., event)`.
    ///
    /// ```
    /// use nexus_rt::{Handler, HandlerTemplate, ResMut, WorldBuilder, handler_blueprint};
    ///
    /// handler_blueprint!(OnTick, Event = u64, Params = (ResMut<'static, u64>));
    ///
    /// let mut builder = WorldBuilder::new();
    /// builder.register(0_u64);
    /// let mut world = builder.build();
    /// let add = |mut sum: ResMut<u64>, x: u64| *sum += x;
    /// let template = HandlerTemplate::<OnTick>::new(add, world.registry());
    /// template.generate().run(&mut world, 5);
    /// assert_eq!(*world.resource::<u64>(), 5);
    /// ```
    ///
    /// # Panics
    /// If a resource is missing or two params conflict. The message lists everything that is wrong, at the caller's
    /// line.
    #[track_caller]
    pub fn new<F>(function: F, registry: &Registry) -> Self
    where
        F: Callable<(), (K::Event,), Plain<K::Params>, Out = ()> + Stampable,
    {
        const { assert!(nothing_captured::<F>(), "{}", CAPTURES) }
        Self { stamp: Stamp::new(function, registry) }
    }

    /// Stamps a handler. Every `Local` in it starts with its default value.
    #[inline]
    pub fn generate(&self) -> TemplatedHandler<K> {
        TemplatedHandler { stamp: self.stamp }
    }
}

/// A resolved function with a context, from which callbacks are stamped: see [`HandlerTemplate`].
///
/// A callback may carry its own template and create its successor:
///
/// ```
/// use nexus_rt::{CallbackTemplate, Handler, ResMut, TemplatedCallback};
/// use nexus_rt::{WorldBuilder, callback_blueprint};
///
/// callback_blueprint!(
///     OnTimeout,
///     Context = Retry,
///     Event = u64,
///     Params = (ResMut<'static, Waiting>),
/// );
///
/// struct Retry {
///     attempt: u32,
///     template: CallbackTemplate<OnTimeout>,
/// }
///
/// #[derive(Default)]
/// struct Waiting(Vec<TemplatedCallback<OnTimeout>>);
///
/// fn on_timeout(retry: &mut Retry, mut waiting: ResMut<Waiting>, _now: u64) {
///     if retry.attempt < 3 {
///         let next = Retry { attempt: retry.attempt + 1, ..*retry };
///         waiting.0.push(retry.template.generate(next));
///     }
/// }
///
/// let mut builder = WorldBuilder::new();
/// builder.register_default::<Waiting>();
/// let mut world = builder.build();
///
/// let template = CallbackTemplate::<OnTimeout>::new(on_timeout, world.registry());
/// world.resource_mut::<Waiting>().0.push(template.generate(Retry { attempt: 1, template }));
/// let mut attempts = vec![];
/// loop {
///     let due = world.resource_mut::<Waiting>().0.pop();
///     let Some(mut due) = due else { break };
///     due.run(&mut world, 0);
///     attempts.push(due.ctx.attempt);
/// }
/// assert_eq!(attempts, [1, 2, 3]);
/// ```
#[must_use = "a template does nothing until it stamps callbacks"]
pub struct CallbackTemplate<K: CallbackBlueprint> {
    stamp: Stamp<K::Context, K::Event, WithCtx<K::Params>>,
}

/// A callback that a [`CallbackTemplate`] stamped. Its type names only the blueprint, so it can appear wherever a type
/// is needed, even in a resource that its own function borrows.
#[must_use = "a handler does nothing until it is run"]
pub struct TemplatedCallback<K: CallbackBlueprint> {
    /// The context, accessible between runs.
    pub ctx: K::Context,
    stamp: Stamp<K::Context, K::Event, WithCtx<K::Params>>,
}

impl<K: CallbackBlueprint> Handler<K::Event> for TemplatedCallback<K> {
    #[inline]
    #[track_caller]
    fn run(&mut self, world: &mut World, event: K::Event) {
        let world = self.stamp.check(world);
        self.run_entered(world, event);
    }

    #[inline]
    #[track_caller]
    fn run_entered(&mut self, world: Entered<'_>, event: K::Event) {
        self.stamp.run(&mut self.ctx, world, event);
    }
}

impl<K: CallbackBlueprint<Context: Clone>> Clone for TemplatedCallback<K> {
    fn clone(&self) -> Self {
        Self { ctx: self.ctx.clone(), stamp: self.stamp }
    }
}

impl<K: CallbackBlueprint> CallbackTemplate<K> {
    /// Resolves `function`, which is `fn(&mut Context, params.., event)`.
    ///
    /// ```
    /// use nexus_rt::{CallbackTemplate, Handler, WorldBuilder, callback_blueprint};
    ///
    /// callback_blueprint!(OnBytes, Context = usize, Event = Vec<u8>, Params = ());
    ///
    /// let mut world = WorldBuilder::new().build();
    /// let count = |received: &mut usize, bytes: Vec<u8>| *received += bytes.len();
    /// let template = CallbackTemplate::<OnBytes>::new(count, world.registry());
    /// let mut connection = template.generate(0);
    /// connection.run(&mut world, vec![1, 2, 3]);
    /// assert_eq!(connection.ctx, 3);
    /// ```
    ///
    /// # Panics
    /// If a resource is missing or two params conflict. The message lists everything that is wrong, at the caller's
    /// line.
    #[track_caller]
    pub fn new<F>(function: F, registry: &Registry) -> Self
    where
        F: Callable<K::Context, (K::Event,), WithCtx<K::Params>, Out = ()> + Stampable,
    {
        const { assert!(nothing_captured::<F>(), "{}", CAPTURES) }
        Self { stamp: Stamp::new(function, registry) }
    }

    /// Stamps a callback that owns `ctx`. Every `Local` in it starts with its default value.
    #[inline]
    pub fn generate(&self, ctx: K::Context) -> TemplatedCallback<K> {
        TemplatedCallback { ctx, stamp: self.stamp }
    }
}

/// Describes every type around a stamp through that stamp.
macro_rules! describe_by_stamp {
    ($($Type:ident<$Blueprint:ident>)*) => {$(
        impl<K: $Blueprint> Describe for $Type<K> {
            fn describe(&self, visitor: &mut dyn Visitor) {
                self.stamp.describe(visitor);
            }
        }

        impl<K: $Blueprint> fmt::Debug for $Type<K> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($Type), self.name())
            }
        }
    )*};
}

describe_by_stamp! {
    HandlerTemplate<Blueprint>
    CallbackTemplate<CallbackBlueprint>
    TemplatedHandler<Blueprint>
    TemplatedCallback<CallbackBlueprint>
}

impl<K: Blueprint> Clone for HandlerTemplate<K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K: Blueprint> Copy for HandlerTemplate<K> {}

impl<K: CallbackBlueprint> Clone for CallbackTemplate<K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K: CallbackBlueprint> Copy for CallbackTemplate<K> {}

/// Declares a [`Blueprint`]: a type with the given name, event and params. Attributes and a visibility may come first.
///
/// ```
/// use nexus_rt::{Res, ResMut, handler_blueprint};
///
/// handler_blueprint!(
///     /// Orders that were accepted.
///     pub OnAccepted,
///     Event = u32,
///     Params = (Res<'static, u64>, ResMut<'static, Vec<u32>>),
/// );
/// ```
#[macro_export]
macro_rules! handler_blueprint {
    // For one param, after which the comma is easily forgotten.
    ($(#[$attribute:meta])* $visibility:vis $Name:ident, Event = $Event:ty, Params = ($Param:ty) $(,)?) => {
        $crate::handler_blueprint!($(#[$attribute])* $visibility $Name, Event = $Event, Params = ($Param,));
    };
    ($(#[$attribute:meta])* $visibility:vis $Name:ident, Event = $Event:ty, Params = $Params:ty $(,)?) => {
        $(#[$attribute])*
        $visibility struct $Name;

        impl $crate::Blueprint for $Name {
            type Event = $Event;
            type Params = $Params;
        }
    };
}

/// Declares a [`CallbackBlueprint`], like [`handler_blueprint!`](crate::handler_blueprint) with a context.
///
/// ```
/// use nexus_rt::{ResMut, callback_blueprint};
///
/// pub struct Session {
///     bytes: usize,
/// }
///
/// callback_blueprint!(
///     pub OnBytes,
///     Context = Session,
///     Event = Vec<u8>,
///     Params = (ResMut<'static, u64>),
/// );
/// ```
#[macro_export]
macro_rules! callback_blueprint {
    (
        $(#[$attribute:meta])* $visibility:vis $Name:ident,
        Context = $Context:ty, Event = $Event:ty, Params = $($params:tt)+
    ) => {
        $crate::handler_blueprint!($(#[$attribute])* $visibility $Name, Event = $Event, Params = $($params)+);

        impl $crate::CallbackBlueprint for $Name {
            type Context = $Context;
        }
    };
}
