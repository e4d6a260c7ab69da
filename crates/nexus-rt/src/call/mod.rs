//! Calling user functions: one trait over all their shapes, and one place that fetches what they ask for.

mod bound;
mod callable;
mod entered;
mod mode;
mod resolved;
mod stamp;

pub use callable::Callable;
pub(crate) use entered::{Anchored, Entered, enter_all, lend_world, replaced_world, same_world};
pub use mode::Mode;
pub(crate) use mode::{Plain, WithCtx};
pub use resolved::Resolved;
pub(crate) use stamp::{Ignored, Stamp, Stampable, Taken, nothing_captured};
