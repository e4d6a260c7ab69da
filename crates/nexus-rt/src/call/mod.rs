//! Calling user functions: one trait over all their shapes, one place that fetches what they ask for.

mod callable;
mod entered;
mod mode;
mod resolved;

pub use callable::Callable;
pub(crate) use entered::{Entered, lend_world};
pub use mode::Mode;
pub use resolved::Resolved;
