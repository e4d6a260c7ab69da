//! A control loop at 1 kHz, as on an embedded Linux controller: how late are its ticks?
//!
//! A periodic timer runs a pipeline: read a sensor, compute, drive a motor. A watchdog reports each tick that is late
//! by more than a limit to a thread that prints, since a control loop does not wait for a terminal. At the end the
//! program prints how late the ticks were.
//!
//! `cargo run --release --example controller --features mio,ring,signals,timer` runs for two seconds, or until Ctrl-C.
//! Options, after `--`:
//!
//! - `--wait NAME`: `block` (the default), `spin`, `yield`, `backoff` or `backoff=N`
//! - `--ticks N`: how many ticks, of a millisecond each
//! - `--limit MICROSECONDS`: from when on a tick is reported as late (500)
//! - `--sleep NAME`: `sockets` (the default) or `parker`, for a controller without sockets

mod options;
mod sleep;

use std::error::Error;
use std::io;
use std::str::FromStr;
use std::thread;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use nexus_rt::inbox::{Full, Outbox, channel};
use nexus_rt::timer::TimerEvent;
use nexus_rt::wait::{Idle, Parker, Wait};
use nexus_rt::{
    Clock, Handler, MioInstaller, PipelineStart, Registry, Res, ResMut, Shutdown, TimerInstaller, TimerWheel, World,
    WorldBuilder,
};

use crate::options::{options, parsed};
use crate::sleep::Sleep;

const PERIOD: Duration = Duration::from_millis(1);

/// The speed that the motor is to have, in revolutions per second.
struct Target(f64);

/// The motor, simulated. It follows its voltage with a delay of 50 ms.
#[derive(Default)]
struct Motor {
    speed: f64,
    voltage: f64,
}

/// A proportional and integral law, whose output is limited.
struct Law {
    proportional: f64,
    integral: f64,
    sum: f64,
    limit: f64,
}

/// How late ticks were, in nanoseconds.
struct Ticks {
    late: Histogram<u64>,
    /// Ticks that did not run, because the one before them was late by more than a period.
    missed: u64,
    previous: Option<Instant>,
    total: u64,
}

/// From when on a tick is late.
struct Limit(Duration);

/// A tick that was too late.
#[derive(Clone, Copy)]
struct Late {
    tick: u64,
    by: Duration,
}

/// Records how late a tick is, and reports it if that is too much.
fn watch(
    limit: Res<Limit>,
    clock: Res<Clock>,
    mut ticks: ResMut<Ticks>,
    mut reports: ResMut<Outbox<Late>>,
    timer: &TimerEvent,
) {
    assert!(timer.now >= timer.deadline && timer.now == clock.now(), "never early, and one time for all handlers");
    ticks.late.saturating_record(u64::try_from(timer.late().as_nanos()).unwrap_or(u64::MAX));
    if let Some(previous) = ticks.previous.replace(timer.deadline) {
        let periods = timer.deadline.duration_since(previous).as_nanos() / PERIOD.as_nanos();
        ticks.missed += u64::try_from(periods - 1).unwrap_or(u64::MAX);
    }
    if timer.late() > limit.0 {
        reports.send(&Late { tick: ticks.late.len(), by: timer.late() });
    }
}

/// Reads the sensor. Here it also moves the simulated motor on by one period.
fn sense(mut motor: ResMut<Motor>, _: TimerEvent) -> f64 {
    let change = (motor.voltage * 10.0 - motor.speed) * PERIOD.as_secs_f64() / 0.05;
    motor.speed += change;
    motor.speed
}

fn control(target: Res<Target>, mut law: ResMut<Law>, speed: f64) -> f64 {
    let error = target.0 - speed;
    let step = error * law.integral * PERIOD.as_secs_f64();
    let voltage = error * law.proportional + law.sum + step;
    // While the output is at its limit, the sum stands still.
    if voltage.abs() < law.limit {
        law.sum += step;
    }
    voltage.clamp(-law.limit, law.limit)
}

fn drive(mut motor: ResMut<Motor>, voltage: f64) {
    motor.voltage = voltage;
}

fn until_the_last(ticks: Res<Ticks>, shutdown: Res<Shutdown>, (): ()) {
    if ticks.late.len() == ticks.total {
        shutdown.shutdown();
    }
}

fn tick(reg: &Registry) -> impl Handler<TimerEvent> + use<> {
    PipelineStart::<TimerEvent>::new()
        .tap(watch, reg)
        .then(sense, reg)
        .then(control, reg)
        .then(drive, reg)
        .then(until_the_last, reg)
        .build()
}

/// The value of `--sleep`.
enum Place {
    Sockets,
    Parker,
}

impl FromStr for Place {
    type Err = &'static str;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "sockets" => Ok(Self::Sockets),
            "parker" => Ok(Self::Parker),
            _ => Err("use `sockets` or `parker`"),
        }
    }
}

/// Prints reports on a thread of its own. It ends when nobody is left to report.
fn printer() -> (Outbox<Late>, thread::JoinHandle<u64>) {
    // If it is full, a report is lost and counted. The loop does not wait.
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

fn main() -> Result<(), Box<dyn Error>> {
    let [wait, ticks, limit, place] = options(["--wait", "--ticks", "--limit", "--sleep"])?;
    let (wait, total) = (parsed(wait, Wait::Block)?, parsed(ticks, 2_000_u64)?.max(1));
    let limit = Duration::from_micros(parsed(limit, 500)?);
    let mut builder = WorldBuilder::new();
    let shutdown = builder.shutdown_handle();
    shutdown.enable_signals()?;
    let mut sleep = match parsed(place, Place::Sockets)? {
        Place::Sockets => Sleep::Sockets(Box::new(builder.install_driver(MioInstaller::new()?))),
        Place::Parker => Sleep::Parker(Parker::new(&shutdown)),
    };
    let clock = Clock::realtime();
    let start = clock.now();
    let mut timers = builder.install_driver(TimerInstaller::new(start));
    builder.register(clock);
    builder.register(Target(100.0));
    builder.register_default::<Motor>();
    builder.register(Law { proportional: 0.5, integral: 10.0, sum: 0.0, limit: 24.0 });
    builder.register(Limit(limit));
    let late = Histogram::new_with_bounds(1, 1 << 40, 3)?;
    builder.register(Ticks { late, missed: 0, previous: None, total });
    let (outbox, printer) = printer();
    builder.register(outbox);
    let mut world = builder.build();
    let tick = Box::new(tick(world.registry()));
    world.resource_mut::<TimerWheel>().schedule_every(start + PERIOD, PERIOD, tick);

    println!("{total} ticks of {PERIOD:?}; the loop waits by `{wait}`");
    let (mut idle, mut ran) = (Idle::new(wait), 0);
    world.run(|world| {
        let now = world.resource::<Clock>().now();
        ran = sleep.begin(world, now, idle.until(ran, now, timers.next_deadline(world)))?;
        let now = world.resource::<Clock>().now();
        ran += timers.poll(world, now);
        Ok::<(), io::Error>(())
    })?;
    report(&world);
    drop(world); // and with it the outbox, which ends the printer
    let reported = printer.join().expect("the printer does not panic");
    println!("{reported} ticks were reported as later than {limit:?}");
    Ok(())
}

/// Prints how late the ticks were, and how well the motor runs.
fn report(world: &World) {
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
