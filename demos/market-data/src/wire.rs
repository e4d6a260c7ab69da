//! Decodes the JSON of the exchange into messages, and refuses impossible ones.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::counts::Symbol;
use crate::decimal::Decimal;
use crate::message::{self, Level, Message};

/// A string of the line, copied only if it has escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    stream: Option<Text<'a>>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Diff<'a> {
    #[serde(rename = "s", borrow)]
    symbol: Option<Text<'a>>,
    #[serde(rename = "U")]
    first: u64,
    #[serde(rename = "u")]
    last: u64,
    /// The last update of the previous diff, which only futures name.
    #[serde(rename = "pu")]
    previous: Option<u64>,
    #[serde(rename = "b", deserialize_with = "levels")]
    bids: Vec<Level>,
    #[serde(rename = "a", deserialize_with = "levels")]
    asks: Vec<Level>,
}

#[derive(Deserialize)]
struct Ticker<'a> {
    #[serde(rename = "s", borrow)]
    symbol: Option<Text<'a>>,
    #[serde(rename = "u")]
    update: u64,
    #[serde(rename = "b")]
    bid: Decimal,
    #[serde(rename = "B")]
    bid_quantity: Decimal,
    #[serde(rename = "a")]
    ask: Decimal,
    #[serde(rename = "A")]
    ask_quantity: Decimal,
}

#[derive(Deserialize)]
struct Trade<'a> {
    #[serde(rename = "s", borrow)]
    symbol: Option<Text<'a>>,
    #[serde(rename = "t")]
    id: Option<u64>,
    #[serde(rename = "p")]
    price: Decimal,
    #[serde(rename = "q")]
    quantity: Decimal,
    #[serde(rename = "m", default)]
    buyer_is_maker: bool,
}

#[derive(Deserialize)]
struct Snapshot<'a> {
    #[serde(borrow)]
    symbol: Option<Text<'a>>,
    #[serde(rename = "lastUpdateId")]
    last: u64,
    #[serde(deserialize_with = "levels")]
    bids: Vec<Level>,
    #[serde(deserialize_with = "levels")]
    asks: Vec<Level>,
}

/// Decodes the JSON of a line, which must be about the symbol of the capture.
pub(crate) fn decode(json: &[u8], capture: &mut Symbol) -> Result<Message, String> {
    let envelope: Envelope<'_> = parse(json)?;
    let Some(Text(stream)) = envelope.stream else {
        // Only snapshots have no stream. Most of them do not name a symbol either.
        let snapshot: Snapshot<'_> =
            parse(json).map_err(|error| format!("neither a stream message nor a snapshot: {error}"))?;
        if let Some(Text(symbol)) = &snapshot.symbol {
            capture.take(symbol)?;
        }
        return Ok(Message::Snapshot(snapshot.into()));
    };
    let data = envelope.data.ok_or("a stream message without `data`")?.get().as_bytes();
    let (symbol, channel) = stream.split_once('@').ok_or_else(|| format!("`{stream}` has no channel after an `@`"))?;
    let same = |named: &Option<Text<'_>>| match named {
        Some(Text(named)) if !named.eq_ignore_ascii_case(symbol) => {
            Err(format!("a message for `{named}` in the stream `{stream}`"))
        }
        _ => Ok(()),
    };
    let message = match channel {
        "bookTicker" => {
            let ticker: Ticker<'_> = parse(data)?;
            same(&ticker.symbol)?;
            Message::Ticker(ticker.try_into()?)
        }
        "trade" => {
            let trade: Trade<'_> = parse(data)?;
            same(&trade.symbol)?;
            Message::Trade(trade.try_into()?)
        }
        _ if is_depth(channel) => {
            let diff: Diff<'_> = parse(data)?;
            same(&diff.symbol)?;
            Message::Depth(diff.try_into()?)
        }
        _ => return Err(format!("unknown channel `{channel}`")),
    };
    capture.take(symbol)?;
    Ok(message)
}

/// Returns whether a channel has diffs of the whole book, at any speed. `depth5` and similar channels have only its
/// first levels.
fn is_depth(channel: &str) -> bool {
    let speed = channel.strip_prefix("depth@").and_then(|speed| speed.strip_suffix("ms"));
    channel == "depth" || speed.is_some_and(|ms| !ms.is_empty() && ms.bytes().all(|byte| byte.is_ascii_digit()))
}

impl TryFrom<Diff<'_>> for message::Diff {
    type Error = String;

    fn try_from(Diff { first, last, previous, bids, asks, .. }: Diff<'_>) -> Result<Self, String> {
        if first > last {
            return Err(format!("a diff whose first update {first} is after its last, {last}"));
        }
        if let Some(previous) = previous.filter(|previous| *previous >= last) {
            return Err(format!("a diff that follows update {previous} but ends at {last}"));
        }
        // The update numbers of futures have holes, so only `pu` says what a diff follows.
        let previous = previous.unwrap_or(first.saturating_sub(1));
        Ok(Self { previous, last, bids, asks })
    }
}

impl TryFrom<Ticker<'_>> for message::Ticker {
    type Error = String;

    fn try_from(ticker: Ticker<'_>) -> Result<Self, String> {
        let Ticker { update, bid, bid_quantity, ask, ask_quantity, .. } = ticker;
        Ok(Self { update, top: (side(bid, bid_quantity)?, side(ask, ask_quantity)?) })
    }
}

/// Returns a side of a ticker: none if the quantity is zero, whatever the price.
fn side(price: Decimal, quantity: Decimal) -> Result<Option<Level>, String> {
    match (price.is_zero(), quantity.is_zero()) {
        (_, true) => Ok(None),
        (true, false) => Err(NO_PRICE.into()),
        (false, false) => Ok(Some((price, quantity))),
    }
}

impl TryFrom<Trade<'_>> for message::Trade {
    type Error = String;

    fn try_from(Trade { id, price, quantity, buyer_is_maker, .. }: Trade<'_>) -> Result<Self, String> {
        if price.is_zero() || quantity.is_zero() {
            return Err(format!("a trade of {quantity} at price {price}"));
        }
        Ok(Self { id, price, quantity, buyer_is_maker })
    }
}

impl From<Snapshot<'_>> for message::Snapshot {
    fn from(Snapshot { last, bids, asks, .. }: Snapshot<'_>) -> Self {
        Self { last, bids, asks }
    }
}

const NO_PRICE: &str = "a quantity at price 0";

fn levels<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Level>, D::Error> {
    Vec::<Row>::deserialize(deserializer).map(|rows| rows.into_iter().map(|Row(level)| level).collect())
}

/// A price and a quantity. Anything after them is ignored: until 2018 there was an empty list.
struct Row(Level);

impl<'de> Deserialize<'de> for Row {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Parts;
        impl<'de> Visitor<'de> for Parts {
            type Value = Row;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a price and a quantity")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Row, A::Error> {
                let price: Decimal = parts.next_element()?.ok_or_else(|| A::Error::invalid_length(0, &self))?;
                let quantity: Decimal = parts.next_element()?.ok_or_else(|| A::Error::invalid_length(1, &self))?;
                while parts.next_element::<IgnoredAny>()?.is_some() {}
                if price.is_zero() && !quantity.is_zero() {
                    return Err(A::Error::custom(NO_PRICE));
                }
                Ok(Row((price, quantity)))
            }
        }
        deserializer.deserialize_seq(Parts)
    }
}

fn parse<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Result<T, String> {
    serde_json::from_slice(json).map_err(|error| {
        // Omit the position: it counts within the parsed part of the line, which would be misleading.
        let text = error.to_string();
        text.rsplit_once(" at line ").map_or(text.clone(), |(reason, _)| reason.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(json: &str) -> Result<(Option<String>, Message), String> {
        let mut symbol = Symbol::default();
        decode(json.as_bytes(), &mut symbol).map(|message| (symbol.0, message))
    }

    #[test]
    fn every_kind_is_decoded() {
        let (symbol, message) = decoded(r#"{"stream":"btcusdt@trade","data":{"p":"1.5","q":"2","t":7}}"#).unwrap();
        assert!(symbol.as_deref() == Some("btcusdt"));
        assert!(matches!(message, Message::Trade(trade) if trade.price.units() == 150_000_000 && trade.id == Some(7)));
        let (_, message) =
            decoded(r#"{"stream":"x@bookTicker","data":{"u":5,"b":"1","B":"2","a":"3","A":"4"}}"#).unwrap();
        assert!(matches!(message, Message::Ticker(ticker) if ticker.update == 5));
        let (_, message) =
            decoded(r#"{"stream":"x@depth@100ms","data":{"U":5,"u":6,"b":[["1","2"]],"a":[]}}"#).unwrap();
        assert!(matches!(message, Message::Depth(diff) if (diff.previous, diff.last, diff.bids.len()) == (4, 6, 1)));
        let (symbol, message) = decoded(r#"{"lastUpdateId":9,"bids":[],"asks":[["1","2"]]}"#).unwrap();
        assert!(symbol.is_none() && matches!(message, Message::Snapshot(snapshot) if snapshot.last == 9));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let reason = |json: &str| decoded(json).err().unwrap();
        assert!(reason("{\"stream\":").contains("EOF"));
        assert!(reason("{}").starts_with("neither a stream message nor a snapshot"));
        assert_eq!(reason(r#"{"stream":"x@kline_1m","data":{}}"#), "unknown channel `kline_1m`");
        assert_eq!(reason(r#"{"stream":"x","data":{}}"#), "`x` has no channel after an `@`");
        assert_eq!(reason(r#"{"stream":"x@trade"}"#), "a stream message without `data`");
        assert!(reason(r#"{"stream":"x@trade","data":{"p":"1"}}"#).contains("missing field `q`"));
        let too_large = r#"{"stream":"x@trade","data":{"p":"999999999999","q":"1"}}"#;
        assert!(reason(too_large).contains("`999999999999` is not a decimal in range"));
    }
}
