//! `TimerKey`: identifies an entry of one wheel, and is never reused.

use std::num::NonZeroU64;
use std::sync::atomic::{AtomicU64, Ordering};

/// Identifies one entry of one [`Wheel`](crate::Wheel).
///
/// A key is a number, not a pointer: store it, send it to another thread, or drop it. Once the entry has fired or was
/// cancelled, the key matches nothing, even if the wheel reuses the entry's memory. It matches no entry of another
/// wheel.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct TimerKey {
    pub(crate) wheel: WheelId,
    pub(crate) index: u32,
    pub(crate) generation: u32,
}

/// Distinguishes wheels; unique within the process.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct WheelId(NonZeroU64);

impl WheelId {
    pub(crate) fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        Self(NonZeroU64::new(id).expect("2^64 wheels are never made"))
    }
}
