//! `Trades`: sums over all trades.

use crate::decimal::Decimal;
use crate::message::Trade;

/// Exact sums over all trades.
#[derive(Default, Debug)]
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
    /// Adds a trade, unless the sums would no longer fit: then everything stays as it was.
    pub(crate) fn add(&mut self, trade: &Trade) -> Result<(), TooMuch> {
        let (price, quantity) = (u128::from(trade.price.units()), u128::from(trade.quantity.units()));
        let volume = self.volume.checked_add(trade.quantity.units()).ok_or(TooMuch)?;
        self.turnover = self.turnover.checked_add(price * quantity).ok_or(TooMuch)?;
        self.volume = volume;
        self.sold += if trade.buyer_is_maker { trade.quantity.units() } else { 0 };
        self.last = Some(trade.price);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_average_is_weighted_and_rounded() {
        let mut trades = Trades::default();
        assert_eq!((trades.vwap(), trades.last_price()), (None, None));
        for (price, quantity) in [("1", "1"), ("2", "2")] {
            trades
                .add(&Trade {
                    id: None,
                    price: price.parse().unwrap(),
                    quantity: quantity.parse().unwrap(),
                    buyer_is_maker: price == "1",
                })
                .unwrap();
        }
        let huge = Decimal::from_units(u64::MAX);
        assert_eq!(trades.add(&Trade { id: None, price: huge, quantity: huge, buyer_is_maker: true }), Err(TooMuch));
        assert_eq!(trades.vwap().unwrap().to_string(), "1.66666667");
        assert_eq!((trades.volume().to_string(), trades.last_price()), ("3.00000000".into(), "2".parse().ok()));
        assert_eq!(trades.taken(), (200_000_000, 100_000_000));
    }
}
