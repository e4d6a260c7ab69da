//! Steps over `Result`.

use super::{Step, StepRef, step};

step! {
    /// Runs the step on an error; `Ok` is passed on unchanged.
    adapter MapErr;
    [T, E, S: Step<C, E>,] Result<T, E> => Result<T, S::Out>: |self, ctx, world, input| match input {
        Ok(value) => Ok(value),
        Err(error) => Err(self.0.run(ctx, world, error)),
    };
}

step! {
    /// Shows an error to the step and passes the value on.
    adapter InspectErr;
    [T, E, S: StepRef<C, E, Out = ()>,] Result<T, E> => Result<T, E>: |self, ctx, world, input| {
        if let Err(error) = &input {
            self.0.run_ref(ctx, world, error);
        }
        input
    };
}

step! {
    /// Runs the step, which returns a `Result`, on an error.
    adapter OrElse;
    [T, E, E2, S: Step<C, E, Out = Result<T, E2>>,] Result<T, E> => Result<T, E2>: |self, ctx, world, input| match input {
        Ok(value) => Ok(value),
        Err(error) => self.0.run(ctx, world, error),
    };
}

step! {
    /// Runs the step on an error, and passes the content of `Ok` on as an `Option`.
    adapter Catch;
    [T, E, S: Step<C, E, Out = ()>,] Result<T, E> => Option<T>: |self, ctx, world, input| match input {
        Ok(value) => Some(value),
        Err(error) => {
            self.0.run(ctx, world, error);
            None
        }
    };
}

step! {
    /// Turns the content of `Ok` into an `Option` and drops an error.
    unit IntoOption as Ok;
    [T, E,] Result<T, E> => Option<T>: |self, _, _, input| input.ok();
}
