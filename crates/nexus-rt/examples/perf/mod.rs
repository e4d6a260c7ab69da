//! What the `perf_` examples share: how they measure, and what they print.

use std::hint::black_box;

use hdrhistogram::Histogram;
use quanta::Clock;

/// The number of samples, unless the first argument sets it.
const SAMPLES: u64 = 200_000;

/// The number of calls in a row, for the second group of columns.
const ROW: u64 = 64;

/// Says what a row measures, then prints the first heading and a row for the clock itself.
pub(crate) fn begin(each_row: &str, title: &str) {
    println!("Each row {each_row}. `nothing` is the cost of the clock itself.");
    heading(title);
    row("nothing", || ());
}

/// Prints the heading of a group of rows.
pub(crate) fn heading(title: &str) {
    println!("\n{title}");
    println!("{:34}   one call, with the clock      each of {ROW} in a row", "");
    println!("{:34} {:>8}{:>8}{:>8}    {:>8}{:>8}{:>8}", "", "p50", "p99", "p99.9", "p50", "p99", "p99.9");
}

/// Times single calls, and many calls in a row, in ticks of the processor's time stamp counter.
///
/// A single call is timed no more finely than the counter advances, which is in steps of tens of ticks on some
/// machines. Its time includes two reads of the counter (see the row `nothing`), and the call overlaps with these
/// reads. In a row, each sample is the mean of its calls, so a single slow call shows less. Nothing is subtracted.
pub(crate) fn row<R>(name: &str, mut call: impl FnMut() -> R) {
    let samples = std::env::args().nth(1).map_or(SAMPLES, |samples| samples.parse().expect("a number of samples"));
    let clock = Clock::new();
    let mut time = |calls: u64| {
        let mut hundredths = Histogram::<u64>::new_with_bounds(1, 1 << 40, 3).expect("these bounds are allowed");
        for _ in 0..samples / calls {
            let start = clock.raw();
            (0..calls).for_each(|_| _ = black_box(call()));
            hundredths.saturating_record((clock.raw() - start) * 100 / calls);
        }
        [0.5, 0.99, 0.999].map(|q| hundredths.value_at_quantile(q) as f64 / 100.0)
    };
    time(1);
    let ([a, b, c], [d, e, f]) = (time(1), time(ROW));
    println!("{name:34} {a:>8.0} {b:>7.0} {c:>7.0}    {d:>8.1} {e:>7.1} {f:>7.1}");
}
