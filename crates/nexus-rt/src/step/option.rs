//! Steps over `Option`.

use super::{Step, step};

step! {
    /// Runs the step on `None`, and passes everything on.
    adapter OnNone;
    [T, S: Step<C, (), Out = ()>,] Option<T> => Option<T>: |self, ctx, world, input| {
        if input.is_none() {
            self.0.run(ctx, world, ());
        }
        input
    };
}

step! {
    /// `Ok` of what is in `Some`, `Err` of a copy of the error for `None`.
    value OkOr;
    [T, V: Clone,] Option<T> => Result<T, V>: |self, _, _, input| input.ok_or_else(|| self.0.clone());
}

step! {
    /// `Ok` of what is in `Some`, `Err` of what the step makes for `None`.
    adapter OkOrElse;
    [T, S: Step<C, ()>,] Option<T> => Result<T, S::Out>: |self, ctx, world, input| match input {
        Some(value) => Ok(value),
        None => Err(self.0.run(ctx, world, ())),
    };
}
