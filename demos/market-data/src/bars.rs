//! One-second bars: what the trades of each second came to, closed by a timer on the clock of the recording.

use std::time::Duration;

use nexus_rt::{Clock, IntoHandler, ResMut, TimerEvent, TimerPoller, TimerWheel, World};
use serde::Serialize;

use crate::decimal::Decimal;
use crate::message::Trade;

const SECOND: Duration = Duration::from_secs(1);

/// The trades of one second. A second without trades has none.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
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
#[derive(Default, Debug)]
pub struct Bars {
    done: Vec<Bar>,
    current: Option<Bar>,
}

impl Bars {
    /// Adds a trade that happened in this second. The caller has seen to it that all volumes together fit.
    pub(crate) fn add(&mut self, second: u64, trade: &Trade) {
        let Trade { price, quantity, .. } = *trade;
        let new = Bar { time: second, open: price, high: price, low: price, close: price, volume: quantity, trades: 1 };
        match &mut self.current {
            None => self.current = Some(new),
            Some(bar) => {
                bar.high = bar.high.max(price);
                bar.low = bar.low.min(price);
                bar.close = price;
                bar.volume = Decimal::from_units(bar.volume.units() + quantity.units());
                bar.trades += 1;
            }
        }
    }

    /// Ends the bar that is being made, if there is one.
    fn close(&mut self) {
        let bar = self.current.take();
        self.done.extend(bar);
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
pub struct Recorded {
    timers: TimerPoller,
    started: bool,
}

impl Recorded {
    /// Before the first line: `timers` are those of the world.
    pub fn new(timers: TimerPoller) -> Self {
        Self { timers, started: false }
    }

    /// Moves the clock to the time of a line and runs the timers that were due by then, before the line itself: so a trade on
    /// the stroke of a second belongs to the bar that begins there.
    pub fn reach(&mut self, world: &mut World, unix_ns: u64) {
        let unix = Duration::from_nanos(unix_ns);
        let now = world.resource_mut::<Clock>().set_unix(unix);
        if !self.started {
            self.started = true;
            // A tick that nobody polled for closes nothing: no line came, so there was no trade either.
            let close = Box::new(close_bar.into_handler(world.registry()));
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

    /// What the bars are if trades of one unit at these prices come at these times, in milliseconds.
    fn bars(trades: &[(u64, u64)]) -> Vec<(u64, [u64; 4], u64)> {
        let clock = Clock::historical(Duration::ZERO);
        let mut builder = WorldBuilder::new();
        let mut recorded = Recorded::new(builder.install_driver(TimerInstaller::new(clock.now())));
        builder.register(clock);
        builder.register_default::<Bars>();
        let mut world = builder.build();
        for (ms, price) in trades {
            recorded.reach(&mut world, ms * 1_000_000);
            let trade = Trade {
                id: None,
                price: Decimal::from_units(*price),
                quantity: Decimal::from_units(1),
                buyer_is_maker: false,
            };
            let second = world.resource::<Clock>().unix().as_secs();
            world.resource_mut::<Bars>().add(second, &trade);
        }
        recorded.end(&mut world);
        let shape =
            |bar: &Bar| (bar.time, [bar.open, bar.high, bar.low, bar.close].map(Decimal::units), bar.volume.units());
        world.resource::<Bars>().done().iter().map(shape).collect()
    }

    #[test]
    fn a_bar_is_open_high_low_close_and_volume_of_its_second() {
        assert_eq!(
            bars(&[(5_100, 7), (5_200, 9), (5_300, 4), (5_999, 8), (6_000, 1), (9_500, 2), (9_600, 3)]),
            [(5, [7, 9, 4, 8], 4), (6, [1, 1, 1, 1], 1), (9, [2, 3, 2, 3], 2)]
        );
        assert_eq!(bars(&[]), []);
        assert_eq!(bars(&[(7_000, 5)]), [(7, [5, 5, 5, 5], 1)]);
    }

    #[test]
    fn times_that_jump_or_go_back_lose_no_trade() {
        let far = 500 * 365 * 86_400_000;
        let all = bars(&[(1_500, 1), (900, 2), (1_800, 3), (far, 4), (2_000, 5), (u64::MAX / 1_000_000, 6)]);
        assert_eq!(all.iter().map(|(_, _, volume)| volume).sum::<u64>(), 6);
        assert_eq!(all[0], (1, [1, 3, 1, 3], 3));
    }
}
