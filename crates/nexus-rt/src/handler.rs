//! Handlers: what drivers keep and run.

use crate::call::{Describe, Visitor};
use crate::world::World;

/// Something that runs with an event on a world.
///
/// Functions become handlers by [`into_handler`](crate::IntoHandler::into_handler); pipelines and callbacks are handlers too. The trait is
/// object safe, so that drivers keep a [`Virtual<E>`]. A handler is `Send`, since it may live in a resource.
///
/// To write one by hand, implement `run`, and [`Describe`] with nothing in it. Such a handler is handed the whole world
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
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not handle `{E}`",
    label = "not a handler of `{E}`",
    note = "functions become handlers by `f.into_handler(registry)`, chains by `build()`; both take exactly their event type"
)]
pub trait Handler<E>: Describe + Send {
    /// Runs the handler.
    ///
    /// # Panics
    /// The handlers of this library panic if `world` is not the world that they were resolved against.
    fn run(&mut self, world: &mut World, event: E);
}

/// A handler of some type on the heap, as drivers and collections keep it.
///
/// For borrowed events write `Box<dyn for<'a> Handler<&'a [u8]>>`.
pub type Virtual<E> = Box<dyn Handler<E>>;

impl<H: Describe + ?Sized> Describe for Box<H> {
    fn describe(&self, visitor: &mut dyn Visitor) {
        (**self).describe(visitor);
    }

    fn name(&self) -> &'static str {
        (**self).name()
    }

    #[track_caller]
    fn inputs_changed(&self, world: &World) -> bool {
        (**self).inputs_changed(world)
    }
}

impl<E, H: Handler<E> + ?Sized> Handler<E> for Box<H> {
    #[inline]
    #[track_caller]
    fn run(&mut self, world: &mut World, event: E) {
        (**self).run(world, event);
    }
}
