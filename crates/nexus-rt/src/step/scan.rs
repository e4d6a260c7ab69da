//! `Scan`: a function with an accumulator that is kept between runs.

use std::marker::PhantomData;

use super::Step;
use super::into_step::{TakesRef, TakesValue};
use crate::call::{All, Callable, Entered, Mode, Resolved};
use crate::describe::{Describe, Kind, Visitor};
use crate::sealed::Internal;

/// Calls the function with the accumulator and the value or a reference to it, as `K` says.
#[derive(Debug)]
pub struct Scan<Acc, S, K> {
    accumulator: Acc,
    step: S,
    how: PhantomData<fn() -> K>,
}

impl<Acc, S, K> Scan<Acc, S, K> {
    pub(crate) fn new(accumulator: Acc, step: S) -> Self {
        Self { accumulator, step, how: PhantomData }
    }
}

impl<Acc: Clone, S: Clone, K> Clone for Scan<Acc, S, K> {
    fn clone(&self) -> Self {
        Self::new(self.accumulator.clone(), self.step.clone())
    }
}

/// A function for `scan`: `fn(params.., &mut Acc, T)` or `fn(params.., &mut Acc, &T)`.
#[diagnostic::on_unimplemented(
    message = "this function does not fit `scan` here: it would be given `&mut {Acc}` and then `{T}`",
    label = "its last arguments are not `&mut {Acc}` and `{T}` or `&{T}`"
)]
pub trait ScanFn<C, Acc, T, K> {
    /// How the function accesses the world.
    type Mode: Mode;

    /// What it returns.
    type Out;
}

impl<C, Acc, T, F, M, Out> ScanFn<C, Acc, T, TakesValue<M>> for F
where
    M: Mode,
    F: for<'a> Callable<C, (&'a mut Acc, T), M, Out = Out>,
{
    type Mode = M;
    type Out = Out;
}

impl<C, Acc, T, F, M, Out> ScanFn<C, Acc, T, TakesRef<M>> for F
where
    M: Mode,
    F: for<'a, 'b> Callable<C, (&'a mut Acc, &'b T), M, Out = Out, Received = All>,
{
    type Mode = M;
    type Out = Out;
}

impl<C, Acc, T, F, M, Out> Step<C, T> for Scan<Acc, Resolved<F, M>, TakesValue<M>>
where
    M: Mode,
    F: for<'a> Callable<C, (&'a mut Acc, T), M, Out = Out>,
{
    type Out = Out;

    #[inline(always)]
    fn run(&mut self, ctx: &mut C, world: Entered<'_>, input: T) -> Out {
        self.step.call(ctx, world, (&mut self.accumulator, input))
    }
}

impl<C, Acc, T, F, M, Out> Step<C, T> for Scan<Acc, Resolved<F, M>, TakesRef<M>>
where
    M: Mode,
    F: for<'a, 'b> Callable<C, (&'a mut Acc, &'b T), M, Out = Out>,
{
    type Out = Out;

    #[inline(always)]
    fn run(&mut self, ctx: &mut C, world: Entered<'_>, input: T) -> Out {
        self.step.call(ctx, world, (&mut self.accumulator, &input))
    }
}

impl<Acc, S: Describe, K> Describe for Scan<Acc, S, K> {
    fn describe(&self, visitor: &mut dyn Visitor) {
        self.step.describe(visitor);
    }

    fn step_kind(_: Internal) -> Kind {
        Kind::Scan
    }
}
