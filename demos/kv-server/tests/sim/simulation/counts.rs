//! `Counts`: what has happened in simulations.

use std::fmt;

macro_rules! counts {
    ($($(#[$meta:meta])* $name:ident: $text:literal,)*) => {
        /// How often each thing happened.
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
        pub(crate) struct Counts {
            $($(#[$meta])* pub(crate) $name: u64,)*
        }

        impl Counts {
            pub(crate) fn add(&mut self, other: &Self) {
                $(self.$name += other.$name;)*
            }

            /// Returns what never happened.
            pub(crate) fn missing(&self) -> Vec<&'static str> {
                [$((self.$name, $text)),*].into_iter().filter(|(count, _)| *count == 0).map(|(_, text)| text).collect()
            }
        }

        impl fmt::Display for Counts {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let counts = [$((self.$name, $text)),*];
                let all: Vec<_> = counts.iter().map(|(count, text)| format!("{count} {text}")).collect();
                f.write_str(&all.join(", "))
            }
        }
    };
}

counts! {
    seeds: "seeds",
    scripts: "scripts",
    clients: "clients",
    requests: "requests",
    replies: "replies released",
    lost: "replies lost",
    turns: "turns",
    inputs: "inputs",
    transactions: "transactions with changes",
    checks: "checks that agreed",
    restarts: "restarts",
    kills: "kills",
    crashes: "crashes",
    others: "other crashes at the same moments",
    closes: "ends in order",
    /// The power failed at a disk operation.
    off: "failures of power in the middle",
    full: "disks full",
    broken: "disks broken",
    starts: "failed starts",
    compactions: "compactions",
    uncompacted: "failed compactions",
    torn: "torn tails cut",
    flips: "bits flipped",
    damaged: "flips refused",
    harmless: "flips that cost nothing",
    cut: "flips cut off",
    unsynced: "crashes that nothing was promised for",
}
