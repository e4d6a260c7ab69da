//! The lateness of a tick each millisecond, by a blocking wait.

use std::thread;
use std::time::{Duration, Instant};

use bench::harness::{Budget, Measured, Timed};
use nexus_rt::{MioInstaller, World, WorldBuilder};

const TICKS: u32 = 200;
const LATE: Duration = Duration::from_micros(500);

/// Waits until a time.
type Wait = Box<dyn FnMut(Instant)>;

pub fn compare(rounds: usize) -> (Vec<Measured>, String) {
    let mut contenders: [(&str, Wait); 3] = [("ours", ours()), ("sleep", Box::new(sleep)), ("raw mio", raw())];
    let mut mean = [const { Vec::new() }; 3];
    let mut late = [0; 3];
    for _ in 0..rounds {
        for (((_, wait), mean), late) in contenders.iter_mut().zip(&mut mean).zip(&mut late) {
            let mut next = Instant::now();
            let mut sum = Duration::ZERO;
            for _ in 0..TICKS {
                next += Duration::from_millis(1);
                wait(next);
                let after = next.elapsed();
                sum += after;
                *late += u32::from(after > LATE);
                if after > Duration::from_millis(1) {
                    next = Instant::now(); // the machine was suspended: no burst
                }
            }
            mean.push(sum.as_nanos() as f64 / f64::from(TICKS));
        }
    }
    let share = |late: u32| 100.0 * f64::from(late) / f64::from(TICKS) / rounds as f64;
    let shares: Vec<_> =
        contenders.iter().zip(late).map(|((name, _), late)| format!("{name} {:.2} %", share(late))).collect();
    let timed = contenders.iter().zip(mean).map(|((name, _), mean)| Timed::new(name, mean)).collect();
    let row = Measured {
        group: "a tick each millisecond, the loop blocked".into(),
        row: "mean lateness".into(),
        timed,
        budgets: vec![Budget { against: "sleep", at_most: 1.0, or_more: 0.0 }],
    };
    (vec![row], format!("Ticks more than 0.5 ms late: {}.\n", shares.join(", ")))
}

fn sleep(until: Instant) {
    thread::sleep(until.saturating_duration_since(Instant::now()));
}

fn ours() -> Wait {
    let mut builder = WorldBuilder::new();
    let mut io = builder.install_driver(MioInstaller::new().expect("there are files"));
    let mut world: World = builder.build();
    Box::new(move |until| {
        while Instant::now() < until {
            io.poll_until(&mut world, Instant::now(), |_| Some(until)).expect("the selector works");
        }
    })
}

fn raw() -> Wait {
    let mut poll = nexus_rt::mio::Poll::new().expect("there are files");
    let mut events = nexus_rt::mio::Events::with_capacity(16);
    Box::new(move |until| {
        let left = until.saturating_duration_since(Instant::now());
        poll.poll(&mut events, Some(left)).expect("the selector works");
    })
}
