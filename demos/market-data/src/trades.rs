//! `Trades`: sums over all trades. Each trade counts once.

use nexus_rt::{Clock, Res, ResMut};

use crate::bars::{Bars, Over};
use crate::decimal::Decimal;
use crate::fault::{Fault, What};
use crate::message::Trade;
use crate::numbers::Numbers;

/// Exact sums over all trades.
#[derive(Default, Hash, Debug)]
pub struct Trades {
    /// In hundred-millionths.
    volume: u64,
    /// The part of the volume in which the seller was the taker.
    sold: u64,
    /// The sum of price times quantity, in units of 10^-16.
    turnover: u128,
    last: Option<Decimal>,
}

impl Trades {
    /// Adds a trade. If the sums would overflow, nothing changes. Only a trade that `is_latest` sets the last price.
    pub(crate) fn add(&mut self, trade: &Trade, is_latest: bool) -> Result<(), TooMuch> {
        let (price, quantity) = (u128::from(trade.price.units()), u128::from(trade.quantity.units()));
        let volume = self.volume.checked_add(trade.quantity.units()).ok_or(TooMuch)?;
        self.turnover = self.turnover.checked_add(price * quantity).ok_or(TooMuch)?;
        self.volume = volume;
        self.sold += if trade.buyer_is_maker { trade.quantity.units() } else { 0 };
        if is_latest {
            self.last = Some(trade.price);
        }
        Ok(())
    }

    /// Returns the volume-weighted average price, rounded to the nearest hundred-millionth.
    pub fn vwap(&self) -> Option<Decimal> {
        let volume = u128::from(self.volume);
        let (price, rest) = (self.turnover.checked_div(volume)?, self.turnover.checked_rem(volume)?);
        let rounded = price + u128::from(rest * 2 >= volume);
        Some(Decimal::from_units(u64::try_from(rounded).expect("an average is not above the largest price")))
    }

    /// Returns the total traded quantity.
    pub fn volume(&self) -> Decimal {
        Decimal::from_units(self.volume)
    }

    /// Returns the volume taken by buyers and by sellers, in hundred-millionths.
    pub(crate) fn taken(&self) -> (u64, u64) {
        (self.volume - self.sold, self.sold)
    }

    pub(crate) fn last_price(&self) -> Option<Decimal> {
        self.last
    }
}

/// A sum over the trades would overflow.
#[derive(Debug, PartialEq)]
pub(crate) struct TooMuch;

/// The trades seen so far.
#[derive(Default, Hash)]
pub(crate) struct Known {
    ids: Numbers,
    /// The trade with the greatest id.
    latest: Option<Trade>,
}

/// A trade that was not seen before.
pub(crate) struct NewTrade {
    line: u64,
    trade: Trade,
    /// The greatest id seen before it, if that is greater than its own.
    after: Option<u64>,
}

impl NewTrade {
    fn fault(&self, what: What) -> Fault {
        Fault { line: self.line, what }
    }
}

/// Passes each trade on once. A trade without an id cannot be recognised, so it always passes.
pub(crate) fn on_trade(mut known: ResMut<Known>, line: u64, trade: Trade) -> Result<NewTrade, Fault> {
    let Some(id) = trade.id else { return Ok(NewTrade { line, trade, after: None }) };
    let latest = known.latest;
    if !known.ids.insert(id) {
        let differs = latest.is_some_and(|latest| latest.id == trade.id && latest != trade);
        let what = if differs { What::Contradiction { of: "trade", number: id } } else { What::Again };
        return Err(Fault { line, what });
    }
    let after = latest.and_then(|latest| latest.id).filter(|latest| *latest > id);
    if after.is_none() {
        known.latest = Some(trade);
    }
    Ok(NewTrade { line, trade, after })
}

pub(crate) fn sum_up(mut trades: ResMut<Trades>, new: NewTrade) -> Result<NewTrade, Fault> {
    match trades.add(&new.trade, new.after.is_none()) {
        Ok(()) => Ok(new),
        Err(TooMuch) => Err(new.fault(What::TooLarge)),
    }
}

/// Adds a trade to the bar of the second in which it was received.
pub(crate) fn draw(clock: Res<Clock>, mut bars: ResMut<Bars>, new: NewTrade) -> Result<NewTrade, Fault> {
    let second = clock.unix().as_secs();
    match bars.add(second, &new.trade) {
        Ok(()) => Ok(new),
        Err(Over { bar }) => Err(new.fault(What::Late { second, bar })),
    }
}

/// Reports a trade that arrived after a later one.
pub(crate) fn in_order(new: NewTrade) -> Result<(), Fault> {
    match (new.trade.id, new.after) {
        (Some(number), Some(latest)) => Err(new.fault(What::OldTrade { number, latest })),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_average_is_weighted_and_rounded() {
        let mut trades = Trades::default();
        assert_eq!((trades.vwap(), trades.last_price()), (None, None));
        let trade = |price, quantity, buyer_is_maker| Trade { id: None, price, quantity, buyer_is_maker };
        for (price, quantity) in [("1", "1"), ("2", "2")] {
            trades.add(&trade(price.parse().unwrap(), quantity.parse().unwrap(), price == "1"), true).unwrap();
        }
        let huge = Decimal::from_units(u64::MAX);
        assert_eq!(trades.add(&trade(huge, huge, true), true), Err(TooMuch));
        assert_eq!(trades.vwap().unwrap().to_string(), "1.66666667");
        assert_eq!((trades.volume().to_string(), trades.last_price()), ("3.00000000".into(), "2".parse().ok()));
        assert_eq!(trades.taken(), (200_000_000, 100_000_000));
    }
}
