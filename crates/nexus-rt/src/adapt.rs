//! `Cloned`, `Owned`, `ByRef`, `Adapt`: adapters that give a handler its event in another form.

use crate::call::Entered;
use crate::describe::Kind;
use crate::handler::Handler;
use crate::world::World;

/// Implements `Describe` for an adapter through the handler in its field.
macro_rules! describe_adapter {
    ($Adapter:ident<$($P:ident),*> by $field:tt: $H:ident, $kind:expr) => {
        impl<$($P),*> $crate::describe::Describe for $Adapter<$($P),*>
        where
            $H: $crate::describe::Describe,
        {
            fn describe(&self, visitor: &mut dyn $crate::describe::Visitor) {
                $crate::describe::describe_within(visitor, $kind, &self.$field);
            }
        }
    };
}

pub(crate) use describe_adapter;

/// Makes a handler of `&E` from a handler of `E`, by cloning each event.
///
/// ```
/// use nexus_rt::{Cloned, Handler, IntoHandler, ResMut, WorldBuilder};
///
/// let mut builder = WorldBuilder::new();
/// builder.register(Vec::<String>::new());
/// let mut world = builder.build();
/// let keep = |mut kept: ResMut<Vec<String>>, s: String| kept.push(s);
/// let keep = keep.into_handler(world.registry());
/// Cloned(keep).run(&mut world, &String::from("x"));
/// assert_eq!(*world.resource::<Vec<String>>(), ["x"]);
/// ```
#[derive(Clone, Debug)]
#[must_use = "a handler does nothing until it is run"]
pub struct Cloned<H>(pub H);

impl<'a, E: Clone, H: Handler<E>> Handler<&'a E> for Cloned<H> {
    #[inline]
    #[track_caller]
    fn run(&mut self, world: &mut World, event: &'a E) {
        self.0.run(world, event.clone());
    }

    #[inline]
    #[track_caller]
    fn run_entered(&mut self, world: Entered<'_>, event: &'a E) {
        self.0.run_entered(world, event.clone());
    }
}

describe_adapter!(Cloned<H> by 0: H, Kind::Cloned);

/// Makes a handler of borrowed events, such as `&str` or `&[u8]`, from a handler of owned ones, `String` or `Vec<u8>`.
///
/// ```
/// use nexus_rt::{Handler, IntoHandler, Owned, ResMut, WorldBuilder};
///
/// let mut builder = WorldBuilder::new();
/// builder.register(Vec::<String>::new());
/// let mut world = builder.build();
/// let keep = |mut kept: ResMut<Vec<String>>, s: String| kept.push(s);
/// let keep = keep.into_handler(world.registry());
/// Owned::new(keep).run(&mut world, "x");
/// assert_eq!(*world.resource::<Vec<String>>(), ["x"]);
/// ```
#[derive(Clone, Debug)]
#[must_use = "a handler does nothing until it is run"]
pub struct Owned<H>(H);

impl<H> Owned<H> {
    /// Wraps a handler of owned events.
    ///
    /// ```
    /// use nexus_rt::{Handler, IntoHandler, Owned, ResMut, WorldBuilder};
    ///
    /// let mut builder = WorldBuilder::new();
    /// builder.register(Vec::<u8>::new());
    /// let mut world = builder.build();
    /// let keep = |mut last: ResMut<Vec<u8>>, bytes: Vec<u8>| *last = bytes;
    /// Owned::new(keep.into_handler(world.registry())).run(&mut world, b"ping".as_slice());
    /// assert_eq!(*world.resource::<Vec<u8>>(), b"ping");
    /// ```
    pub const fn new(handler: H) -> Self {
        Self(handler)
    }
}

impl<'a, E: ToOwned + ?Sized, H: Handler<E::Owned>> Handler<&'a E> for Owned<H> {
    #[inline]
    #[track_caller]
    fn run(&mut self, world: &mut World, event: &'a E) {
        self.0.run(world, event.to_owned());
    }

    #[inline]
    #[track_caller]
    fn run_entered(&mut self, world: Entered<'_>, event: &'a E) {
        self.0.run_entered(world, event.to_owned());
    }
}

describe_adapter!(Owned<H> by 0: H, Kind::Owned);

/// Makes a handler of `E` from a handler of `&E`.
///
/// ```
/// use nexus_rt::{ByRef, Handler, IntoHandler, ResMut, WorldBuilder};
///
/// let mut builder = WorldBuilder::new();
/// builder.register(0_u64);
/// let mut world = builder.build();
/// let add = (|mut sum: ResMut<u64>, x: &u64| *sum += *x).into_handler(world.registry());
/// ByRef(add).run(&mut world, 5_u64);
/// assert_eq!(*world.resource::<u64>(), 5);
/// ```
#[derive(Clone, Debug)]
#[must_use = "a handler does nothing until it is run"]
pub struct ByRef<H>(pub H);

impl<E, H: for<'a> Handler<&'a E>> Handler<E> for ByRef<H> {
    #[inline]
    #[track_caller]
    fn run(&mut self, world: &mut World, event: E) {
        self.0.run(world, &event);
    }

    #[inline]
    #[track_caller]
    fn run_entered(&mut self, world: Entered<'_>, event: E) {
        self.0.run_entered(world, &event);
    }
}

describe_adapter!(ByRef<H> by 0: H, Kind::ByRef);

/// Decodes each event and passes the result on, unless it is `None`.
///
/// ```
/// use nexus_rt::{Adapt, Handler, IntoHandler, ResMut, WorldBuilder};
///
/// let mut builder = WorldBuilder::new();
/// builder.register(0_u64);
/// let mut world = builder.build();
/// let add = (|mut sum: ResMut<u64>, x: u64| *sum += x).into_handler(world.registry());
/// let mut parse = Adapt::new(|text: &str| text.parse::<u64>().ok(), add);
/// ["3", "x", "4"].map(|text| parse.run(&mut world, text));
/// assert_eq!(*world.resource::<u64>(), 7);
/// ```
#[derive(Clone, Debug)]
#[must_use = "a handler does nothing until it is run"]
pub struct Adapt<D, H> {
    decode: D,
    handler: H,
}

impl<D, H> Adapt<D, H> {
    /// Puts `decode`, an `FnMut(Wire) -> Option<T>`, in front of a handler of `T`.
    ///
    /// ```
    /// use nexus_rt::{Adapt, Handler, IntoHandler, ResMut, WorldBuilder};
    ///
    /// let mut builder = WorldBuilder::new();
    /// builder.register(0_u16);
    /// let mut world = builder.build();
    /// let keep = |mut last: ResMut<u16>, port: u16| *last = port;
    /// let decode = |bytes: &[u8]| Some(u16::from_be_bytes(bytes.try_into().ok()?));
    /// let mut handler = Adapt::new(decode, keep.into_handler(world.registry()));
    /// handler.run(&mut world, [1, 0].as_slice());
    /// handler.run(&mut world, [7].as_slice()); // too short
    /// assert_eq!(*world.resource::<u16>(), 256);
    /// ```
    pub const fn new(decode: D, handler: H) -> Self {
        Self { decode, handler }
    }
}

impl<Wire, T, D, H> Handler<Wire> for Adapt<D, H>
where
    D: FnMut(Wire) -> Option<T> + Send,
    H: Handler<T>,
{
    #[inline]
    #[track_caller]
    fn run(&mut self, world: &mut World, event: Wire) {
        if let Some(decoded) = (self.decode)(event) {
            self.handler.run(world, decoded);
        }
    }

    #[inline]
    #[track_caller]
    fn run_entered(&mut self, world: Entered<'_>, event: Wire) {
        if let Some(decoded) = (self.decode)(event) {
            self.handler.run_entered(world, decoded);
        }
    }
}

describe_adapter!(Adapt<D, H> by handler: H, Kind::Adapt);
