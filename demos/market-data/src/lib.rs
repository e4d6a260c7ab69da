//! The demo of this repository: an exchange's feed replayed through nexus-rt.
//!
//! [`replay()`] does all of it; [`world`] and [`feed()`] are the part without files.

mod args;
mod backlog;
mod bars;
mod book;
mod chart;
mod counts;
mod decimal;
mod fault;
mod feed;
mod input;
mod journal;
mod live;
mod message;
mod numbers;
mod payload;
mod problems;
mod profile;
mod program;
mod rebuild;
mod replay;
mod report;
mod signal;
mod strategies;
mod threads;
mod tickers;
mod time;
mod trades;
mod wire;

pub use args::{Args, Pace, Threads};
pub use bars::{Bar, Bars, Recorded};
pub use book::Book;
pub use chart::Chart;
pub use counts::Counts;
pub use decimal::{Decimal, NotADecimal};
pub use feed::{Feed, feed, world};
pub use input::unreadable;
pub use journal::{Journaled, run_again};
pub use message::{Event, Level, Line, Top};
pub use problems::Problems;
pub use profile::{Measure, Measures, Part, Profile, Unmeasured};
pub use replay::{Latency, replay};
pub use report::Report;
pub use strategies::{Strategies, Strategy, Watched};
pub use time::{TimeUnit, Times};
pub use trades::Trades;
