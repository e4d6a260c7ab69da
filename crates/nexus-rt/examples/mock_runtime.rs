//! How do plugins, drivers and a poll loop form a program?
//!
//! `cargo run --example mock_runtime`
//!
//! It has two drivers, a feed and a timer, each with its own `poll`. `main` is the executor.

use std::collections::VecDeque;

use nexus_rt::{
    Handler, Installer, IntoHandler, Key, PipelineStart, Plugin, Res, ResMut, Virtual, World, WorldBuilder,
};

/// The input of the feed: simulated prices.
#[derive(Default)]
struct Arrivals(VecDeque<u64>);

/// The time of the turn. It moves when a turn begins, so both drivers and all handlers see the same time.
#[derive(Default)]
struct Clock(u64);

#[derive(Default)]
struct Book {
    best: u64,
    updates: u64,
}

struct Trading;

impl Plugin for Trading {
    fn build(self, builder: &mut WorldBuilder) {
        builder.register_default::<Book>();
    }
}

struct FeedInstaller;

struct FeedPoller {
    arrivals: Key<Arrivals>,
    handler: Virtual<u64>,
}

impl Installer for FeedInstaller {
    type Poller = FeedPoller;

    fn install(self, builder: &mut WorldBuilder) -> FeedPoller {
        builder.register_default::<Arrivals>();
        let reg = builder.registry();
        let handler = PipelineStart::<u64>::new()
            .guard(|price: &u64| *price > 0, reg)
            .map(
                |mut book: ResMut<Book>, price: u64| {
                    book.updates += 1;
                    book.best = book.best.max(price);
                },
                reg,
            )
            .build();
        FeedPoller { arrivals: builder.key(), handler: Box::new(handler) }
    }
}

impl FeedPoller {
    /// Dispatches everything that has arrived. Returns the number of events.
    fn poll(&mut self, world: &mut World) -> usize {
        let mut events = 0;
        while let Some(price) = self.arrivals.get_mut(world).0.pop_front() {
            world.next_sequence();
            self.handler.run(world, price);
            events += 1;
        }
        events
    }
}

struct TimerInstaller {
    period: u64,
}

struct TimerPoller {
    period: u64,
    due: u64,
}

impl Installer for TimerInstaller {
    type Poller = TimerPoller;

    fn install(self, builder: &mut WorldBuilder) -> TimerPoller {
        builder.ensure_default::<Clock>();
        TimerPoller { period: self.period, due: self.period }
    }
}

impl TimerPoller {
    /// Time is an argument. Runs the handler once for every period that has passed.
    fn poll(&mut self, world: &mut World, now: u64, handler: &mut impl Handler<u64>) {
        while self.due <= now {
            world.next_sequence();
            handler.run(world, self.due);
            self.due += self.period;
        }
    }
}

fn report(book: Res<Book>, clock: Res<Clock>, due: u64) {
    println!("{due} (now {}): best {} after {} updates", clock.0, book.best, book.updates);
}

fn main() {
    let mut builder = WorldBuilder::new();
    builder.install_plugin(Trading);
    let mut feed = builder.install_driver(FeedInstaller);
    let mut timer = builder.install_driver(TimerInstaller { period: 10 });
    let mut world = builder.build();
    let mut report = report.into_handler(world.registry());

    let incoming: [(u64, &[u64]); 4] = [(3, &[101, 0]), (9, &[105]), (12, &[]), (31, &[99, 110])];
    for (now, prices) in incoming {
        // A turn begins. A real loop waits here, then moves the clock.
        world.resource_mut::<Clock>().0 = now;
        world.resource_mut::<Arrivals>().0.extend(prices);
        let events = feed.poll(&mut world);
        println!("{now}: {events} events");
        timer.poll(&mut world, now, &mut report);
    }
}
