//! `Handler`: what drivers store and run.

use crate::call::Entered;
use crate::describe::{Describe, Visitor};
use crate::world::World;

/// Something that runs with an event on a world.
///
/// Functions become handlers with [`into_handler`](crate::IntoHandler::into_handler); pipelines and callbacks are
/// handlers too. The trait is object safe, so that drivers can store a [`Virtual<E>`]. A handler is `Send`, since it
/// may be stored in a resource.
///
/// To write one by hand, implement `run`, and [`Describe`] with an empty body. Such a handler receives the whole world
/// and checks nothing:
///
/// ```
/// use nexus_rt::{Describe, Handler, World, WorldBuilder};
///
/// struct Count(u64);
///
/// impl Describe for Count {}
///
/// impl Handler<&str> for Count {
///     fn run(&mut self, _world: &mut World, event: &str) {
///         self.0 += event.len() as u64;
///     }
/// }
///
/// let mut world = WorldBuilder::new().build();
/// let mut count = Count(0);
/// count.run(&mut world, "five!");
/// assert_eq!(count.0, 5);
/// ```
///
/// A function that returns a handler declares that the handler does not borrow the registry (`use<>`). A struct stores
/// a handler as a type parameter or as a [`Virtual`], and a pipeline with an output as a
/// [`BoxedPipeline`](crate::BoxedPipeline):
///
/// ```
/// use nexus_rt::{BoxedPipeline, Handler, IntoHandler, PipelineStart};
/// use nexus_rt::{Registry, Res, ResMut, WorldBuilder};
///
/// fn counter(reg: &Registry) -> impl Handler<u64> + use<> {
///     (|mut n: ResMut<u64>, x: u64| *n += x).into_handler(reg)
/// }
///
/// fn doubler(reg: &Registry) -> BoxedPipeline<u64, u64> {
///     PipelineStart::<u64>::new().then(|n: Res<u64>, x: u64| 2 * x + *n, reg).build().boxed()
/// }
///
/// struct Gateway<H> {
///     orders: H,
///     double: BoxedPipeline<u64, u64>,
/// }
///
/// let mut builder = WorldBuilder::new();
/// builder.register(0_u64);
/// let mut world = builder.build();
/// let reg = world.registry();
/// let mut gateway = Gateway { orders: counter(reg), double: doubler(reg) };
/// gateway.orders.run(&mut world, 1);
/// assert_eq!(gateway.double.run(&mut world, 4), 9);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not handle `{E}`",
    label = "not a handler of `{E}`",
    note = "functions become handlers by `f.into_handler(registry)`, chains by `build()`, chains with a context by \
            `build()` and `into_callback(ctx)`; each takes exactly its event type"
)]
pub trait Handler<E>: Describe + Send {
    /// Runs the handler.
    ///
    /// # Panics
    /// The handlers of this library panic if `world` is not the world that they were resolved against.
    fn run(&mut self, world: &mut World, event: E);

    /// Runs the handler on a world that was already checked to be that of every function in it, without a second check.
    ///
    /// The default is the only implementation for handlers written by hand: they receive the world, and a check
    /// afterwards ensures that it is still there.
    // Not `track_caller`, which would pass the caller's location to every boxed handler.
    #[doc(hidden)]
    #[inline]
    fn run_entered(&mut self, world: Entered<'_>, event: E) {
        let mut this = self;
        world.lend(&mut this, |handler, world| handler.run(world, event));
    }
}

/// A handler of any type on the heap, as drivers and collections store it.
///
/// If each event borrows from another place, write `Box<dyn RefHandler<[u8]>>` (see [`RefHandler`]) or
/// `Box<dyn for<'a> Handler<&'a [u8]>>`.
///
/// Its panics name the function, but their line is one of the library, since a call through a box forgets its caller.
pub type Virtual<E> = Box<dyn Handler<E>>;

/// Implements both traits for a type through the handler in it:
/// `[generics of Describe] [of Handler] Type: |self| handler`.
macro_rules! handler_in {
    ($([$($describe:tt)*] [$($handler:tt)*] $Type:ty: |$this:ident| $inner:expr;)*) => {$(
        impl<$($describe)*> $crate::describe::Describe for $Type {
            fn describe(&$this, visitor: &mut dyn $crate::describe::Visitor) {
                $inner.describe(visitor);
            }
        }

        impl<$($handler)*> $crate::handler::Handler<E> for $Type {
            #[inline]
            #[track_caller]
            fn run(&mut $this, world: &mut $crate::world::World, event: E) {
                $inner.run(world, event);
            }

            #[inline]
            #[track_caller]
            fn run_entered(&mut $this, world: $crate::call::Entered<'_>, event: E) {
                $inner.run_entered(world, event);
            }
        }
    )*};
}

#[cfg(feature = "smartptr")]
pub(crate) use handler_in;

handler_in! {
    [H: Describe + ?Sized] [E, H: Handler<E> + ?Sized] &mut H: |self| (**self);
}

impl<H: Describe + ?Sized> Describe for Box<H> {
    fn describe(&self, visitor: &mut dyn Visitor) {
        (**self).describe(visitor);
    }
}

/// A program can implement `Clone` for the box of a trait of its own, so that the clone of an owner has another handler
/// in it than what the owner compared. A box is therefore compared whenever it runs: it keeps the provided
/// `run_entered`.
impl<E, H: Handler<E> + ?Sized> Handler<E> for Box<H> {
    #[inline]
    #[track_caller]
    fn run(&mut self, world: &mut World, event: E) {
        (**self).run(world, event);
    }
}

/// A handler of `&E`, of any lifetime, to which [`FanOut`](crate::FanOut) and [`Broadcast`](crate::Broadcast) pass
/// events.
///
/// Implemented for every `for<'a> Handler<&'a E>`; the name exists for `Box<dyn RefHandler<E>>`:
///
/// ```
/// use nexus_rt::{Handler, IntoHandler, RefHandler, ResMut, WorldBuilder};
///
/// let mut builder = WorldBuilder::new();
/// builder.register(0_usize);
/// let mut world = builder.build();
/// let count = |mut n: ResMut<usize>, line: &str| *n += line.len();
/// let mut boxed: Box<dyn RefHandler<str>> = Box::new(count.into_handler(world.registry()));
/// for n in 1..=2 {
///     let line = "x".repeat(n);
///     boxed.run(&mut world, &line);
/// }
/// assert_eq!(*world.resource::<usize>(), 3);
/// ```
pub trait RefHandler<E: ?Sized>: for<'a> Handler<&'a E> {}

impl<E: ?Sized, H: for<'a> Handler<&'a E> + ?Sized> RefHandler<E> for H {}
