//! Behaviour through the public API, one module per feature.

mod anchors;
mod around_each;
mod batch;
mod borrow_check;
mod boxed;
mod case_names;
mod cases;
mod chain_model;
mod chain_walks;
mod chains;
mod change_detection;
mod claims;
mod clock;
mod combinators;
#[cfg(all(feature = "mio", unix))]
mod connections;
mod dag;
#[cfg(all(feature = "mio", feature = "timer"))]
mod datagram_peers;
#[cfg(all(feature = "mio", feature = "timer", unix))]
mod datagram_rig;
#[cfg(all(feature = "mio", feature = "timer"))]
mod datagrams;
#[cfg(all(feature = "mio", feature = "timer", unix))]
mod datagrams_unix;
mod derive;
#[cfg(all(feature = "mio", feature = "timer", unix))]
mod driver_rigs;
#[cfg(all(feature = "mio", feature = "timer", unix))]
mod drivers;
mod each;
mod errors;
mod fan_out;
mod functions;
mod guide;
#[cfg(all(feature = "mio", feature = "timer", unix))]
mod hand_rigs;
mod handlers;
mod handles;
#[cfg(feature = "ring")]
mod inbox;
#[cfg(all(feature = "mio", feature = "ring"))]
mod inbox_ends;
#[cfg(feature = "smartptr")]
mod inline;
mod last_run;
mod last_run_model;
mod lifecycle;
mod messages;
mod names;
mod no_event;
mod params;
#[cfg(feature = "timer")]
mod periodic;
mod plan;
mod plan_notes;
mod program_model;
mod program_walks;
mod reactors;
mod reactors_model;
mod scheduler_plan;
mod side_chains;
#[cfg(feature = "mio")]
mod socket_defects;
#[cfg(feature = "mio")]
mod socket_rig;
#[cfg(all(feature = "mio", feature = "timer"))]
mod sockets;
mod soundness;
mod soundness_clones;
mod support;
mod swaps;
mod systems;
mod templates;
mod testing;
#[cfg(feature = "timer")]
mod timer_attacks;
#[cfg(feature = "timer")]
mod timers;
#[cfg(all(feature = "mio", feature = "ring", feature = "timer"))]
mod waits;
mod world;

/// This binary counts no allocations; `allocations.rs` does.
#[cfg(all(feature = "mio", feature = "timer", unix))]
fn allocated() -> Option<u64> {
    None
}
