//! Steps over `bool`.

use super::{Step, step};

step! {
    /// Negates the value.
    unit Not;
    [] bool => bool: |self, _, _, input| !input;
}

step! {
    /// Runs the step only if the value is true; true if both are.
    adapter And;
    [S: Step<C, (), Out = bool>,] bool => bool: |self, ctx, world, input| input && self.0.run(ctx, world, ());
}

step! {
    /// Runs the step only if the value is false; true if either is.
    adapter Or;
    [S: Step<C, (), Out = bool>,] bool => bool: |self, ctx, world, input| input || self.0.run(ctx, world, ());
}

step! {
    /// True if exactly one of both is.
    adapter Xor;
    [S: Step<C, (), Out = bool>,] bool => bool: |self, ctx, world, input| input ^ self.0.run(ctx, world, ());
}
