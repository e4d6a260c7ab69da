//! Calling user functions: one trait over all their shapes, and one place that fetches what they ask for.

mod bound;
mod callable;
mod entered;
mod mode;
mod no_event;
mod resolved;
mod stamp;

pub(crate) use callable::All;
pub use callable::Callable;
pub(crate) use entered::{Anchored, Entered, enter_all, lend_world, replaced_world, same_world};
pub use mode::Mode;
pub(crate) use mode::{Exclusive, Plain, WithCtx};
pub use no_event::{NoEvent, no_event};
pub use resolved::Resolved;
pub(crate) use stamp::{Stamp, Stampable, nothing_captured};
