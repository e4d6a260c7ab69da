//! Steps that look at a value and pass it on: `Guard`, `Tap`, `Dedup`.

use super::{StepRef, describe, step};

step! {
    /// Returns `Some(value)` if the predicate holds for `&value`, otherwise `None`.
    adapter Guard;
    [T, S: StepRef<C, T, Out = bool>,] T => Option<T>: |self, ctx, world, input| {
        if self.0.run_ref(ctx, world, &input) { Some(input) } else { None }
    };
}

step! {
    /// Shows the value to the step and passes it on.
    adapter Tap;
    [T, S: StepRef<C, T, Out = ()>,] T => T: |self, ctx, world, input| {
        self.0.run_ref(ctx, world, &input);
        input
    };
}

/// Returns `Some(value)` if it differs from the previous one, otherwise `None`.
#[derive(Clone, Debug)]
pub struct Dedup<T>(pub(crate) Option<T>);

step! {
    @run Dedup<T>;
    [T: PartialEq + Clone,] T => Option<T>: |self, _, _, input| {
        if self.0.as_ref() == Some(&input) {
            return None;
        }
        self.0 = Some(input.clone());
        Some(input)
    };
}

describe!(Dedup<T> as Dedup silent);
