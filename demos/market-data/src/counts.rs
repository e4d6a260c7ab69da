//! What is counted along the way, for the report, and whose feed it is.

/// Messages by kind, and what became of them.
#[derive(Default, Hash, Debug)]
pub struct Counts {
    /// All messages.
    pub events: u64,
    /// Changes of the order book.
    pub depth: u64,
    /// Tops of the book, as the exchange says.
    pub ticker: u64,
    /// Trades.
    pub trade: u64,
    /// Whole order books.
    pub snapshot: u64,
    pub(crate) applied: u64,
    pub(crate) stale: u64,
    pub(crate) gaps: u64,
    /// Lines that are no message.
    pub bad_lines: u64,
    /// Trades and tickers that came again, and were dropped.
    pub duplicates: u64,
    /// Snapshots and diffs that crossed the book, and tickers that are crossed themselves.
    pub crossed: u64,
    /// Trades and tickers that came after later ones, trades whose second was over, and diffs at which the numbers go
    /// back.
    pub out_of_order: u64,
}

/// The symbol of the capture: that of its first message.
#[derive(Clone, Default, PartialEq, Hash, Debug)]
pub(crate) struct Symbol(pub(crate) Option<String>);

impl Symbol {
    /// Takes the symbol of a message for that of the capture, unless the capture has another one. Stream names are in
    /// small letters, messages and people use capitals.
    pub(crate) fn take(&mut self, named: &str) -> Result<(), String> {
        match &self.0 {
            None => self.0 = Some(named.to_owned()),
            Some(first) if first.eq_ignore_ascii_case(named) => {}
            Some(first) => return Err(format!("`{named}` in a capture of `{first}`: one symbol at a time")),
        }
        Ok(())
    }
}

/// How often the top of the rebuilt book was compared with the exchange's own, and how often it agreed.
#[derive(Default, Hash)]
pub(crate) struct Checks {
    pub(crate) made: u64,
    pub(crate) agreed: u64,
}
