//! Odd input to the feed, one module per kind: the feed keeps the right state, or reports a problem.
#![expect(clippy::unwrap_used, reason = "a test that fails says where by its line")]

mod crossed;
mod diffs;
mod futures;
mod inputs;
mod late;
mod lines;
mod model;
mod sides;
mod support;
mod symbols;
mod tickers;
mod times;
mod trades;
