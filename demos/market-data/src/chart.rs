//! Prints bars in the terminal: a candlestick chart, and a row for each bar.

use std::fmt::{self, Display};

use crate::bars::Bar;
use crate::decimal::Decimal;

/// The size of the chart, in characters, without its axis.
const WIDTH: usize = 64;
const HEIGHT: usize = 16;

/// Displays the bars.
#[derive(Debug)]
pub struct Chart<'b>(pub &'b [Bar]);

impl Display for Chart<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return writeln!(f, "  no trades, so no bars");
        }
        self.candles(f)?;
        writeln!(
            f,
            "\n  {:>12} {:>15} {:>15} {:>15} {:>15} {:>13} {:>7}",
            "time", "open", "high", "low", "close", "volume", "trades"
        )?;
        for Bar { time, open, high, low, close, volume, trades } in self.0 {
            writeln!(f, "  {time:>12} {open:>15} {high:>15} {low:>15} {close:>15} {volume:>13} {trades:>7}")?;
        }
        Ok(())
    }
}

impl Chart<'_> {
    /// Writes one candle per column: a line from high to low, thick from open to close. A column merges as many bars as
    /// needed to fit.
    fn candles(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let per_column = self.0.len().div_ceil(WIDTH);
        let columns: Vec<Bar> = self.0.chunks(per_column).map(merged).collect();
        let low = columns.iter().map(|bar| bar.low.units()).min().unwrap_or_default();
        let high = columns.iter().map(|bar| bar.high.units()).max().unwrap_or_default();
        let span = u128::from((high - low).max(1));
        // Counted from the top: row 0 is the highest price.
        let row = |price: Decimal| (u128::from(high - price.units()) * (HEIGHT as u128 - 1) / span) as usize;
        for line in 0..HEIGHT {
            let price = high - u64::try_from(span * line as u128 / (HEIGHT as u128 - 1)).unwrap_or_default();
            let label = if line % 5 == 0 { Decimal::from_units(price).to_string() } else { String::new() };
            let candles: String = columns
                .iter()
                .map(|bar| {
                    let body = (row(bar.open.max(bar.close)), row(bar.open.min(bar.close)));
                    match line {
                        _ if (body.0..=body.1).contains(&line) => {
                            if bar.close < bar.open {
                                '\u{2591}'
                            } else {
                                '\u{2588}'
                            }
                        }
                        _ if (row(bar.high)..=row(bar.low)).contains(&line) => '\u{2502}',
                        _ => ' ',
                    }
                })
                .collect();
            writeln!(f, "  {label:>15} {}", candles.trim_end())?;
        }
        let bars = if per_column == 1 { "bar".into() } else { format!("{per_column} bars") };
        writeln!(f, "  {:15} {} bars of a second with trades, {bars} to a column", "", self.0.len())
    }
}

/// Merges several bars into one.
fn merged(bars: &[Bar]) -> Bar {
    bars[1..].iter().fold(bars[0], |all, bar| Bar {
        high: all.high.max(bar.high),
        low: all.low.min(bar.low),
        close: bar.close,
        volume: Decimal::from_units(all.volume.units() + bar.volume.units()),
        trades: all.trades + bar.trades,
        ..all
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(time: u64, [open, high, low, close]: [u64; 4]) -> Bar {
        let price = |units: u64| Decimal::from_units(units * 100_000_000);
        let volume = Decimal::from_units(time);
        Bar { time, open: price(open), high: price(high), low: price(low), close: price(close), volume, trades: 1 }
    }

    #[test]
    fn a_chart_shows_range_and_direction() {
        let text = Chart(&[bar(1, [100, 115, 100, 110]), bar(2, [110, 110, 100, 102])]).to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "     115.00000000 \u{2502}");
        assert_eq!(lines[5], "     110.00000000 \u{2588}\u{2591}");
        assert_eq!(lines[15], "     100.00000000 \u{2588}\u{2502}");
        assert!(lines[16].ends_with("2 bars of a second with trades, bar to a column"), "{text}");
        assert_eq!(lines.len(), 16 + 1 + 1 + 1 + 2);
        assert_eq!(Chart(&[]).to_string(), "  no trades, so no bars\n");
    }

    #[test]
    fn many_bars_share_columns_and_one_price_is_a_line() {
        let bars: Vec<Bar> = (0..1_000).map(|time| bar(time, [5; 4])).collect();
        let text = Chart(&bars).to_string();
        assert_eq!(text.lines().next().unwrap().matches('\u{2588}').count(), 1_000_usize.div_ceil(16));
        assert!(text.contains("1000 bars of a second with trades, 16 bars to a column"));
    }
}
