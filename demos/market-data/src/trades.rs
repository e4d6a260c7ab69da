//! `Trades`: sums over all trades, each of which counts once.

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
    /// The part of the volume in which the seller took.
    sold: u64,
    /// Of price times quantity, in units of 10^-16.
    turnover: u128,
    last: Option<Decimal>,
}

impl Trades {
    /// Adds a trade, unless the sums would no longer fit: then everything stays as it was. Only one that `is_latest`
    /// gives the last price.
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

    /// The volume-weighted average price, rounded to the nearest hundred-millionth.
    pub fn vwap(&self) -> Option<Decimal> {
        let volume = u128::from(self.volume);
        let (price, rest) = (self.turnover.checked_div(volume)?, self.turnover.checked_rem(volume)?);
        let rounded = price + u128::from(rest * 2 >= volume);
        Some(Decimal::from_units(u64::try_from(rounded).expect("an average is not above the largest price")))
    }

    /// What was traded in all.
    pub fn volume(&self) -> Decimal {
        Decimal::from_units(self.volume)
    }

    /// The parts of the volume that buyers and sellers took, in hundred-millionths.
    pub(crate) fn taken(&self) -> (u64, u64) {
        (self.volume - self.sold, self.sold)
    }

    pub(crate) fn last_price(&self) -> Option<Decimal> {
        self.last
    }
}

/// A sum over the trades no longer fits.
#[derive(Debug, PartialEq)]
pub(crate) struct TooMuch;

/// Which trades there were.
#[derive(Default, Hash)]
pub(crate) struct Known {
    ids: Numbers,
    /// The one with the greatest id.
    latest: Option<Trade>,
}

/// A trade that was not there before.
pub(crate) struct NewTrade {
    line: u64,
    trade: Trade,
    /// The greatest id before it, if that is greater than its own.
    after: Option<u64>,
}

impl NewTrade {
    fn fault(&self, what: What) -> Fault {
        Fault { line: self.line, what }
    }
}

/// Lets a trade through once. Without an id it cannot be told from another.
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

/// Puts a trade into the bar of the second in which it was received.
pub(crate) fn draw(clock: Res<Clock>, mut bars: ResMut<Bars>, new: NewTrade) -> Result<NewTrade, Fault> {
    let second = clock.unix().as_secs();
    match bars.add(second, &new.trade) {
        Ok(()) => Ok(new),
        Err(Over { bar }) => Err(new.fault(What::Late { second, bar })),
    }
}

/// Says so if a trade came after a later one.
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
