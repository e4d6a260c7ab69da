//! Numbers that are never reused in this process: they distinguish worlds, drivers and keys.

use std::num::NonZeroU64;
use std::sync::atomic::{AtomicU64, Ordering};

/// Takes the next number. At one per nanosecond, they last 584 years.
pub(crate) fn next() -> NonZeroU64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NonZeroU64::new(NEXT.fetch_add(1, Ordering::Relaxed)).expect("2^64 numbers are never taken")
}
