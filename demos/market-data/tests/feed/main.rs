//! What the feed makes of odd input, a module per kind: the state that it keeps is right, or it says what is wrong.
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
