//! The kinds of steps, as plans name them.

/// Defines the kinds, each with its name.
macro_rules! kinds {
    ($($(#[doc = $doc:literal])* $Kind:ident $name:literal,)*) => {
        /// What a part of a handler does: see [`Visitor`](crate::plan::Visitor). Most are the combinators of
        /// [`Chain`](crate::chain::Chain).
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[non_exhaustive]
        pub enum Kind {
            $($(#[doc = $doc])* $Kind,)*
        }

        impl Kind {
            /// The name: that of the method which adds it, where there is one.
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
    /// A predicate; where it does not hold, `None` goes on.
    Guard "guard",
    /// A function that looks at the value.
    Tap "tap",
    /// Another handler that takes the value.
    Dispatch "dispatch",
    /// Drops a value that equals the one before.
    Dedup "dedup",
    /// A function with an accumulator of its own.
    Scan "scan",
    /// A function that takes the elements of a tuple as arguments.
    Splat "splat",
    /// A side chain that looks at the value.
    Tee "tee",
    /// A side chain over a projection of the value.
    View "view",
    /// The first case that holds takes the value.
    Route "route",
    /// Several arms that look at the value.
    Fork "fork",
    /// A function on what is inside of an `Option` or a `Result`.
    Map "map",
    /// A function on what is inside that gives an `Option` or a `Result` itself.
    AndThen "and_then",
    /// A function that runs on `None`.
    OnNone "on_none",
    /// A predicate on what is inside.
    Filter "filter",
    /// A function that looks at what is inside.
    Inspect "inspect",
    /// An error for `None`.
    OkOr "ok_or",
    /// A function that makes an error for `None`.
    OkOrElse "ok_or_else",
    /// A value for `None` or an error.
    UnwrapOr "unwrap_or",
    /// A function that makes a value for `None` or from an error.
    UnwrapOrElse "unwrap_or_else",
    /// An owned value from a reference.
    Cloned "cloned",
    /// A reference to what is inside.
    AsRef "as_ref",
    /// A function that ends an error.
    Catch "catch",
    /// A function on an error.
    MapErr "map_err",
    /// A function on an error that gives a `Result` itself.
    OrElse "or_else",
    /// A function that looks at an error.
    InspectErr "inspect_err",
    /// `Some` of what is inside, `None` for an error.
    Ok "ok",
    /// The opposite.
    Not "not",
    /// Whether the value and the function's both hold.
    And "and",
    /// Whether the value or the function's holds.
    Or "or",
    /// Whether one of the value and the function's holds.
    Xor "xor",
    /// A case of a route.
    Case "case",
    /// The predicate of a case.
    If "if",
    /// The case of a route that takes what is left.
    Otherwise "otherwise",
    /// An arm of a fork.
    Arm "arm",
    /// The function that takes what the arms gave.
    Merge "merge",
    /// A handler that owns a copy of what it is lent.
    Owned "owned",
    /// A handler that is lent what is given.
    ByRef "by_ref",
    /// A function that decodes the event, in front of a handler of what it gives. (The function is not shown.)
    Adapt "adapt",
    /// A handler whose panics are caught.
    CatchUnwind "catch_unwind",
    /// Several handlers that look at the event.
    FanOut "fan_out",
    /// A changing number of handlers that look at the event.
    Broadcast "broadcast",
    /// Systems, each of which may run after others.
    Scheduler "scheduler",
    /// A system in a scheduler.
    System "system",
}
