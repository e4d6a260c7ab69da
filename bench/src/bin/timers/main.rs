//! Timers: our wheel, the published nexus-timer 1.5.0 with rebalancing, another wheel, a heap and a tree.
//!
//! `cargo run --release --bin timers`. A round inserts, moves, cancels and fires timers, and times each part.
//! Contenders take turns round by round, pinned to one core, and must compute the same values. Then it shows quantiles
//! of single polls.

mod contenders;
mod drivers;

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Duration, Instant};

use bench::harness::{Budget, Measured, Timed, quantile};
use bench::machine::pin;
use bench::output::Output;
use bench::report::Report;
use clap::Parser;

use contenders::{HashWheel, Heap, Peer, Timers, Tree};

/// Times what is done to timers, per operation, and prints the ratio to the published nexus-timer.
#[derive(Parser)]
struct Args {
    /// Only sizes and tables whose name contains this: "1 k", "100 k", "1 M", "drivers", "polls"
    #[arg(long, default_value = "")]
    filter: String,

    /// Multiplies the number of rounds
    #[arg(long, default_value_t = 1)]
    rounds: usize,

    /// Only check that all contenders compute the same, on the smaller sizes, and time nothing
    #[arg(long)]
    check: bool,

    #[command(flatten)]
    output: Output,
}

const PARTS: [&str; 4] = ["insert", "reschedule", "cancel", "fire"];

fn main() {
    let args = Args::parse();
    pin(0);
    let sizes = [("1 k", 1_000, 1_000, 201), ("100 k", 100_000, 10_000, 11), ("1 M", 1_000_000, 10_000, 3)];
    if args.check {
        sizes[..2].iter().for_each(|(_, count, spread_ms, _)| check(&mut contenders(&Load::new(*count, *spread_ms))));
        drivers::check();
        return;
    }
    let title = "timers, in nanoseconds per operation".into();
    let mut report = Report { title, unit: "ns", rows: Vec::new() };
    let mut add = |row| args.output.add(&mut report, row);
    // First, before the others fragment the memory.
    if "drivers".contains(&args.filter) {
        drivers::compare(21 * args.rounds).into_iter().for_each(&mut add);
    }
    for (name, count, spread_ms, rounds) in sizes {
        if name.contains(&args.filter) {
            compare(name, &Load::new(count, spread_ms), rounds * args.rounds).into_iter().for_each(&mut add);
        }
    }
    let polls = if "polls".contains(&args.filter) { polls_table() } else { String::new() };
    args.output.finish(&report, "timers", &polls);
}

/// The work of a round, the same for all contenders.
struct Load {
    spread_ms: u64,
    /// The delay of each timer, in milliseconds.
    delays: Vec<u64>,
    moved: Vec<(usize, u64)>,
    cancelled: Vec<usize>,
}

impl Load {
    /// Half of the timers are moved, and half are cancelled, in random order.
    fn new(count: usize, spread_ms: u64) -> Self {
        let mut random = Random(42);
        let delays = (0..count).map(|_| 1 + random.below(spread_ms)).collect();
        let mut order: Vec<_> = (0..count).collect();
        let half = |order: &mut Vec<usize>, random: &mut Random| {
            for at in (1..count).rev() {
                order.swap(at, random.below(at as u64 + 1) as usize);
            }
            order[..count / 2].to_vec()
        };
        let moved = half(&mut order, &mut random);
        let moved = moved.into_iter().map(|timer| (timer, 1 + random.below(spread_ms))).collect();
        let cancelled = half(&mut order, &mut random);
        Self { spread_ms, delays, moved, cancelled }
    }
}

struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

/// A round: returns the time of each part, and a value that depends on all of them.
type Round<'a> = Box<dyn FnMut() -> ([Duration; 4], u64) + 'a>;

fn contender<T: Timers + 'static>(load: &Load) -> (&'static str, Round<'_>) {
    let mut now = Instant::now();
    let mut timers = T::new(now);
    let mut keys: Vec<Option<T::Key>> = Vec::new();
    let mut fired = Vec::new();
    let round = move || {
        let mut value = 0_u64;
        let started = Instant::now();
        let insert = |(timer, ms): (usize, &u64)| Some(timers.insert(now + Duration::from_millis(*ms), timer as u64));
        keys.extend(load.delays.iter().enumerate().map(insert));
        let inserted = Instant::now();
        for (timer, ms) in &load.moved {
            let key = keys[*timer].take().expect("it waits");
            keys[*timer] = Some(timers.reschedule(key, now + Duration::from_millis(*ms)));
        }
        let moved = Instant::now();
        for timer in &load.cancelled {
            let key = keys[*timer].take().expect("it waits");
            value = value.wrapping_add(timers.cancel(key));
        }
        let cancelled = Instant::now();
        for ms in 1..=load.spread_ms {
            now += Duration::from_millis(1);
            timers.poll(now, &mut fired);
            for timer in fired.drain(..) {
                value = value.wrapping_add(timer * ms);
                timers.forget(keys[timer as usize].take().expect("it waits"));
            }
        }
        let ended = Instant::now();
        keys.clear();
        ([inserted - started, moved - inserted, cancelled - moved, ended - cancelled], value)
    };
    (T::NAME, Box::new(round))
}

fn contenders(load: &Load) -> Vec<(&'static str, Round<'_>)> {
    vec![
        contender::<nexus_timer::Wheel<u64>>(load),
        contender::<Peer>(load),
        contender::<HashWheel>(load),
        contender::<Heap>(load),
        contender::<Tree>(load),
    ]
}

/// Panics unless all contenders compute the same in a round, which also warms them up.
fn check(contenders: &mut [(&str, Round<'_>)]) {
    let values: Vec<_> = contenders.iter_mut().map(|(name, round)| (*name, round().1)).collect();
    assert!(values.iter().all(|value| value.1 == values[0].1), "{values:?}");
}

fn compare(name: &str, load: &Load, rounds: usize) -> Vec<Measured> {
    let mut contenders = contenders(load);
    check(&mut contenders);
    let count = load.delays.len();
    let runs = [count, load.moved.len(), load.cancelled.len(), count - load.cancelled.len()];
    let mut ns = vec![[const { Vec::new() }; PARTS.len()]; contenders.len()];
    for _ in 0..rounds {
        for ((_, round), ns) in contenders.iter_mut().zip(&mut ns) {
            for ((time, ns), runs) in round().0.iter().zip(ns).zip(runs) {
                ns.push(time.as_nanos() as f64 / runs as f64);
            }
        }
    }
    let row = |(part, part_name): (usize, &&str)| {
        let timed = contenders.iter().zip(&mut ns);
        let timed = timed.map(|((contender, _), ns)| Timed::new(contender, std::mem::take(&mut ns[part])));
        // Moving a timer is not in the budget: the published wheel pays for it when it fires.
        let budgets = if *part_name == "reschedule" { vec![] } else { vec![NO_MORE] };
        Measured {
            group: format!("timer wheel, {name} timers"),
            row: format!("{part_name}, {name}"),
            timed: timed.collect(),
            budgets,
        }
    };
    PARTS.iter().enumerate().map(row).collect()
}

/// The budget of a wheel's operation.
const NO_MORE: Budget = Budget { against: Peer::NAME, at_most: 1.0, or_more: 0.0 };

/// Returns a table of single polls with a million timers, a millisecond apart.
fn polls_table() -> String {
    let mut text = String::from("| one poll, ns | contender | mean | p50 | p99 | p99.9 |\n|---|---|--:|--:|--:|--:|\n");
    // First far away, so that nothing happens; then so near that about one fires in each poll, and some move closer.
    for (name, from_ms, spread_ms) in [("1 M idle", 3_600_000, 3_600_000), ("1 M over 1000 s", 1, 1_000_000)] {
        polls::<nexus_timer::Wheel<u64>>(&mut text, name, from_ms, spread_ms);
        polls::<Peer>(&mut text, "", from_ms, spread_ms);
        polls::<Heap>(&mut text, "", from_ms, spread_ms);
        polls::<Tree>(&mut text, "", from_ms, spread_ms);
    }
    let mut clock: Vec<_> = (0..300_000).map(|_| ns(Instant::now())).collect();
    add_quantiles(&mut text, "the clock that measures", "", f64::NAN, &mut clock);
    text
}

fn polls<T: Timers>(text: &mut String, name: &str, from_ms: u64, spread_ms: u64) {
    const POLLS: u32 = 300_000;
    let mut now = Instant::now();
    let mut timers = T::new(now);
    let mut random = Random(7);
    let insert = |timer| timers.insert(now + Duration::from_millis(from_ms + random.below(spread_ms)), timer);
    let mut keys: Vec<_> = (0..1_000_000).map(insert).map(Some).collect();
    let mut fired = Vec::new();
    let mut times = Vec::with_capacity(POLLS as usize);
    let mut step = || {
        now += Duration::from_millis(1);
        let started = Instant::now();
        timers.poll(now, &mut fired);
        let time = ns(started);
        black_box(&fired);
        fired.drain(..).for_each(|timer| timers.forget(keys[timer as usize].take().expect("it waits")));
        time
    };
    times.extend((0..POLLS).map(|_| step()));
    let started = Instant::now();
    for _ in 0..POLLS {
        now += Duration::from_millis(1);
        timers.poll(now, &mut fired);
        black_box(&fired);
        fired.drain(..).for_each(|timer| timers.forget(keys[timer as usize].take().expect("it waits")));
    }
    add_quantiles(text, name, T::NAME, ns(started) / f64::from(POLLS), &mut times);
    keys.into_iter().flatten().for_each(|key| timers.forget(key));
}

fn ns(since: Instant) -> f64 {
    since.elapsed().as_nanos() as f64
}

fn add_quantiles(text: &mut String, name: &str, contender: &str, mean: f64, times: &mut [f64]) {
    let [middle, high, highest] = [0.5, 0.99, 0.999].map(|part| quantile(times, part));
    let mean = if mean.is_nan() { String::new() } else { format!("{mean:.1}") };
    let _ = writeln!(text, "| {name} | {contender} | {mean} | {middle:.0} | {high:.0} | {highest:.0} |");
}
