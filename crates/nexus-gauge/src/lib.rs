//! What each handler of a [`nexus_rt`] program costs, and who stalls its loop.
//!
//! A [`Board`] measures handlers, systems and pipelines, which stay what they were: how often each runs, and how long.
//! [`Board::annotate`] writes that into plans, [`Board::table`] lists it, [`Board::prometheus`] and [`Board::json`]
//! give it to programs. [`Board::watch`] tells which handler does not return. [`Counter`]s and [`Gauge`]s take the
//! numbers of drivers to the same place.
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
//! let mut count = board.sampled(64, count.into_handler(world.registry()));
//! (0..1_000).for_each(|x| count.run(&mut world, x));
//! println!("{}", board.table());
//! ```

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
