//! A timer wheel for programs that own their loop: exact deadlines, in order, without a clock.
//!
//! A [`Wheel`] holds values, each with a deadline. [`Wheel::poll`] passes the due values to a function, and
//! [`Wheel::next_deadline`] says how long the loop may sleep:
//!
//! ```
//! use std::time::{Duration, Instant};
//! use nexus_timer::Wheel;
//!
//! let mut now = Instant::now();
//! let mut wheel = Wheel::new(now);
//! let order = wheel.insert(now + Duration::from_millis(250), "the order times out");
//! let quote = wheel.insert(now + Duration::from_millis(100), "the quote times out");
//! wheel.reschedule(quote, now + Duration::from_millis(300));
//!
//! // A loop sleeps until the next deadline, and polls.
//! let mut fired = Vec::new();
//! while let Some(next) = wheel.next_deadline() {
//!     now = next;
//!     wheel.poll(now, |expired| fired.push((expired.key, expired.value)));
//! }
//! assert_eq!(fired, [(order, "the order times out"), (quote, "the quote times out")]);
//! ```
//!
//! # What it promises
//!
//! - **Exact.** An entry fires if and only if its deadline is at or before the `now` of the poll. Nothing is rounded.
//! - **Ordered.** A poll returns due entries by deadline, and entries with equal deadlines by insertion.
//! - **Reentrant.** Between two pops, entries may be inserted, rescheduled and cancelled, and every poll ends. A
//!   [`TimerKey`] is a number. Once its entry is gone, it matches nothing, on this wheel or any other.
//! - **Constant time.** Inserting, rescheduling and cancelling take constant time unless entries of that tick are about
//!   to fire. A poll before the next deadline is one comparison. Memory grows with the largest number of entries
//!   that wait at once, and with the largest number that share a tick.
//! - **No clock.** Time is an argument. It may stand still, go back, or skip a week.
//!
//! There is no unsafe code and no dependency.
//!
//! # Where to look
//!
//! - [`Wheel`]: insert, reschedule, cancel and poll. [`Wheel::start_poll`] and [`Wheel::pop`] fire entries one at a
//!   time, and [`Wheel::pop_lent`] is for timers that repeat.
//! - [`WheelBuilder`]: the length of a tick, room in advance, and a limit. [`Full`] is the error of a wheel at its
//!   limit.
//! - [`TimerKey`]: identifies an entry. [`Expired`]: an entry that fired.
//!
//! # How it works
//!
//! Time is divided into ticks. Level 0 has 64 slots of one tick each, level 1 has 64 slots of 64 ticks, and so on.
//! There are ten levels, so every tick of the next 292 years has a slot and nothing overflows. An entry goes into the
//! level of the highest bit in which its tick differs from the position of the wheel. When the position reaches a slot
//! of a higher level, its entries move to lower levels. This is the hierarchical timing wheel of G. Varghese and T.
//! Lauck, *Hashed and Hierarchical Timing Wheels* (SOSP 1987), with one bit per slot, so that the next slot is found
//! without scanning empty ones.
//!
//! A wheel alone knows only ticks. Entries that its position has reached go into the *near buffer*, which is sorted by
//! deadline and insertion, as in the ladder queues of discrete-event simulation (W. T. Tang, R. S. M. Goh, I. L.-J.
//! Thng, 2005). Entries that are inserted there later are kept beside it, in a queue if they come in order and in a
//! small heap otherwise. Only entries that are about to fire therefore pay for the exact order.
//!
//! # Cost
//!
//! | operation | time |
//! |---|---|
//! | [`insert`](Wheel::insert), [`reschedule`](Wheel::reschedule) | O(1); into a sorted tick, O(log n) |
//! | [`cancel`](Wheel::cancel) | O(1); from a sorted tick, O(log n) amortised |
//! | [`pop`](Wheel::pop) | O(log n) amortised; each entry moves down at most nine times |
//! | a poll before [`next_deadline`](Wheel::next_deadline) | one comparison, unless an earlier entry has left |
//! | [`next_deadline`](Wheel::next_deadline) | O(1) amortised: compares each entry once, or again if rescheduled |
//!
//! Here n is the number of entries in the tick. A tick is sorted when its first entry is due. A tick and those before
//! it are sorted earlier if `next_deadline` or a poll has searched the tick for its earliest entry, and that entry is
//! then cancelled or rescheduled. Sorting takes O(n log n) within that one call, and happens once per entry, unless it
//! is rescheduled. Growing takes time too; [`WheelBuilder::capacity`] allocates in advance.
//!
//! If the clock goes back by days, entries inserted before the wheel's position go into the near buffer until time has
//! caught up.
//!
//! # Panics
//!
//! [`Wheel::insert`] panics if the wheel is full. Building a wheel panics if its tick is below a microsecond or its
//! limit above 2^32 - 1. If the function passed to [`Wheel::poll`] panics, only the entry that it received is lost.

#![forbid(unsafe_code)]

mod builder;
mod earliest;
mod full;
mod key;
mod levels;
mod near;
mod poll;
mod slab;
mod time;
mod wheel;

pub use builder::WheelBuilder;
pub use full::Full;
pub use key::TimerKey;
pub use poll::Expired;
pub use wheel::Wheel;

/// The page whose example is that of this crate.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
