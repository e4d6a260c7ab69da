//! Handlers stored in place: type-erased, without a heap.

use std::fmt;

use smallbox::SmallBox;

use crate::describe::Describe;
use crate::handler::{Handler, handler_in};

type Room<const WORDS: usize> = [u64; WORDS];

/// A type-erased handler, stored in place if it fits into `WORDS` words of eight bytes, and on the heap otherwise.
///
/// A handler takes one word per param and one for its world, besides its context or captures.
///
/// ```
/// use nexus_rt::{FlexVirtual, Handler, IntoCallback, ResMut, WorldBuilder, flex};
///
/// let mut builder = WorldBuilder::new();
/// builder.register(0_u64);
/// let mut world = builder.build();
/// let reg = world.registry();
/// let add = |ctx: &mut [u64; 16], mut sum: ResMut<u64>, x: u64| *sum += x + ctx[0];
/// let mut handlers: Vec<FlexVirtual<u64>> = vec![
///     flex!((|_: &mut u64, mut sum: ResMut<u64>, x: u64| *sum += x).into_callback(0, reg)),
///     flex!(add.into_callback([5; 16], reg)),
/// ];
/// assert_eq!([0, 1].map(|n: usize| handlers[n].is_inline()), [true, false]);
/// handlers.iter_mut().for_each(|handler| handler.run(&mut world, 10));
/// assert_eq!(*world.resource::<u64>(), 25);
/// ```
#[must_use = "a handler does nothing until it is run"]
pub struct FlexVirtual<E, const WORDS: usize = 8>(SmallBox<dyn Handler<E>, Room<WORDS>>);

impl<E, const WORDS: usize> FlexVirtual<E, WORDS> {
    /// Stores a handler: in place if it fits, or else on the heap.
    ///
    /// ```
    /// use nexus_rt::{FlexVirtual, Handler, IntoHandler, ResMut, WorldBuilder};
    ///
    /// let mut builder = WorldBuilder::new();
    /// builder.register(0_u64);
    /// let mut world = builder.build();
    /// let add = (|mut sum: ResMut<u64>, x: u64| *sum += x).into_handler(world.registry());
    /// let mut add = FlexVirtual::<u64>::new(add);
    /// add.run(&mut world, 5);
    /// assert_eq!((add.is_inline(), *world.resource::<u64>()), (true, 5));
    /// ```
    pub fn new<H: Handler<E> + 'static>(handler: H) -> Self {
        Self(smallbox::smallbox!(handler))
    }

    /// Returns whether the handler is stored in place. A handler without a size always is.
    #[must_use]
    pub fn is_inline(&self) -> bool {
        !self.0.is_heap() || size_of_val(&*self.0) == 0
    }
}

/// A type-erased handler that is stored in place.
///
/// A handler that does not fit into `WORDS` words of eight bytes does not compile.
///
/// ```
/// use nexus_rt::{FlatVirtual, Handler, IntoHandler, ResMut, WorldBuilder, flat};
///
/// let mut builder = WorldBuilder::new();
/// builder.register(0_u64);
/// let mut world = builder.build();
/// let add = |mut sum: ResMut<u64>, x: u64| *sum += x;
/// let mut add: FlatVirtual<u64> = flat!(add.into_handler(world.registry()));
/// add.run(&mut world, 5);
/// assert_eq!(*world.resource::<u64>(), 5);
/// ```
///
/// ```compile_fail
/// # use nexus_rt::{FlatVirtual, IntoCallback, WorldBuilder, flat};
/// # let world = WorldBuilder::new().build();
/// let add = |ctx: &mut [u64; 16], x: u64| ctx[0] += x;
/// let refused: FlatVirtual<u64> = flat!(add.into_callback([0; 16], world.registry()));
/// ```
#[must_use = "a handler does nothing until it is run"]
pub struct FlatVirtual<E, const WORDS: usize = 8>(FlexVirtual<E, WORDS>);

impl<E, const WORDS: usize> FlatVirtual<E, WORDS> {
    /// Stores a handler in place.
    ///
    /// ```
    /// use nexus_rt::{FlatVirtual, Handler, IntoHandler, ResMut, WorldBuilder};
    ///
    /// let mut builder = WorldBuilder::new();
    /// builder.register(0_u64);
    /// let mut world = builder.build();
    /// let add = (|mut sum: ResMut<u64>, x: u64| *sum += x).into_handler(world.registry());
    /// FlatVirtual::<u64>::new(add).run(&mut world, 5);
    /// assert_eq!(*world.resource::<u64>(), 5);
    /// ```
    pub fn new<H: Handler<E> + 'static>(handler: H) -> Self {
        const {
            assert!(
                size_of::<H>() == 0
                    || size_of::<H>() <= size_of::<Room<WORDS>>() && align_of::<H>() <= align_of::<Room<WORDS>>(),
                "this handler does not fit in place: give it more room, as in `FlatVirtual<E, 16>`, make its context \
                 or what it captures smaller, or keep it in a `FlexVirtual`, which takes large ones to the heap"
            );
        }
        Self(FlexVirtual::new(handler))
    }

    /// Takes over a handler whose type is already erased.
    ///
    /// ```
    /// use nexus_rt::{FlatVirtual, FlexVirtual, IntoHandler, WorldBuilder};
    ///
    /// let world = WorldBuilder::new().build();
    /// let flex = FlexVirtual::<u64>::new((|_: u64| {}).into_handler(world.registry()));
    /// assert!(flex.is_inline());
    /// let _flat = FlatVirtual::from_flex(flex);
    /// ```
    ///
    /// # Panics
    /// If it does not fit in place. The message names the handler.
    #[track_caller]
    pub fn from_flex(handler: FlexVirtual<E, WORDS>) -> Self {
        assert!(
            handler.is_inline(),
            "`{}` does not fit in place: it has {} bytes aligned to {}, and there is room for {} aligned to {}",
            handler.name(),
            size_of_val(&*handler.0),
            align_of_val(&*handler.0),
            size_of::<Room<WORDS>>(),
            align_of::<Room<WORDS>>()
        );
        Self(handler)
    }
}

/// Creates a [`FlatVirtual`](crate::FlatVirtual) of a handler.
#[macro_export]
macro_rules! flat {
    ($handler:expr $(,)?) => {
        $crate::FlatVirtual::new($handler)
    };
}

/// Creates a [`FlexVirtual`](crate::FlexVirtual) of a handler.
#[macro_export]
macro_rules! flex {
    ($handler:expr $(,)?) => {
        $crate::FlexVirtual::new($handler)
    };
}

handler_in! {
    [E, const WORDS: usize] [E, const WORDS: usize] FlexVirtual<E, WORDS>: |self| self.0;
    [E, const WORDS: usize] [E, const WORDS: usize] FlatVirtual<E, WORDS>: |self| self.0;
}

impl<E, const WORDS: usize> fmt::Debug for FlexVirtual<E, WORDS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FlexVirtual({})", self.name())
    }
}

impl<E, const WORDS: usize> fmt::Debug for FlatVirtual<E, WORDS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FlatVirtual({})", self.name())
    }
}
