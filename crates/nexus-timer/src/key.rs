//! `TimerKey`: names an entry of one wheel, and nothing else for all time.

use std::num::NonZeroU64;
use std::sync::atomic::{AtomicU64, Ordering};

/// Names one entry of one [`Wheel`](crate::Wheel).
///
/// It is a number, not a pointer: keep it in a resource, send it to another thread, lose it. Once the entry has fired
/// or was cancelled the key names nothing, also when the room of the entry is used again, and it never names anything
/// on another wheel.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct TimerKey {
    pub(crate) wheel: WheelId,
    pub(crate) index: u32,
    pub(crate) generation: u32,
}

/// Tells wheels apart; no two of a process have the same.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct WheelId(NonZeroU64);

impl WheelId {
    pub(crate) fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        Self(NonZeroU64::new(id).expect("2^64 wheels are never made"))
    }
}
