//! A resolved function whose type is erased, so that templates can be named and copied.
#![expect(unsafe_code, reason = "makes the function out of nothing, which is all that it consists of")]

use std::fmt;
use std::ptr::NonNull;

use super::bound::{Bound, Named};
use super::callable::Callable;
use super::entered::Entered;
use super::mode::Mode;
use super::no_event::full_name;
use crate::describe::{Describe, Visitor};
use crate::param::CopyState;
use crate::world::{Registry, WorldId};

/// A function whose type can be erased and whose value can be recreated: see
/// [`HandlerTemplate`](crate::HandlerTemplate). Implemented for everything that is `Copy + Send + 'static`. That the
/// function also has no size is checked where it is used.
#[diagnostic::on_unimplemented(
    message = "a template cannot stamp `{Self}`: it captures what cannot be copied for every handler",
    label = "captures something that is not `Copy + Send + 'static`",
    note = "a template takes a named function or a closure that captures nothing. What differs from handler to handler goes \
            in the context of a `CallbackTemplate`, what they share in a resource",
    note = "a handler of a closure that is `Clone` can be cloned instead: `let handler = f.into_handler(registry)`, then \
            `handler.clone()`"
)]
pub trait Stampable: Copy + Send + 'static {}

#[diagnostic::do_not_recommend]
impl<F: Copy + Send + 'static> Stampable for F {}

/// Returns whether a function captures nothing. To be asserted in a `const`.
pub(crate) const fn nothing_captured<F>() -> bool {
    size_of::<F>() == 0
}

/// A resolved function of an event, represented by its code and its name instead of its type.
pub(crate) struct Stamp<C, E, M: Mode> {
    bound: Bound<M>,
    /// [`run`] for the function, whose safety requires the value that [`new`](Self::new) received. Its arguments come
    /// in the order of a handler's, so that calling it moves none of them.
    run: unsafe fn(&mut Bound<M>, Entered<'_>, E, &mut C),
    name: fn() -> &'static str,
}

impl<C, E, M: Mode> Stamp<C, E, M> {
    /// Resolves `function` and erases its type. That it has no size is [checked](nothing_captured) where users call, so
    /// that the compiler points there.
    ///
    /// # Panics
    /// If something is missing or in conflict.
    #[track_caller]
    pub(crate) fn new<F>(_function: F, registry: &Registry) -> Self
    where
        F: Callable<C, (E,), M, Out = ()> + Stampable,
    {
        // Its value would be recreated from bits that are stored nowhere: the last line of defence.
        assert!(nothing_captured::<F>());
        Self { bound: Bound::new(registry, full_name::<F>), run: run::<C, E, M, F>, name: full_name::<F> }
    }

    #[inline(always)]
    pub(crate) fn world(&self) -> WorldId {
        self.bound.world()
    }

    #[inline(always)]
    pub(crate) fn call(&mut self, ctx: &mut C, world: Entered<'_>, event: E) {
        // SAFETY: `run` belongs to a function of which `new` received a value.
        unsafe { (self.run)(&mut self.bound, world, event, ctx) }
    }
}

/// Calls the function `F`.
///
/// # Safety
/// A value of `F` existed, and `F` has no size.
unsafe fn run<C, E, M, F>(bound: &mut Bound<M>, world: Entered<'_>, event: E, ctx: &mut C)
where
    M: Mode,
    F: Callable<C, (E,), M, Out = ()> + Stampable,
{
    // SAFETY: this copies the value that existed: `F` is `Copy`, so it may be copied bit by bit; it has no bits, so
    // every well-aligned address holds it; it is `'static`, so it is still valid; and it is `Send`, so this thread may
    // have it.
    let mut function = unsafe { NonNull::<F>::dangling().read() };
    bound.call(&mut function, ctx, world, (event,));
}

impl<C, E, M: Mode> Describe for Stamp<C, E, M> {
    fn describe(&self, visitor: &mut dyn Visitor) {
        visitor.function(&Named((self.name)(), &self.bound));
    }
}

impl<C, E, M: Mode<State: CopyState>> Clone for Stamp<C, E, M> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<C, E, M: Mode<State: CopyState>> Copy for Stamp<C, E, M> {}

impl<C, E, M: Mode> fmt::Debug for Stamp<C, E, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Stamp({})", (self.name)())
    }
}
