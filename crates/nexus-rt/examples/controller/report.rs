//! What the controller prints: how late its ticks were, those that were too late, and how well the motor runs.

use std::thread;

use nexus_rt::World;
use nexus_rt::inbox::{Full, Outbox, channel};

use super::control::{Late, Motor, Target, Ticks};

/// Prints reports on a separate thread, which ends when the last sender is gone.
pub(crate) fn printer() -> (Outbox<Late>, thread::JoinHandle<u64>) {
    // If the inbox is full, a report is dropped and counted. The loop does not wait.
    let (sender, reports) = channel::<Late>(256, Full::Refuse);
    let printer = thread::spawn(move || {
        let mut count = 0;
        while let Some(Late { tick, by }) = reports.recv() {
            count += 1;
            eprintln!("tick {tick} was {by:.0?} late");
        }
        count + reports.stats().lost
    });
    (Outbox::from([sender]), printer)
}

/// Prints how late the ticks were, and how well the motor runs.
pub(crate) fn print(world: &World) {
    let ticks = world.resource::<Ticks>();
    let (late, speed) = (&ticks.late, world.resource::<Motor>().speed);
    println!("{:>16} {:>8}", "late by at most", "ticks");
    let mut from = 0;
    for microseconds in [10, 20, 50, 100, 200, 500, 1_000, u64::MAX / 1_000] {
        let to = microseconds * 1_000;
        let count = late.iter_recorded().filter(|tick| (from..to).contains(&tick.value_iterated_to()));
        let count: u64 = count.map(|tick| tick.count_at_value()).sum();
        let name = if microseconds > 1_000 { "more".into() } else { format!("{microseconds} µs") };
        let bar = "#".repeat(usize::try_from(count * 50 / late.len().max(1)).unwrap_or(0));
        println!("{name:>16} {count:>8} {bar}");
        from = to;
    }
    let [median, high, max] = [0.5, 0.99, 1.0].map(|q| late.value_at_quantile(q) as f64 / 1_000.0);
    println!("late: p50 {median:.1} µs, p99 {high:.1} µs, at most {max:.1} µs; {} ticks missed", ticks.missed);
    println!("the motor runs at {speed:.1} of {:.1} revolutions per second", world.resource::<Target>().0);
    if late.len() >= 1_000 {
        assert!((speed - world.resource::<Target>().0).abs() < 1.0, "the law reaches its target within a second");
    }
}
