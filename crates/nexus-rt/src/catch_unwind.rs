//! `CatchAssertUnwindSafe`: stops panics.

use std::any::Any;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::adapt::describe_adapter;
use crate::call::same_world;
use crate::describe::Kind;
use crate::handler::Handler;
use crate::world::World;

/// Runs a handler and catches its panics, so that the handlers beside it and the loop around it continue.
///
/// ```
/// use nexus_rt::{CatchAssertUnwindSafe, Handler, IntoHandler, ResMut, WorldBuilder};
///
/// let mut builder = WorldBuilder::new();
/// builder.register(0_u64);
/// let mut world = builder.build();
/// let divide = (|mut out: ResMut<u64>, x: u64| *out = 12 / x).into_handler(world.registry());
/// let mut divide = CatchAssertUnwindSafe::new(divide);
/// [0, 3].map(|x| divide.run(&mut world, x));
/// assert_eq!((*world.resource::<u64>(), divide.panics()), (4, 1));
/// ```
///
/// It asserts what the compiler cannot know: that the handler's resources are fit for use after a panic interrupted it.
/// The panic hook prints a panic as always, and [`panics`](Self::panics) counts them. A handler that is run on another
/// world panics too, and its events are lost in the same way.
#[derive(Clone, Debug)]
#[must_use = "a handler does nothing until it is run"]
pub struct CatchAssertUnwindSafe<H> {
    handler: H,
    panics: u64,
}

impl<H> CatchAssertUnwindSafe<H> {
    /// Wraps a handler.
    ///
    /// ```
    /// use nexus_rt::{CatchAssertUnwindSafe, Handler, IntoHandler, WorldBuilder};
    ///
    /// let mut world = WorldBuilder::new().build();
    /// let fail = (|_: ()| panic!("a fault")).into_handler(world.registry());
    /// let mut fail = CatchAssertUnwindSafe::new(fail);
    /// fail.run(&mut world, ());
    /// assert_eq!(fail.panics(), 1);
    /// ```
    pub const fn new(handler: H) -> Self {
        Self { handler, panics: 0 }
    }

    /// Returns the number of panics caught.
    #[must_use]
    pub fn panics(&self) -> u64 {
        self.panics
    }
}

impl<E, H: Handler<E>> Handler<E> for CatchAssertUnwindSafe<H> {
    /// # Panics
    /// If the handler panics and leaves another world in place of this one, which would cut everything else off from
    /// it. A handler that returns is checked as it would be without this wrapper.
    #[track_caller]
    fn run(&mut self, world: &mut World, event: E) {
        let expected = world.world_id();
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| self.handler.run(world, event))) {
            self.panics += 1;
            drop_quietly(payload);
            same_world(world, &self.handler, expected);
        }
    }
}

/// Drops a panic payload. Its drop may panic with another payload, and so on; after several, the last one is leaked.
#[cold]
fn drop_quietly(mut payload: Box<dyn Any + Send>) {
    for _ in 0..8 {
        match catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            Ok(()) => return,
            Err(again) => payload = again,
        }
    }
    mem::forget(payload);
}

describe_adapter!(CatchAssertUnwindSafe<H> by handler: H, Kind::CatchUnwind);
