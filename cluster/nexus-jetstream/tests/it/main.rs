//! Replicas over real servers.

mod basics;
mod errors;
mod failures;
mod servers;
mod snapshots;
mod sums;
