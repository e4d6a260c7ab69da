//! What the feed says: one line of the capture becomes one typed message.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::decimal::Decimal;

/// A line of the capture, with its number for those who have to report it. The buffer is filled anew for each line.
#[derive(Default, Debug)]
pub struct Line {
    /// Counted from 1.
    pub number: u64,
    /// Without its end.
    pub text: Vec<u8>,
}

/// A decoded line.
#[derive(Debug)]
pub struct Event {
    pub(crate) line: u64,
    pub(crate) time_ns: u64,
    pub(crate) message: Message,
}

impl Event {
    /// Returns when its line was received, in nanoseconds since the epoch.
    pub fn time_ns(&self) -> u64 {
        self.time_ns
    }
}

#[derive(Debug)]
pub(crate) enum Message {
    Depth(Diff),
    Ticker(Ticker),
    Trade(Trade),
    Snapshot(Snapshot),
}

/// A price with the quantity that now stands there; none, if the quantity is zero.
pub type Level = (Decimal, Decimal);

/// Changes of the order book from update `first` to update `last`.
#[derive(Deserialize, Debug)]
pub(crate) struct Diff {
    #[serde(rename = "U")]
    pub(crate) first: u64,
    #[serde(rename = "u")]
    pub(crate) last: u64,
    #[serde(rename = "b")]
    pub(crate) bids: Vec<Level>,
    #[serde(rename = "a")]
    pub(crate) asks: Vec<Level>,
}

/// The best bid and ask after `update`, as the exchange itself says.
#[derive(Clone, Copy, Deserialize, Debug)]
pub(crate) struct Ticker {
    #[serde(rename = "u")]
    pub(crate) update: u64,
    #[serde(rename = "b")]
    pub(crate) bid: Decimal,
    #[serde(rename = "B")]
    pub(crate) bid_quantity: Decimal,
    #[serde(rename = "a")]
    pub(crate) ask: Decimal,
    #[serde(rename = "A")]
    pub(crate) ask_quantity: Decimal,
}

#[derive(Clone, Copy, Deserialize, Debug)]
pub(crate) struct Trade {
    #[serde(rename = "p")]
    pub(crate) price: Decimal,
    #[serde(rename = "q")]
    pub(crate) quantity: Decimal,
    /// Whether the order that stood in the book was the buyer's, so that the seller took.
    #[serde(rename = "m", default)]
    pub(crate) buyer_is_maker: bool,
}

/// The whole order book as of update `last`.
#[derive(Deserialize, Debug)]
pub(crate) struct Snapshot {
    #[serde(rename = "lastUpdateId")]
    pub(crate) last: u64,
    pub(crate) bids: Vec<Level>,
    pub(crate) asks: Vec<Level>,
}

/// Decodes the JSON of a line; gives the symbol too, which snapshots do not name.
pub(crate) fn decode(json: &[u8]) -> Result<(Option<&str>, Message), String> {
    #[derive(Deserialize)]
    struct Envelope<'a> {
        stream: Option<&'a str>,
        #[serde(borrow)]
        data: Option<&'a RawValue>,
    }
    let envelope: Envelope<'_> = parse(json)?;
    let Some(stream) = envelope.stream else {
        // Only the snapshot comes without a stream.
        let snapshot = parse(json).map_err(|error| format!("neither of a stream nor a snapshot: {error}"))?;
        return Ok((None, Message::Snapshot(snapshot)));
    };
    let data = envelope.data.ok_or("a stream without data")?.get().as_bytes();
    let (symbol, channel) = stream.split_once('@').ok_or_else(|| format!("`{stream}` names no channel"))?;
    let message = match channel {
        "bookTicker" => Message::Ticker(parse(data)?),
        "trade" => Message::Trade(parse(data)?),
        "depth" | "depth@100ms" => Message::Depth(parse(data)?),
        _ => return Err(format!("`{channel}` is an unknown channel")),
    };
    if let Message::Depth(Diff { first, last, .. }) = &message
        && first > last
    {
        return Err(format!("a diff from update {first} back to {last}"));
    }
    Ok((Some(symbol), message))
}

fn parse<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Result<T, String> {
    serde_json::from_slice(json).map_err(|error| {
        // The position counts within the part of the line that was parsed: it would only mislead.
        let text = error.to_string();
        text.rsplit_once(" at line ").map_or(text.clone(), |(reason, _)| reason.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(json: &str) -> String {
        decode(json.as_bytes()).err().unwrap()
    }

    #[test]
    fn every_kind_is_decoded() {
        let (symbol, message) = decode(br#"{"stream":"btcusdt@trade","data":{"p":"1.5","q":"2","t":7}}"#).unwrap();
        assert!(
            symbol == Some("btcusdt") && matches!(message, Message::Trade(trade) if trade.price.units() == 150_000_000)
        );
        let (_, message) =
            decode(br#"{"stream":"x@bookTicker","data":{"u":5,"b":"1","B":"2","a":"3","A":"4"}}"#).unwrap();
        assert!(matches!(message, Message::Ticker(ticker) if ticker.update == 5));
        let (_, message) =
            decode(br#"{"stream":"x@depth@100ms","data":{"U":5,"u":6,"b":[["1","2"]],"a":[]}}"#).unwrap();
        assert!(matches!(message, Message::Depth(diff) if (diff.first, diff.last, diff.bids.len()) == (5, 6, 1)));
        let (symbol, message) = decode(br#"{"lastUpdateId":9,"bids":[],"asks":[["1","2"]]}"#).unwrap();
        assert!(symbol.is_none() && matches!(message, Message::Snapshot(snapshot) if snapshot.last == 9));
    }

    #[test]
    fn what_is_wrong_is_said() {
        assert!(reason("{\"stream\":").contains("EOF"));
        assert!(reason("{}").starts_with("neither of a stream nor a snapshot"));
        assert_eq!(reason(r#"{"stream":"x@kline_1m","data":{}}"#), "`kline_1m` is an unknown channel");
        assert_eq!(reason(r#"{"stream":"x","data":{}}"#), "`x` names no channel");
        assert_eq!(reason(r#"{"stream":"x@trade"}"#), "a stream without data");
        assert!(reason(r#"{"stream":"x@trade","data":{"p":"1"}}"#).contains("missing field `q`"));
        let too_large = r#"{"stream":"x@trade","data":{"p":"999999999999","q":"1"}}"#;
        assert!(reason(too_large).contains("`999999999999` is not a decimal that fits"));
    }
}
