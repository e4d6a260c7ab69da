//! Steps over `Result`.

use super::{Step, StepRef, step};

step! {
    /// Runs the step on what is in `Err`, passes `Ok` by.
    adapter MapErr;
    [T, E, S: Step<C, E>,] Result<T, E> => Result<T, S::Out>: |self, ctx, world, input| match input {
        Ok(value) => Ok(value),
        Err(error) => Err(self.0.run(ctx, world, error)),
    };
}

step! {
    /// Shows what is in `Err` to the step.
    adapter InspectErr;
    [T, E, S: StepRef<C, E, Out = ()>,] Result<T, E> => Result<T, E>: |self, ctx, world, input| {
        if let Err(error) = &input {
            self.0.run_ref(ctx, world, error);
        }
        input
    };
}

step! {
    /// Runs the step, which gives a `Result` itself, on what is in `Err`.
    adapter OrElse;
    [T, E, E2, S: Step<C, E, Out = Result<T, E2>>,] Result<T, E> => Result<T, E2>: |self, ctx, world, input| match input {
        Ok(value) => Ok(value),
        Err(error) => self.0.run(ctx, world, error),
    };
}

step! {
    /// Hands the error to the step, which ends it, and gives what is in `Ok` as an `Option`.
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
    /// What is in `Ok` as an `Option`; the error is dropped.
    unit IntoOption as Ok;
    [T, E,] Result<T, E> => Option<T>: |self, _, _, input| input.ok();
}
