//! `FanOut`: one event for a fixed set of handlers.

use std::marker::PhantomData;

use crate::call::{Entered, enter_all};
use crate::chain::{ByReference, ByValue};
use crate::describe::{Describe, Kind, Visitor, describe_within};
use crate::handler::Handler;
use crate::step::one_world;
use crate::world::{World, WorldId};

/// Passes each event by reference to two to eight handlers, in order. [`fan_out!`](crate::fan_out) creates it.
///
/// ```
/// use nexus_rt::{Handler, IntoHandler, ResMut, WorldBuilder, fan_out};
///
/// fn write_a(mut a: ResMut<u64>, event: &u32) {
///     *a += u64::from(*event);
/// }
///
/// fn write_b(mut b: ResMut<i64>, event: &u32) {
///     *b -= i64::from(*event);
/// }
///
/// let mut builder = WorldBuilder::new();
/// builder.register(0_u64);
/// builder.register(0_i64);
/// let mut world = builder.build();
/// let reg = world.registry();
/// let mut fan = fan_out!(write_a.into_handler(reg), write_b.into_handler(reg));
/// fan.run(&mut world, 5_u32);
/// assert_eq!((*world.resource::<u64>(), *world.resource::<i64>()), (5, -5));
/// ```
///
/// The handlers take `&E`. Wrap one that takes `E` in [`Cloned`](crate::Cloned) or [`Owned`](crate::Owned). The fan-out
/// itself takes an `E`. If it is [`borrowed`](Self::borrowed), it takes a `&E`, for events that are already borrowed
/// and for use inside another fan-out. To merge outputs, [fork](crate::chain::Chain::fork) a chain instead.
#[derive(Debug)]
#[must_use = "a handler does nothing until it is run"]
pub struct FanOut<Handlers, K = ByValue> {
    handlers: Handlers,
    /// The world of all handlers that know theirs.
    world: Option<WorldId>,
    kind: PhantomData<fn() -> K>,
}

impl<Handlers> FanOut<Handlers> {
    /// Creates a fan-out over a tuple of two to eight handlers.
    ///
    /// # Panics
    /// If two of them were resolved against different worlds.
    #[track_caller]
    pub fn new(handlers: Handlers) -> Self
    where
        Self: Describe,
    {
        let mut fan = Self { handlers, world: None, kind: PhantomData };
        fan.world = one_world(&fan, "fan-out");
        fan
    }

    /// Makes the fan-out take its events by reference instead of by value.
    ///
    /// ```
    /// use nexus_rt::{Handler, IntoHandler, ResMut, WorldBuilder, fan_out};
    ///
    /// fn count(mut n: ResMut<usize>, text: &str) {
    ///     *n += text.len();
    /// }
    ///
    /// let mut builder = WorldBuilder::new();
    /// builder.register(0_usize);
    /// let mut world = builder.build();
    /// let reg = world.registry();
    /// let mut fan = fan_out!(count.into_handler(reg), count.into_handler(reg)).borrowed();
    /// fan.run(&mut world, "four");
    /// assert_eq!(*world.resource::<usize>(), 8);
    /// ```
    pub fn borrowed(self) -> FanOut<Handlers, ByReference> {
        FanOut { handlers: self.handlers, world: self.world, kind: PhantomData }
    }
}

impl<Handlers: Clone, K> Clone for FanOut<Handlers, K> {
    fn clone(&self) -> Self {
        Self { handlers: self.handlers.clone(), world: self.world, kind: PhantomData }
    }
}

/// Creates a [`FanOut`](crate::FanOut) of two to eight handlers.
///
/// ```
/// use nexus_rt::{Handler, IntoHandler, ResMut, WorldBuilder, fan_out};
///
/// let mut builder = WorldBuilder::new();
/// builder.register(0_u64);
/// let mut world = builder.build();
/// let reg = world.registry();
/// let once = |mut sum: ResMut<u64>, x: &u64| *sum += *x;
/// let twice = |mut sum: ResMut<u64>, x: &u64| *sum += 2 * *x;
/// fan_out!(once.into_handler(reg), twice.into_handler(reg)).run(&mut world, 5);
/// assert_eq!(*world.resource::<u64>(), 15);
/// ```
#[macro_export]
macro_rules! fan_out {
    ($handler:expr $(,)?) => {
        $crate::__private::core::compile_error!("a fan-out has two to eight handlers")
    };
    ($($handler:expr),+ $(,)?) => {
        $crate::FanOut::new(($($handler,)+))
    };
}

macro_rules! handlers {
    ($($H:ident $index:tt),*) => {
        impl<$($H,)* K> FanOut<($($H,)*), K> {
            #[inline(always)]
            #[track_caller]
            fn lend_entered<E: ?Sized>(&mut self, mut world: Entered<'_>, event: &E)
            where
                $($H: for<'a> Handler<&'a E>,)*
            {
                $(self.handlers.$index.run_entered(world.reborrow(), event);)*
            }
        }

        impl<E, $($H),*> Handler<E> for FanOut<($($H,)*)>
        where
            $($H: for<'a> Handler<&'a E>,)*
        {
            #[inline]
            #[track_caller]
            fn run(&mut self, world: &mut World, event: E) {
                enter_all(self, self.world, world, |fan, world| fan.lend_entered(world, &event));
            }

            #[inline]
            #[track_caller]
            fn run_entered(&mut self, world: Entered<'_>, event: E) {
                self.lend_entered(world, &event);
            }
        }

        impl<'e, E: ?Sized, $($H),*> Handler<&'e E> for FanOut<($($H,)*), ByReference>
        where
            $($H: for<'a> Handler<&'a E>,)*
        {
            #[inline]
            #[track_caller]
            fn run(&mut self, world: &mut World, event: &'e E) {
                enter_all(self, self.world, world, |fan, world| fan.lend_entered(world, event));
            }

            #[inline]
            #[track_caller]
            fn run_entered(&mut self, world: Entered<'_>, event: &'e E) {
                self.lend_entered(world, event);
            }
        }

        impl<$($H: Describe,)* K> Describe for FanOut<($($H,)*), K> {
            fn describe(&self, visitor: &mut dyn Visitor) {
                visitor.open(Kind::FanOut);
                $(describe_within(visitor, Kind::Arm, &self.handlers.$index);)*
                visitor.close(None);
            }
        }
    };
}

handlers!(H0 0, H1 1);
handlers!(H0 0, H1 1, H2 2);
handlers!(H0 0, H1 1, H2 2, H3 3);
handlers!(H0 0, H1 1, H2 2, H3 3, H4 4);
handlers!(H0 0, H1 1, H2 2, H3 3, H4 4, H5 5);
handlers!(H0 0, H1 1, H2 2, H3 3, H4 4, H5 5, H6 6);
handlers!(H0 0, H1 1, H2 2, H3 3, H4 4, H5 5, H6 6, H7 7);
