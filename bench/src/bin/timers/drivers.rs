//! The timer drivers of both libraries: 100,000 boxed handlers due within 10 s, polled each millisecond.

use std::hint::black_box;
use std::time::{Duration, Instant};

use bench::harness::{Budget, Measured, Timed};

const TIMERS: u64 = 100_000;
const SPAN_MS: u64 = 10_000;

struct Fired(u64);

/// The times for setting the timers and for all polls, in nanoseconds per timer, and the result of the handlers.
struct Round {
    set: f64,
    poll: f64,
    fired: u64,
}

/// Returns a time after the start, in no particular order.
fn due(timer: u64) -> Duration {
    Duration::from_micros(timer.wrapping_mul(0x9e37_79b9_7f4a_7c15) % (SPAN_MS * 1_000))
}

/// The source for both libraries, which differ in the arguments of a handler and in the creation of a wheel.
macro_rules! driver {
    ($name:ident, $rt:ident, $Event:ty, |$builder:ident, $start:ident| $install:expr, $Wheel:ty, $set:ident) => {
        mod $name {
            use $rt::{IntoHandler, ResMut, WorldBuilder};

            use super::*;

            fn fire(mut fired: ResMut<Fired>, _: $Event) {
                fired.0 = fired.0.wrapping_mul(31).wrapping_add(1);
            }

            pub(super) fn round() -> Round {
                let $start = Instant::now();
                let mut $builder = WorldBuilder::new();
                $builder.register(Fired(0));
                let mut poller = $install;
                let mut world = $builder.build();
                let before = Instant::now();
                for timer in 0..TIMERS {
                    let handler = Box::new(fire.into_handler(world.registry()));
                    let _ = world.resource_mut::<$Wheel>().$set($start + due(timer), handler);
                }
                let set = before.elapsed();
                let before = Instant::now();
                let ran: usize =
                    (1..=SPAN_MS).map(|ms| poller.poll(&mut world, $start + Duration::from_millis(ms))).sum();
                let poll = before.elapsed();
                assert!(poller.is_empty(&world) && ran as u64 == TIMERS);
                let each = |time: Duration| time.as_nanos() as f64 / TIMERS as f64;
                Round { set: each(set), poll: each(poll), fired: black_box(world.resource::<Fired>().0) }
            }
        }
    };
}

driver!(
    ours,
    nexus_rt,
    nexus_rt::timer::TimerEvent,
    |builder, start| builder.install_driver(nexus_rt::TimerInstaller::new(start)),
    nexus_rt::TimerWheel,
    schedule
);

impl peer::Resource for Fired {}

driver!(
    published,
    peer,
    Instant,
    |builder, start| {
        let wheel = peer::timer::WheelBuilder::default().unbounded(64).build(start).expect("the usual wheel");
        let poller: peer::timer::TimerPoller = builder.install_driver(peer::timer::TimerInstaller::new(wheel));
        poller
    },
    peer::timer::TimerWheel,
    schedule_forget
);

pub(crate) fn compare(rounds: usize) -> Vec<Measured> {
    let mut rounds_of = [const { [const { Vec::new() }; 2] }; 2];
    published::round();
    ours::round();
    for _ in 0..rounds {
        let (ours, peer) = (ours::round(), published::round());
        assert_eq!(peer.fired, ours.fired);
        for ([set, poll], round) in rounds_of.iter_mut().zip([ours, peer]) {
            set.push(round.set);
            poll.push(round.poll);
        }
    }
    let [[set, poll], [peer_set, peer_poll]] = rounds_of;
    let row = |name: &str, ours, peer, budgets| Measured {
        group: "timer driver, 100 k handlers over 10 s".into(),
        row: name.into(),
        timed: vec![Timed::new("ours", ours), Timed::new("2.5.1", peer)],
        budgets,
    };
    let budget = |at_most| vec![Budget { against: "2.5.1", at_most, or_more: 0.0 }];
    vec![
        row("made and set, each", set, peer_set, budget(1.05)),
        row("polled each ms, each", poll, peer_poll, budget(0.08)),
    ]
}

/// Checks that both compute the same.
pub(crate) fn check() {
    assert_eq!(published::round().fired, ours::round().fired);
}
