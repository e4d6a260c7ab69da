//! One-second bars of the trades, closed by a timer that runs on recorded time.

use std::time::Duration;

use nexus_rt::timer::TimerEvent;
use nexus_rt::{Clock, IntoHandler, ResMut, TimerPoller, TimerWheel, World};
use serde::Serialize;

use crate::decimal::Decimal;
use crate::message::Trade;
use crate::profile::{Measure, Unmeasured};

const SECOND: Duration = Duration::from_secs(1);

/// The trades of one second. A second without trades has no bar.
#[derive(Clone, Copy, PartialEq, Hash, Debug, Serialize)]
pub struct Bar {
    /// The start of the second, since 1970, in recorded time.
    pub time: u64,
    /// The price of its first trade.
    pub open: Decimal,
    /// The highest price.
    pub high: Decimal,
    /// The lowest price.
    pub low: Decimal,
    /// The price of its last trade.
    pub close: Decimal,
    /// The traded quantity.
    pub volume: Decimal,
    /// The number of trades.
    pub trades: u64,
}

/// The closed bars, and the open one.
#[derive(Default, Hash, Debug)]
pub struct Bars {
    done: Vec<Bar>,
    current: Option<Making>,
}

/// The open bar, with the trades that set its open and close.
#[derive(Hash, Debug)]
struct Making {
    bar: Bar,
    first: Trade,
    last: Trade,
}

/// The second of a trade is over: the current or last bar is that of second `bar`.
#[derive(Debug, PartialEq)]
pub(crate) struct Over {
    pub(crate) bar: u64,
}

impl Bars {
    /// Adds a trade to the bar of this second. Refuses it if a later bar has begun, or this one is closed. The caller
    /// has checked that the total volume fits.
    pub(crate) fn add(&mut self, second: u64, trade: &Trade) -> Result<(), Over> {
        // The timer closes the bar of a past second, but it is late if the clock goes back.
        if self.current.as_ref().is_some_and(|making| making.bar.time < second) {
            self.close();
        }
        let Trade { price, quantity, .. } = *trade;
        match (&mut self.current, self.done.last()) {
            (Some(Making { bar, first, last }), _) if bar.time == second => {
                if trade.is_before(first) {
                    (bar.open, *first) = (price, *trade);
                }
                if !trade.is_before(last) {
                    (bar.close, *last) = (price, *trade);
                }
                bar.high = bar.high.max(price);
                bar.low = bar.low.min(price);
                bar.volume = Decimal::from_units(bar.volume.units() + quantity.units());
                bar.trades += 1;
            }
            (Some(Making { bar: Bar { time: bar, .. }, .. }), _) => return Err(Over { bar: *bar }),
            (None, Some(Bar { time: bar, .. })) if *bar >= second => return Err(Over { bar: *bar }),
            (None, _) => {
                let [open, high, low, close] = [price; 4];
                let bar = Bar { time: second, open, high, low, close, volume: quantity, trades: 1 };
                self.current = Some(Making { bar, first: *trade, last: *trade });
            }
        }
        Ok(())
    }

    /// Closes the open bar, if there is one.
    pub(crate) fn close(&mut self) {
        let making = self.current.take();
        self.done.extend(making.map(|making| making.bar));
    }

    /// Returns the closed bars.
    pub fn done(&self) -> &[Bar] {
        &self.done
    }
}

/// Closes the bar of the past second.
fn close_bar(mut bars: ResMut<Bars>, _: TimerEvent) {
    bars.close();
}

/// Sets the clock to the time of each line, and runs the timers that are due.
#[derive(Debug)]
pub struct Recorded<M = Unmeasured> {
    timers: TimerPoller,
    measure: M,
    started: bool,
}

impl Recorded {
    /// Creates the recorded time for a world, by the poller of its timers.
    pub fn new(timers: TimerPoller) -> Self {
        Self::measured(timers, Unmeasured)
    }
}

impl<M: Measure> Recorded<M> {
    /// Like [`new`](Recorded::new), with measured timers.
    pub(crate) fn measured(timers: TimerPoller, measure: M) -> Self {
        Self { timers, measure, started: false }
    }

    /// Moves the clock to the time of a line, and runs the timers due by then before the line itself. A trade exactly
    /// at the start of a second therefore belongs to the bar of that second.
    pub fn reach(&mut self, world: &mut World, unix_ns: u64) {
        let unix = Duration::from_nanos(unix_ns);
        let now = world.resource_mut::<Clock>().set_unix(unix);
        if !self.started {
            self.started = true;
            // A missed tick closes no bar. That is harmless: no line arrived, so there was no trade either.
            let close = Box::new(self.measure.handler(close_bar.into_handler(world.registry())));
            let into_second = Duration::from_nanos(u64::from(unix.subsec_nanos()));
            world.resource_mut::<TimerWheel>().schedule_every(now - into_second + SECOND, SECOND, close);
        }
        self.timers.poll(world, now);
    }

    /// Closes the last bar, at the end of the recording.
    pub fn end(self, world: &mut World) {
        world.resource_mut::<Bars>().close();
    }
}

#[cfg(test)]
mod tests {
    use nexus_rt::{TimerInstaller, WorldBuilder};

    use super::*;

    /// Second, open, high, low and close, and volume.
    type Shape = (u64, [u64; 4], u64);

    /// Returns the bars of trades of one unit at these times, in milliseconds, and prices, and the times of late
    /// trades.
    fn bars(trades: &[(u64, u64)]) -> (Vec<Shape>, Vec<u64>) {
        let clock = Clock::historical(Duration::ZERO);
        let mut builder = WorldBuilder::new();
        let mut recorded = Recorded::new(builder.install_driver(TimerInstaller::new(clock.now())));
        builder.register(clock);
        builder.register_default::<Bars>();
        let mut world = builder.build();
        let mut late = Vec::new();
        for (ms, price) in trades {
            recorded.reach(&mut world, ms * 1_000_000);
            let (price, quantity) = (Decimal::from_units(*price), Decimal::from_units(1));
            let trade = Trade { id: None, price, quantity, buyer_is_maker: false };
            let second = world.resource::<Clock>().unix().as_secs();
            if world.resource_mut::<Bars>().add(second, &trade).is_err() {
                late.push(*ms);
            }
        }
        recorded.end(&mut world);
        let shape =
            |bar: &Bar| (bar.time, [bar.open, bar.high, bar.low, bar.close].map(Decimal::units), bar.volume.units());
        (world.resource::<Bars>().done().iter().map(shape).collect(), late)
    }

    #[test]
    fn a_bar_is_open_high_low_close_and_volume_of_its_second() {
        assert_eq!(
            bars(&[(5_100, 7), (5_200, 9), (5_300, 4), (5_999, 8), (6_000, 1), (9_500, 2), (9_600, 3)]),
            (vec![(5, [7, 9, 4, 8], 4), (6, [1, 1, 1, 1], 1), (9, [2, 3, 2, 3], 2)], vec![])
        );
        assert_eq!(bars(&[]), (vec![], vec![]));
        assert_eq!(bars(&[(7_000, 5)]), (vec![(7, [5, 5, 5, 5], 1)], vec![]));
    }

    #[test]
    fn a_trade_of_a_second_that_is_over_is_in_no_bar() {
        let far = 500 * 365 * 86_400_000;
        let (bars, late) = bars(&[(1_500, 1), (900, 2), (1_800, 3), (1_100, 4), (far, 5), (2_000, 6)]);
        assert_eq!(late, [900, 2_000]);
        assert_eq!(bars, [(1, [1, 4, 1, 4], 3), (far / 1_000, [5; 4], 1)]);
    }

    #[test]
    fn every_trade_is_in_a_bar_of_its_second_or_late() {
        let mut random = 7_u64;
        for _ in 0..200 {
            let mut next = |limit| {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                random % limit
            };
            let trades: Vec<(u64, u64)> = (0..30).map(|_| (next(5_000), next(9))).collect();
            let (bars, late) = bars(&trades);
            assert!(bars.is_sorted_by(|one, next| one.0 < next.0), "{trades:?}");
            assert_eq!(bars.iter().map(|(_, _, volume)| *volume).sum::<u64>() + late.len() as u64, 30);
            for (second, [_, high, low, _], _) in bars {
                let of_second = |price: u64| trades.iter().any(|(ms, other)| (ms / 1_000, *other) == (second, price));
                assert!(of_second(high) && of_second(low), "{trades:?}");
            }
        }
    }
}
