//! A timer wheel that is never early.
//!
//! A [`Wheel`] holds values that each wait for an instant and gives them out when it has come:
//!
//! - **Exact.** An entry fires if and only if its deadline is not after the `now` of the poll. Nothing is rounded.
//! - **In order.** What is due comes out by deadline, and where deadlines are equal by insertion, over the whole poll.
//! - **Safe to touch.** Between two pops anything may be inserted, rescheduled and cancelled, and every poll ends. A
//!   [`TimerKey`] is a number; once its entry is gone it names nothing, here or on any other wheel.
//! - **Flat.** Inserting, rescheduling and cancelling take constant time where nothing is about to fire, and a poll
//!   before the next deadline is a comparison. Memory grows to the most entries that wait at once, and that share a
//!   tick.
//! - **No clock.** Time is an argument. It may stand still, go back, or skip a week.
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
//! # How it works
//!
//! Time is cut into ticks. Level 0 has 64 slots of one tick each, level 1 has 64 slots of 64 ticks, and so on: ten
//! levels, so that every tick of the next 292 years has a slot and nothing overflows. An entry goes into the level of
//! the highest bit in which its tick differs from the position of the wheel. When the position reaches a slot of a
//! higher level, its entries move to lower ones. These are the hierarchical timing wheels of G. Varghese and T. Lauck,
//! *Hashed and Hierarchical Timing Wheels* (SOSP 1987), with a bit per slot, so that the next slot is found without
//! looking at empty ones.
//!
//! A wheel alone knows only ticks. What its position has reached goes into the *near buffer*, which is sorted by
//! deadline and insertion as in the ladder queues of discrete simulation (W. T. Tang, R. S. M. Goh, I. L.-J. Thng,
//! 2005); what is inserted there later goes beside it, into a queue if it comes in order and into a small heap if not.
//! So the exact order is paid for only by what is about to fire.
//!
//! # Cost
//!
//! | operation | time |
//! |---|---|
//! | [`insert`](Wheel::insert), [`reschedule`](Wheel::reschedule) | O(1); into a tick that is sorted, O(log n) |
//! | [`cancel`](Wheel::cancel) | O(1); out of a tick that is sorted, O(log n) amortised |
//! | [`pop`](Wheel::pop) | O(log n) amortised; each entry moves down nine times at most |
//! | a poll before [`next_deadline`](Wheel::next_deadline) | a comparison, unless what was due by then has been taken out |
//! | [`next_deadline`](Wheel::next_deadline) | O(1) amortised: an entry is compared here once at most, unless it is rescheduled |
//!
//! Here n is the number of entries in the tick. A tick is sorted when the first of its entries is due. It is sorted
//! before that, and so are those before it, if its earliest entry leaves by `cancel` or `reschedule` after
//! `next_deadline` or a poll has looked for it among the others. Sorting takes O(n log n) within that one call, and
//! happens to an entry once, unless it is rescheduled. Growing takes time too: [`WheelBuilder::capacity`] sees to it in
//! advance.
//!
//! If the clock goes back by days, what is inserted before the wheel's position goes into the near buffer, until time
//! has caught up.
//!
//! # Panics
//!
//! [`Wheel::insert`] on a wheel that is full, and building a wheel with a tick below a microsecond or a limit above
//! 2^32 - 1. If the function given to [`Wheel::poll`] panics, nothing is lost but the entry that it was given.

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
