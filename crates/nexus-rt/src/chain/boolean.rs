//! Combinators for `bool`.

use super::{Chain, Producer, Pushed};
use crate::call::{Callable, Mode, Resolved};
use crate::step::{And, Not, Or, Splat, Xor};
use crate::world::Registry;

impl<C, In: ?Sized, S, K> Chain<C, In, bool, S, K> {
    /// Turns the value around.
    #[inline]
    #[expect(clippy::should_implement_trait, reason = "a combinator among the others")]
    pub fn not(self) -> Pushed<C, In, S, K, Not, bool> {
        self.push(Not)
    }

    /// Whether the value and what the function says hold. The function runs only if the value is true.
    #[inline]
    #[track_caller]
    pub fn and<F, M>(self, f: F, registry: &Registry) -> Pushed<C, In, S, K, And<Producer<F, M>>, bool>
    where
        M: Mode,
        F: Callable<C, (), M, Out = bool>,
    {
        self.push(And(Splat(Resolved::new(f, registry))))
    }

    /// Whether the value or what the function says holds. The function runs only if the value is false.
    #[inline]
    #[track_caller]
    pub fn or<F, M>(self, f: F, registry: &Registry) -> Pushed<C, In, S, K, Or<Producer<F, M>>, bool>
    where
        M: Mode,
        F: Callable<C, (), M, Out = bool>,
    {
        self.push(Or(Splat(Resolved::new(f, registry))))
    }

    /// Whether exactly one of the value and what the function says holds.
    #[inline]
    #[track_caller]
    pub fn xor<F, M>(self, f: F, registry: &Registry) -> Pushed<C, In, S, K, Xor<Producer<F, M>>, bool>
    where
        M: Mode,
        F: Callable<C, (), M, Out = bool>,
    {
        self.push(Xor(Splat(Resolved::new(f, registry))))
    }
}
