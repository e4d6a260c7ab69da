//! Measures the handlers of a [nexus-rt](nexus_rt) program: how often each one runs, how long it takes, and which one
//! stalls the loop.
//!
//! A [`Board`] wraps a handler, a system or a pipeline in a [`Timed`], which runs and describes itself as before:
//!
//! ```
//! use nexus_gauge::Board;
//! use nexus_rt::{Handler, IntoHandler, ResMut, WorldBuilder};
//!
//! fn count(mut total: ResMut<u64>, x: u64) {
//!     *total += x;
//! }
//!
//! let mut builder = WorldBuilder::new();
//! builder.register(0_u64);
//! let mut world = builder.build();
//!
//! let board = Board::new();
//! // Counts all runs, and times one in 64.
//! let mut count = board.sampled(64, count.into_handler(world.registry()));
//! (0..1_000).for_each(|x| count.run(&mut world, x));
//!
//! println!("{}", board.table()); // on any thread
//! # let meter = &board.meters()[0];
//! # assert_eq!((meter.name(), meter.runs(), meter.latency().count()), ("count", 1_000, 16));
//! ```
//!
//! # Where to look
//!
//! - **Measure**: [`Board::timed`] times each run, [`Board::sampled`] one in `every`. [`Board::named`] names a closure,
//!   and [`Board::probe`] measures each function of a pipeline. [`Timed::into_pipeline`] and [`Timed::measure`] are for
//!   anything that is not a handler.
//! - **Read**: [`Board::table`] for people, [`Board::prometheus`] and [`Board::json`] for programs. [`Board::annotate`]
//!   writes the figures into a plan. [`Board::meters`] returns each [`Meter`], with its latency as a [`Snapshot`].
//! - **Watch**: [`Board::watch`] starts a thread that reports each [`Stall`], until its [`Watch`] is dropped.
//! - **Count**: a [`Counter`] or a [`Gauge`] publishes the numbers of a driver beside those of handlers. A
//!   [`Histogram`] counts values of any kind.
//!
//! # What it promises
//!
//! - One thread writes, without locks and without locked instructions. Any thread reads.
//! - A quantile is less than 7 % above the exact one.
//! - A measured handler behaves as before: its event, its output and its plan stay the same.
//! - There is no unsafe code, and no dependency except `nexus-rt`.

mod board;
mod exposition;
mod histogram;
mod json;
mod meter;
mod now;
mod number;
mod snapshot;
mod table;
mod timed;
mod watch;

pub use board::{Board, Named};
pub use histogram::Histogram;
pub use meter::Meter;
pub use number::{Counter, Gauge};
pub use snapshot::Snapshot;
pub use timed::{Probe, Timed};
pub use watch::{Stall, Watch};
