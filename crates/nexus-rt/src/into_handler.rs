//! `IntoHandler` and `IntoCallback`: turn functions into handlers.

use std::marker::PhantomData;

use crate::call::{All, Callable, Exclusive, Mode, NoEvent, Plain, Resolved, WithCtx};
use crate::callback::Callback;
use crate::describe::{Describe, name_of};
use crate::handler::Handler;
use crate::param::ResolveError;
use crate::sealed::{Internal, Sealed};
use crate::step::one_world;
use crate::world::Registry;

/// Turns functions and closures into handlers.
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
///
/// A function without an event is wrapped: [`no_event(f)`](crate::no_event). To accept any of these as an argument, see
/// [`Handles`]. The trait is implemented for every type; its methods require a suitable function, or a handler.
pub trait IntoHandler: Sized {
    /// Resolves the function as a handler: `fn(params.., event)` or `fn(&mut World, event)`. A handler becomes itself.
    ///
    /// ```
    /// use nexus_rt::{Handler, IntoHandler, ResMut, WorldBuilder};
    ///
    /// let mut builder = WorldBuilder::new();
    /// builder.register(0_u64);
    /// let mut world = builder.build();
    /// let mut add = (|mut sum: ResMut<u64>, x: u64| *sum += x).into_handler(world.registry());
    /// add.run(&mut world, 5);
    /// assert_eq!(*world.resource::<u64>(), 5);
    /// ```
    ///
    /// # Panics
    /// If a resource is missing or two params conflict. The message lists everything that is wrong, at the caller's
    /// line. A handler that was resolved against another world is refused too.
    #[inline]
    #[track_caller]
    fn into_handler<L>(self, registry: &Registry) -> Self::Handler
    where
        Self: Resolve<L, Out = ()>,
    {
        self.resolve((), registry, Internal)
    }

    /// Resolves the function as a handler, and returns what is wrong instead of panicking.
    ///
    /// ```
    /// use nexus_rt::{IntoHandler, ResMut, WorldBuilder};
    ///
    /// let world = WorldBuilder::new().build();
    /// let add = |mut sum: ResMut<u64>, x: u64| *sum += x;
    /// let error = add.try_into_handler(world.registry()).unwrap_err();
    /// assert_eq!(error.missing()[0].resource(), "u64");
    /// ```
    ///
    /// # Errors
    /// Returns every missing resource and every conflict between params.
    ///
    /// # Panics
    /// If a handler was resolved against another world.
    #[inline]
    #[track_caller]
    fn try_into_handler<L>(self, registry: &Registry) -> Result<Self::Handler, ResolveError>
    where
        Self: Resolve<L, Out = ()>,
    {
        self.try_resolve((), registry, Internal)
    }
}

impl<F> IntoHandler for F {}

/// Turns functions and closures into callbacks: handlers that own a context.
///
/// It is implemented for every type; the method requires a suitable function.
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
    /// The function must take its context, since no other function could reach it. Only `()` may be left out:
    ///
    /// ```compile_fail
    /// # use nexus_rt::{IntoCallback, WorldBuilder};
    /// # let world = WorldBuilder::new().build();
    /// struct Session;
    ///
    /// fn on_message(text: &str) {}
    ///
    /// let callback = on_message.into_callback(Session, world.registry());
    /// ```
    ///
    /// # Panics
    /// If a resource is missing or two params conflict. The message lists everything that is wrong, at the caller's
    /// line.
    #[inline]
    #[track_caller]
    fn into_callback<C, L>(self, ctx: C, registry: &Registry) -> Self::Handler
    where
        Self: Resolve<L, C, Out = (), Way: Reaches<C>>,
    {
        self.resolve(ctx, registry, Internal)
    }
}

impl<F> IntoCallback for F {}

/// A function that handles `E`, or a handler of `E`: the bound for code that accepts both.
///
/// The compiler infers `L`, which says how the function becomes a handler. [`into_handler`](IntoHandler::into_handler)
/// makes it one:
///
/// ```
/// use nexus_rt::{Handles, IntoHandler, PipelineStart, Registry, ResMut, Virtual};
/// use nexus_rt::{World, WorldBuilder, no_event};
///
/// #[derive(Default)]
/// struct Feed(Vec<Virtual<u64>>);
///
/// impl Feed {
///     fn on<L: 'static>(&mut self, handler: impl Handles<u64, L> + 'static, reg: &Registry) {
///         self.0.push(Box::new(handler.into_handler(reg)));
///     }
///
///     fn publish(&mut self, world: &mut World, price: u64) {
///         self.0.iter_mut().for_each(|handler| handler.run(world, price));
///     }
/// }
///
/// fn add(mut sum: ResMut<u64>, price: u64) {
///     *sum += price;
/// }
///
/// fn count(mut n: ResMut<u32>) {
///     *n += 1;
/// }
///
/// let mut builder = WorldBuilder::new();
/// builder.register(0_u64);
/// builder.register(0_u32);
/// let mut world = builder.build();
/// let reg = world.registry();
///
/// let mut feed = Feed::default();
/// feed.on(add, reg);
/// feed.on(|mut sum: ResMut<u64>, price: u64| *sum += 10 * price, reg);
/// feed.on(no_event(count), reg);
/// let hundredfold = PipelineStart::<u64>::new().then(|price: u64| price * 100, reg);
/// feed.on(hundredfold.then(add, reg).build(), reg);
/// feed.publish(&mut world, 2);
/// assert_eq!((*world.resource::<u64>(), *world.resource::<u32>()), (222, 1));
/// ```
///
/// If each event borrows from another place, the bound is `impl for<'a> Handles<&'a str, L>`. For a function with a
/// context `C`, which [`into_callback`](IntoCallback::into_callback) turns into a callback, it is
/// `impl Handles<E, L, C>`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not handle `{E}`, neither as a function nor as a handler",
    label = "no function of params and then `{E}`, and no handler of `{E}`",
    note = "a function takes params first, each by value, or `&mut World`, and the event last; one of params alone, which takes \
            no event, is wrapped: `no_event(f)`",
    note = "a chain becomes a handler by `build()`",
    note = "in a closure every argument needs its type: `|limit: Res<Limit>, order: Order| ..`"
)]
pub trait Handles<E, L, C = ()>: Resolve<L, C, Out = (), Way: Reaches<C>, Handler: Handler<E>> {}

impl<F, E, L, C> Handles<E, L, C> for F where F: Resolve<L, C, Out = (), Way: Reaches<C>, Handler: Handler<E>> {}

/// A function that becomes a handler with a context `C`. If `C` is `()`, there is no context, and a handler fits too.
///
/// `L` says how it becomes one: [`ByFunction`], [`ByNoEvent`] or [`AsItself`].
#[diagnostic::on_unimplemented(
    message = "this is neither a handler nor a function of params from the world and then an event",
    label = "its arguments are not params followed by an event",
    note = "first, at most 8 params, each by value (group more in a tuple or a `#[derive(Param)]` struct): `Res<T>`, \
            `ResMut<T>` or an `Option` of either with a `T: Send + 'static`, `Local<T>` with a `T: Default` besides, \
            `LastRun`, `Sequence`, `RegistryRef`; or, instead of all params, `&mut World`",
    note = "last, the event, of any type; a function of params alone, which takes no event, is wrapped: `no_event(f)`",
    note = "before all of these, `&mut` context, but only in `into_callback`",
    note = "in a closure every argument needs its type: `|limit: Res<Limit>, order: Order| ..`"
)]
pub trait Resolve<L, C = ()>: Sized {
    /// What the function returns.
    type Out;

    /// How it accesses the world.
    type Way;

    /// The handler that it becomes.
    type Handler;

    /// # Panics
    /// If a resource is missing, two params conflict, or a handler belongs to another world.
    #[doc(hidden)]
    fn resolve(self, ctx: C, registry: &Registry, _: Internal) -> Self::Handler;

    /// # Panics
    /// If a handler belongs to another world.
    #[doc(hidden)]
    fn try_resolve(self, ctx: C, registry: &Registry, _: Internal) -> Result<Self::Handler, ResolveError>;
}

/// A function of an `E`. See [`Resolve`].
#[derive(Debug)]
pub struct ByFunction<E, M>(PhantomData<(E, M)>);

/// A function that ignores its event. See [`Resolve`].
#[derive(Debug)]
pub struct ByNoEvent<M>(PhantomData<M>);

/// A handler, which becomes itself. See [`Resolve`].
#[derive(Debug)]
pub struct AsItself(());

/// Implements the trait for functions: `[generics] how, for type, that is callable`.
macro_rules! resolve {
    ($([$($P:ident),*] $How:ty, $Function:ty where $F:ident: $Callable:path;)*) => {$(
        #[diagnostic::do_not_recommend]
        impl<C, $($P,)* M> Resolve<$How, C> for $Function
        where
            M: Mode,
            $F: $Callable,
        {
            type Out = $F::Out;
            type Way = M;
            type Handler = Callback<C, Resolved<Self, M>>;

            #[inline]
            #[track_caller]
            fn resolve(self, ctx: C, registry: &Registry, _: Internal) -> Self::Handler {
                Callback::new(ctx, Resolved::new(self, registry))
            }

            #[inline]
            fn try_resolve(self, ctx: C, registry: &Registry, _: Internal) -> Result<Self::Handler, ResolveError> {
                Ok(Callback::new(ctx, Resolved::try_new(self, registry)?))
            }
        }
    )*};
}

resolve! {
    [F, E] ByFunction<E, M>, F where F: Callable<C, (E,), M, Received = All>;
    [F] ByNoEvent<M>, NoEvent<F> where F: Callable<C, (), M>;
}

#[diagnostic::do_not_recommend]
impl<H: Describe> Resolve<AsItself> for H {
    type Out = ();
    type Way = AsItself;
    type Handler = H;

    #[inline]
    #[track_caller]
    fn resolve(self, (): (), registry: &Registry, _: Internal) -> H {
        of_this_world(&self, registry);
        self
    }

    #[inline]
    #[track_caller]
    fn try_resolve(self, (): (), registry: &Registry, _: Internal) -> Result<H, ResolveError> {
        of_this_world(&self, registry);
        Ok(self)
    }
}

/// # Panics
/// If the handler was resolved against another world than that of the registry.
#[track_caller]
fn of_this_world(handler: &dyn Describe, registry: &Registry) {
    let here = registry.world_id();
    if let Some(world) = one_world(handler, "handler").filter(|world| *world != here) {
        panic!(
            "`{}` was resolved against world {world}, and is added to world {here}: build it from the registry of the world \
             that it runs on",
            name_of(handler),
        );
    }
}

/// A way to access the world by which a function reaches its context `C`, unless that is `()`.
pub trait Reaches<C> {}

impl<C, P> Reaches<C> for WithCtx<P> {}
impl<C> Reaches<C> for Exclusive<1> {}
impl<C: NoContext, P> Reaches<C> for Plain<P> {}
impl<C: NoContext> Reaches<C> for Exclusive<0> {}
impl<C: NoContext> Reaches<C> for AsItself {}

/// A context that a function need not take: `()`.
#[diagnostic::on_unimplemented(
    message = "this function would never reach its context, a `{Self}`",
    label = "does not take `&mut {Self}`, then params, then an event",
    note = "take the context first: `fn(&mut {Self}, params.., event)`; a function that takes no event is wrapped: \
            `no_event(f)`",
    note = "a function that needs no context becomes a handler with `into_handler(registry)`"
)]
pub trait NoContext: Sealed {}

impl NoContext for () {}
