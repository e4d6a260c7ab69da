//! `IntoHandler` and `IntoCallback`: turn functions into handlers.

use crate::call::{Callable, Mode, Resolved};
use crate::callback::Callback;
use crate::param::ResolveError;
use crate::step::{Ignore, Splat};
use crate::world::Registry;

/// Turns functions and closures into handlers. It is implemented for every type; the methods require a suitable
/// function.
///
/// A function takes params first and its event last. Closures work too, with or without captures, if the type of every
/// argument is written out:
///
/// ```
/// use nexus_rt::{Handler, IntoHandler, Res, ResMut, WorldBuilder};
///
/// struct Limit(u32);
///
/// let mut builder = WorldBuilder::new();
/// builder.register(Limit(10));
/// builder.register_default::<Vec<u32>>();
/// let mut world = builder.build();
///
/// let bonus = 3;
/// let mut accept = (move |limit: Res<Limit>, mut accepted: ResMut<Vec<u32>>, x: u32| {
///     if x <= limit.0 + bonus {
///         accepted.push(x);
///     }
/// })
/// .into_handler(world.registry());
///
/// for x in [5, 13, 14] {
///     accept.run(&mut world, x);
/// }
/// assert_eq!(*world.resource::<Vec<u32>>(), [5, 13]);
/// ```
pub trait IntoHandler: Sized {
    /// Resolves the function as a handler: `fn(params.., event)` or `fn(&mut World, event)`.
    ///
    /// # Panics
    /// If a resource is missing or two params conflict. The message lists everything that is wrong, at the caller's
    /// line.
    #[inline]
    #[track_caller]
    fn into_handler<E, M>(self, registry: &Registry) -> Callback<(), Resolved<Self, M>>
    where
        M: Mode,
        Self: Callable<(), (E,), M, Out = ()>,
    {
        Callback::new((), Resolved::new(self, registry))
    }

    /// Like [`into_handler`](Self::into_handler), but returns the problems instead of panicking.
    ///
    /// # Errors
    /// Returns every missing resource and every conflict between params.
    #[inline]
    fn try_into_handler<E, M>(self, registry: &Registry) -> Result<Callback<(), Resolved<Self, M>>, ResolveError>
    where
        M: Mode,
        Self: Callable<(), (E,), M, Out = ()>,
    {
        Ok(Callback::new((), Resolved::try_new(self, registry)?))
    }

    /// Resolves a function without an event, `fn(params..)`, as a handler that ignores its event.
    ///
    /// It is a separate method because `into_handler` treats the last argument as the event, whatever it is.
    ///
    /// ```
    /// use nexus_rt::{Handler, IntoHandler, ResMut, WorldBuilder};
    ///
    /// fn count(mut n: ResMut<u64>) {
    ///     *n += 1;
    /// }
    ///
    /// let mut builder = WorldBuilder::new();
    /// builder.register(0_u64);
    /// let mut world = builder.build();
    /// let mut count = count.into_handler_ignoring_event(world.registry());
    /// count.run(&mut world, "any");
    /// count.run(&mut world, 7.5);
    /// assert_eq!(*world.resource::<u64>(), 2);
    /// ```
    ///
    /// # Panics
    /// As [`into_handler`](Self::into_handler).
    #[inline]
    #[track_caller]
    fn into_handler_ignoring_event<M>(self, registry: &Registry) -> Callback<(), Ignore<Splat<Resolved<Self, M>>>>
    where
        M: Mode,
        Self: Callable<(), (), M, Out = ()>,
    {
        Callback::new((), Ignore(Splat(Resolved::new(self, registry))))
    }
}

impl<F> IntoHandler for F {}

/// Turns functions and closures into callbacks. It is implemented for every type; the method requires a suitable
/// function.
pub trait IntoCallback: Sized {
    /// Resolves the function as a handler that owns `ctx`: `fn(&mut C, params.., event)` or
    /// `fn(&mut C, &mut World, event)`.
    ///
    /// ```
    /// use nexus_rt::{Handler, IntoCallback, ResMut, WorldBuilder};
    ///
    /// struct Session {
    ///     name: &'static str,
    ///     messages: u32,
    /// }
    ///
    /// fn on_message(session: &mut Session, mut log: ResMut<Vec<String>>, text: &str) {
    ///     session.messages += 1;
    ///     log.push(format!("{}: {text}", session.name));
    /// }
    ///
    /// let mut builder = WorldBuilder::new();
    /// builder.register_default::<Vec<String>>();
    /// let mut world = builder.build();
    ///
    /// let session = Session { name: "alice", messages: 0 };
    /// let mut callback = on_message.into_callback(session, world.registry());
    /// callback.run(&mut world, "hello");
    /// assert_eq!(callback.ctx.messages, 1);
    /// assert_eq!(world.resource::<Vec<String>>()[0], "alice: hello");
    /// ```
    ///
    /// # Panics
    /// If a resource is missing or two params conflict. The message lists everything that is wrong, at the caller's
    /// line.
    #[inline]
    #[track_caller]
    fn into_callback<C, E, M>(self, ctx: C, registry: &Registry) -> Callback<C, Resolved<Self, M>>
    where
        M: Mode,
        Self: Callable<C, (E,), M, Out = ()>,
    {
        Callback::new(ctx, Resolved::new(self, registry))
    }
}

impl<F> IntoCallback for F {}
