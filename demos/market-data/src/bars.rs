//! One-second bars: what the trades of each second came to, closed by a timer on the clock of the recording.

use std::time::Duration;

use nexus_rt::timer::TimerEvent;
use nexus_rt::{Clock, IntoHandler, ResMut, TimerPoller, TimerWheel, World};
use serde::Serialize;

use crate::decimal::Decimal;
use crate::message::Trade;
use crate::profile::{Measure, Unmeasured};

const SECOND: Duration = Duration::from_secs(1);

/// The trades of one second. A second without trades has none.
#[derive(Clone, Copy, PartialEq, Hash, Debug, Serialize)]
pub struct Bar {
    /// When it began, in seconds since 1970, by the clock of the recording.
    pub time: u64,
    /// The price of its first trade.
    pub open: Decimal,
    /// The highest price.
    pub high: Decimal,
    /// The lowest price.
    pub low: Decimal,
    /// The price of its last trade.
    pub close: Decimal,
    /// What was traded.
    pub volume: Decimal,
    /// How many trades there were.
    pub trades: u64,
}

/// The bars so far, and the one that is being made.
#[derive(Default, Hash, Debug)]
pub struct Bars {
    done: Vec<Bar>,
    current: Option<Making>,
}

/// A bar that is being made, with the trades of its open and its close.
#[derive(Hash, Debug)]
struct Making {
    bar: Bar,
    first: Trade,
    last: Trade,
}

/// The second of a trade is over: the bars have come to that of second `bar`.
#[derive(Debug, PartialEq)]
pub(crate) struct Over {
    pub(crate) bar: u64,
}

impl Bars {
    /// Adds a trade that happened in this second, unless the bars are further. The caller has seen to it that all
    /// volumes together fit.
    pub(crate) fn add(&mut self, second: u64, trade: &Trade) -> Result<(), Over> {
        // The timer closes the bar of a second that is over, but a clock that goes back holds the timer up.
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

    /// Ends the bar that is being made, if there is one.
    pub(crate) fn close(&mut self) {
        let making = self.current.take();
        self.done.extend(making.map(|making| making.bar));
    }

    /// The bars that are closed.
    pub fn done(&self) -> &[Bar] {
        &self.done
    }
}

/// Closes the bar of the second that is over.
fn close_bar(mut bars: ResMut<Bars>, _: TimerEvent) {
    bars.close();
}

/// The time of the recording, line by line, and the timers that follow from it.
#[derive(Debug)]
pub struct Recorded<M = Unmeasured> {
    timers: TimerPoller,
    measure: M,
    started: bool,
}

impl Recorded {
    /// Before the first line: `timers` are those of the world.
    pub fn new(timers: TimerPoller) -> Self {
        Self::measured(timers, Unmeasured)
    }
}

impl<M: Measure> Recorded<M> {
    /// Before the first line, as [`new`](Recorded::new), with timers that are measured.
    pub(crate) fn measured(timers: TimerPoller, measure: M) -> Self {
        Self { timers, measure, started: false }
    }

    /// Moves the clock to the time of a line and runs the timers that were due by then, before the line itself: so a
    /// trade on the stroke of a second belongs to the bar that begins there.
    pub fn reach(&mut self, world: &mut World, unix_ns: u64) {
        let unix = Duration::from_nanos(unix_ns);
        let now = world.resource_mut::<Clock>().set_unix(unix);
        if !self.started {
            self.started = true;
            // A tick that nobody polled for closes nothing: no line came, so there was no trade either.
            let close = Box::new(self.measure.handler(close_bar.into_handler(world.registry())));
            let into_second = Duration::from_nanos(u64::from(unix.subsec_nanos()));
            world.resource_mut::<TimerWheel>().schedule_every(now - into_second + SECOND, SECOND, close);
        }
        self.timers.poll(world, now);
    }

    /// The recording is over, and with it its last second.
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

    /// What the bars are if trades of one unit at these prices come at these times, in milliseconds; and which were
    /// late.
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
