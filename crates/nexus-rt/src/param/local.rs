//! `Local`: state of one handler, stored in the handler.
#![expect(unsafe_code, reason = "implements the unsafe trait Param; its own fetch is a plain borrow")]

use std::fmt;
use std::ops::{Deref, DerefMut};

use super::{Access, Dispatch, Param, Requests, Resolver};
use crate::world::Registry;

/// A value that belongs to one handler: it starts as `T::default()` and is kept between runs.
///
/// Two handlers made from the same function each have their own.
///
/// ```
/// use nexus_rt::{Handler, IntoHandler, Local, ResMut, WorldBuilder};
///
/// fn nth(mut n: Local<u64>, mut log: ResMut<Vec<u64>>, _event: ()) {
///     *n += 1;
///     log.push(*n);
/// }
///
/// let mut builder = WorldBuilder::new();
/// builder.register_default::<Vec<u64>>();
/// let mut world = builder.build();
/// let mut a = nth.into_handler(world.registry());
/// let mut b = nth.into_handler(world.registry());
/// a.run(&mut world, ());
/// a.run(&mut world, ());
/// b.run(&mut world, ());
/// assert_eq!(*world.resource::<Vec<u64>>(), [1, 2, 1]);
/// ```
pub struct Local<'w, T>(&'w mut T);

impl<T> Deref for Local<'_, T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        self.0
    }
}

impl<T> DerefMut for Local<'_, T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        self.0
    }
}

impl<T: fmt::Debug> fmt::Debug for Local<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a handler stores for a `Local<T>`. It has its own type, so that nothing that accesses a resource can be
/// mistaken for a `Local`, which has no accesses.
#[derive(Clone, Copy, Debug)]
pub struct Kept<T>(T);

// SAFETY: reaches no resource.
unsafe impl<T: Default + Send + 'static> Param for Local<'_, T> {
    type State = Kept<T>;
    type Item<'w> = Local<'w, T>;

    fn try_init(_: &Registry, _: &mut Resolver) -> Option<Kept<T>> {
        Some(Kept(T::default()))
    }

    fn requests(_: &mut Requests) {}

    fn access(_: &Kept<T>, _: &mut dyn FnMut(Access)) {}

    #[inline(always)]
    unsafe fn fetch<'w>(_: Dispatch<'w>, state: &'w mut Kept<T>) -> Local<'w, T> {
        Local(&mut state.0)
    }
}
