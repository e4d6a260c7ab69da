//! The kinds of steps, as plans name them.

/// Defines the kinds, each with its name.
macro_rules! kinds {
    ($($(#[doc = $doc:literal])* $Kind:ident $name:literal,)*) => {
        /// What a part of a handler does. Most are the combinators of [`Chain`](crate::chain::Chain).
        ///
        /// See [`Visitor`](crate::plan::Visitor).
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[non_exhaustive]
        pub enum Kind {
            $($(#[doc = $doc])* $Kind,)*
        }

        impl Kind {
            /// Returns the name: that of the method that adds it, if there is one.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$Kind => $name,)*
                }
            }
        }
    };
}

kinds! {
    /// A function that runs on the value.
    Then "then",
    /// A predicate. If it does not hold, the output is `None`.
    Guard "guard",
    /// A function that observes the value.
    Tap "tap",
    /// Another handler that receives the value.
    Dispatch "dispatch",
    /// Drops a value that equals the previous one.
    Dedup "dedup",
    /// A function with an accumulator of its own.
    Scan "scan",
    /// A function that takes the elements of a tuple as arguments.
    Splat "splat",
    /// A side chain that observes the value.
    Tee "tee",
    /// A side chain over a projection of the value.
    View "view",
    /// The first case that holds takes the value.
    Route "route",
    /// Several arms that observe the value.
    Fork "fork",
    /// A chain that runs for each part of the value.
    Each "each",
    /// A function on the value inside an `Option` or a `Result`.
    Map "map",
    /// A function on the value inside that returns an `Option` or a `Result` itself.
    AndThen "and_then",
    /// A function that runs on `None`.
    OnNone "on_none",
    /// A predicate on the value inside.
    Filter "filter",
    /// A function that observes the value inside.
    Inspect "inspect",
    /// An error for `None`.
    OkOr "ok_or",
    /// A function that returns an error for `None`.
    OkOrElse "ok_or_else",
    /// A value for `None` or an error.
    UnwrapOr "unwrap_or",
    /// A function that returns a value for `None` or from an error.
    UnwrapOrElse "unwrap_or_else",
    /// An owned value from a reference.
    Cloned "cloned",
    /// A reference to the value inside.
    AsRef "as_ref",
    /// A function that handles an error.
    Catch "catch",
    /// A function on an error.
    MapErr "map_err",
    /// A function on an error that returns a `Result` itself.
    OrElse "or_else",
    /// A function that observes an error.
    InspectErr "inspect_err",
    /// `Some` of the value inside, `None` for an error.
    Ok "ok",
    /// The negation of the value.
    Not "not",
    /// Whether both the value and the function's output hold.
    And "and",
    /// Whether the value or the function's output holds.
    Or "or",
    /// Whether exactly one of the value and the function's output holds.
    Xor "xor",
    /// A case of a route.
    Case "case",
    /// The predicate of a case.
    If "if",
    /// The case of a route that takes all remaining values.
    Otherwise "otherwise",
    /// An arm of a fork.
    Arm "arm",
    /// The function that takes the outputs of the arms.
    Merge "merge",
    /// A handler that receives a clone of the borrowed event.
    Owned "owned",
    /// A handler that receives a reference to the event.
    ByRef "by_ref",
    /// A function that decodes the event, in front of a handler of its output. The function itself is not shown.
    Adapt "adapt",
    /// A handler whose panics are caught.
    CatchUnwind "catch_unwind",
    /// Several handlers that observe the event.
    FanOut "fan_out",
    /// A changing number of handlers that observe the event.
    Broadcast "broadcast",
    /// Systems, each of which may run after others.
    Scheduler "scheduler",
    /// A system in a scheduler.
    System "system",
}
