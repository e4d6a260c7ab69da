//! The meters as a table for people.

use crate::board::Board;
use crate::meter::{grouped, time};

impl Board {
    /// Returns the meters as a table for people, the most expensive first.
    ///
    /// A row has the name, all runs, the timed runs with their mean, p50, p99 and maximum, and the share of the total
    /// time. The time of a meter is its mean times its runs. A handler that runs inside another one counts in both.
    ///
    /// ```
    /// use nexus_gauge::Board;
    ///
    /// let board = Board::new();
    /// assert_eq!(board.table(), "handler  runs  timed  mean  p50  p99  max  share\n");
    /// ```
    #[must_use]
    pub fn table(&self) -> String {
        let meters = self.meters().into_iter().map(|meter| {
            let (seen, runs) = (meter.latency(), meter.runs());
            (seen.mean() * runs as f64, meter, runs, seen)
        });
        let mut meters: Vec<_> = meters.collect();
        meters.sort_by(|(a, ..), (b, ..)| b.total_cmp(a));
        let all: f64 = meters.iter().map(|(total, ..)| total).sum();
        let mut rows = vec![["handler", "runs", "timed", "mean", "p50", "p99", "max", "share"].map(String::from)];
        rows.extend(meters.iter().map(|(total, meter, runs, seen)| {
            let share = if all > 0.0 { 100.0 * total / all } else { 0.0 };
            let [p50, p99] = [0.5, 0.99].map(|share| time(seen.quantile(share)));
            let (mean, max) = (time(seen.mean() as u64), time(seen.max()));
            [meter.name().into(), grouped(*runs), grouped(seen.count()), mean, p50, p99, max, format!("{share:.1} %")]
        }));
        let mut widths = [0; 8];
        for row in &rows {
            widths.iter_mut().zip(row).for_each(|(width, text)| *width = text.chars().count().max(*width));
        }
        let mut out = String::new();
        for [name, numbers @ ..] in &rows {
            out.push_str(&format!("{name:<width$}", width = widths[0]));
            let padded = numbers.iter().zip(&widths[1..]).map(|(text, &width)| format!("  {text:>width$}"));
            out.extend(padded);
            out.push('\n');
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use nexus_rt::plan::Visitor;
    use nexus_rt::{Describe, Handler, World, WorldBuilder};

    use super::*;

    /// A handler that is timed by the test.
    struct Nothing;

    impl Describe for Nothing {
        fn describe(&self, _: &mut dyn Visitor) {}
    }

    impl Handler<()> for Nothing {
        fn run(&mut self, _: &mut World, (): ()) {}
    }

    #[test]
    fn a_table_is_aligned_and_shows_what_costs_most_first() {
        let mut world = WorldBuilder::new().build();
        let board = Board::new();
        let rows = [("größe", 1, [40, 40]), ("sampled", 12_344, [1_500, 1_500]), ("never", 0, [0, 0])];
        for (name, runs, times) in rows {
            // Its own runs are not timed, except for the first.
            let mut handler = board.named(name).sampled(1 << 63, Nothing);
            if runs > 0 {
                handler.meter().0.runs.store(1, std::sync::atomic::Ordering::Relaxed);
                times.iter().for_each(|time| handler.meter().0.latency.record(*time));
            }
            (1..runs).for_each(|_| handler.run(&mut world, ()));
        }
        let expected = "\
handler    runs  timed    mean     p50     p99     max    share
sampled  12,344      2  1.5 µs  1.5 µs  1.5 µs  1.5 µs  100.0 %
größe         1      2   40 ns   40 ns   40 ns   40 ns    0.0 %
never         0      0    0 ns    0 ns    0 ns    0 ns    0.0 %
";
        assert_eq!(board.table(), expected);
    }
}
