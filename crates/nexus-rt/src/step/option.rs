//! Steps over `Option`.

use super::{Step, step};

step! {
    /// Runs the step on `None` and passes the value on.
    adapter OnNone;
    [T, S: Step<C, (), Out = ()>,] Option<T> => Option<T>: |self, ctx, world, input| {
        if input.is_none() {
            self.0.run(ctx, world, ());
        }
        input
    };
}

step! {
    /// Turns `Some` into `Ok`, and `None` into `Err` of a clone of the error.
    value OkOr;
    [T, V: Clone,] Option<T> => Result<T, V>: |self, _, _, input| input.ok_or_else(|| self.0.clone());
}

step! {
    /// Turns `Some` into `Ok`, and `None` into `Err` of the output of the step.
    adapter OkOrElse;
    [T, S: Step<C, ()>,] Option<T> => Result<T, S::Out>: |self, ctx, world, input| match input {
        Some(value) => Ok(value),
        None => Err(self.0.run(ctx, world, ())),
    };
}
