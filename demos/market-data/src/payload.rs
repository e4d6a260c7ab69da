//! The encoding of inputs as bytes, for a journal.

use nexus_journal::Payload;

use crate::counts::Symbol;
use crate::decimal::Decimal;
use crate::message::{Diff, Event, Level, Message, Snapshot, Ticker, Trade};
use crate::problems::Problem;
use crate::program::{Begin, End};

/// Bytes that are read from the front.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take::<1>().map(|[byte]| byte)
    }

    fn number(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }

    fn decimal(&mut self) -> Option<Decimal> {
        self.number().map(Decimal::from_units)
    }

    fn level(&mut self) -> Option<Level> {
        Some((self.decimal()?, self.decimal()?))
    }

    /// Reads both sides: the number of bids, the bids, and then asks up to the end.
    fn sides(&mut self) -> Option<(Vec<Level>, Vec<Level>)> {
        let bids = usize::try_from(self.number()?).ok()?;
        let (bids, asks) = self.0.split_at_checked(bids.checked_mul(16)?)?;
        self.0 = &[];
        Some((levels(bids)?, levels(asks)?))
    }

    fn text(self) -> Option<&'a str> {
        str::from_utf8(self.0).ok()
    }
}

fn levels(bytes: &[u8]) -> Option<Vec<Level>> {
    let (levels, rest) = bytes.as_chunks::<16>();
    rest.is_empty().then_some(())?;
    levels.iter().map(|level| Bytes(level).level()).collect()
}

fn put(out: &mut Vec<u8>, numbers: &[u64]) {
    numbers.iter().for_each(|number| out.extend_from_slice(&number.to_le_bytes()));
}

fn put_levels(out: &mut Vec<u8>, levels: &[Level]) {
    out.reserve(levels.len() * 16);
    levels.iter().for_each(|(price, quantity)| put(out, &[price.units(), quantity.units()]));
}

/// The bytes do not contain the time, which is that of the clock.
impl Payload<'_> for Event {
    fn encode(&self, out: &mut Vec<u8>) {
        put(out, &[self.line]);
        match &self.message {
            Message::Depth(Diff { previous, last, bids, asks }) => {
                out.push(0);
                put(out, &[*previous, *last, bids.len() as u64]);
                put_levels(out, bids);
                put_levels(out, asks);
            }
            Message::Snapshot(Snapshot { last, bids, asks }) => {
                out.push(1);
                put(out, &[*last, bids.len() as u64]);
                put_levels(out, bids);
                put_levels(out, asks);
            }
            Message::Ticker(Ticker { update, top: (bid, ask) }) => {
                out.extend_from_slice(&[2, u8::from(bid.is_some()) | u8::from(ask.is_some()) << 1]);
                put(out, &[*update]);
                put_levels(out, bid.as_slice());
                put_levels(out, ask.as_slice());
            }
            Message::Trade(Trade { id, price, quantity, buyer_is_maker }) => {
                out.extend_from_slice(&[3, u8::from(id.is_some()) | u8::from(*buyer_is_maker) << 1]);
                put(out, &[id.unwrap_or(0), price.units(), quantity.units()]);
            }
        }
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut bytes = Bytes(bytes);
        let line = bytes.number()?;
        let message = match bytes.byte()? {
            0 => {
                let (previous, last, (bids, asks)) = (bytes.number()?, bytes.number()?, bytes.sides()?);
                Message::Depth(Diff { previous, last, bids, asks })
            }
            1 => {
                let (last, (bids, asks)) = (bytes.number()?, bytes.sides()?);
                Message::Snapshot(Snapshot { last, bids, asks })
            }
            2 => {
                let (has, update) = (bytes.byte().filter(|has| *has < 4)?, bytes.number()?);
                let bid = if has & 1 == 0 { None } else { Some(bytes.level()?) };
                let ask = if has & 2 == 0 { None } else { Some(bytes.level()?) };
                Message::Ticker(Ticker { update, top: (bid, ask) })
            }
            3 => {
                let (has, id) = (bytes.byte().filter(|has| *has < 4)?, bytes.number()?);
                let (id, buyer_is_maker) = ((has & 1 != 0).then_some(id), has & 2 != 0);
                Message::Trade(Trade { id, price: bytes.decimal()?, quantity: bytes.decimal()?, buyer_is_maker })
            }
            _ => return None,
        };
        bytes.0.is_empty().then_some(Self { line, time_ns: 0, message })
    }
}

impl Payload<'_> for Problem {
    fn encode(&self, out: &mut Vec<u8>) {
        put(out, &[self.line]);
        out.extend_from_slice(self.reason.as_bytes());
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut bytes = Bytes(bytes);
        Some(Self { line: bytes.number()?, reason: bytes.text()?.to_owned() })
    }
}

impl Payload<'_> for Begin {
    fn encode(&self, out: &mut Vec<u8>) {
        put(out, &[self.lines]);
        out.extend_from_slice(self.name.as_bytes());
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut bytes = Bytes(bytes);
        Some(Self { lines: bytes.number()?, name: bytes.text()?.to_owned() })
    }
}

impl Payload<'_> for End {
    fn encode(&self, out: &mut Vec<u8>) {
        let symbol = self.symbol.0.as_deref();
        put(out, &[self.lines]);
        out.push(u8::from(self.stopped) | u8::from(symbol.is_some()) << 1);
        out.extend_from_slice(symbol.unwrap_or_default().as_bytes());
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut bytes = Bytes(bytes);
        let (lines, has) = (bytes.number()?, bytes.byte().filter(|has| *has < 4)?);
        let symbol = bytes.text()?;
        let symbol = if has & 2 == 0 { symbol.is_empty().then_some(None)? } else { Some(symbol.to_owned()) };
        Some(Self { lines, stopped: has & 1 != 0, symbol: Symbol(symbol) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks that decoding and encoding returns the same bytes and, if `parts`, that no prefix of them decodes.
    fn check<T: for<'a> Payload<'a>>(value: &T, parts: bool) {
        let mut bytes = Vec::new();
        value.encode(&mut bytes);
        let mut again = Vec::new();
        T::decode(&bytes).unwrap().encode(&mut again);
        assert_eq!(again, bytes);
        let is_read = |length: usize| T::decode(&bytes[..length]).is_some();
        assert!(!parts || !(0..bytes.len()).any(is_read));
    }

    #[test]
    fn what_is_read_is_what_was_written() {
        let level = |price| (Decimal::from_units(price), Decimal::from_units(price + 1));
        let sides = [vec![], vec![level(5)], vec![level(7), level(9)]];
        let event = |message| Event { line: 3, time_ns: 0, message };
        for bids in &sides {
            let (bids, asks) = (bids.clone(), vec![]);
            check(&event(Message::Depth(Diff { previous: 1, last: 2, bids, asks })), true);
        }
        for asks in &sides {
            let bids = sides[1].clone();
            check(&event(Message::Snapshot(Snapshot { last: 2, bids, asks: asks.clone() })), asks.is_empty());
        }
        for (bid, ask) in
            [(None, None), (Some(level(1)), None), (None, Some(level(2))), (Some(level(1)), Some(level(2)))]
        {
            check(&event(Message::Ticker(Ticker { update: u64::MAX, top: (bid, ask) })), true);
        }
        for (id, buyer_is_maker) in [(None, false), (None, true), (Some(0), false), (Some(7), true)] {
            let (price, quantity) = level(11);
            check(&event(Message::Trade(Trade { id, price, quantity, buyer_is_maker })), true);
        }
        check(&Problem { line: 9, reason: "a reason".into() }, false);
        check(&Begin { name: "a file".into(), lines: 4 }, false);
        for (stopped, symbol) in [(false, None), (true, Some("BTCUSDT".to_owned())), (false, Some(String::new()))] {
            check(&End { lines: 4, stopped, symbol: Symbol(symbol) }, false);
        }
        assert!(Event::decode(&[0; 8]).is_none() && Event::decode(&[9; 40]).is_none());
    }
}
