//! Rows and rounds: what is timed, how, and what is printed.

use std::hint::black_box;
use std::time::Instant;

/// Something that is timed: does its work `n` times, from a fresh state, and gives a value that depends on all of it.
pub type Work = Box<dyn Fn(u64) -> Box<dyn FnMut() -> u64>>;

/// The same work done by several contenders.
pub struct Row {
    pub name: &'static str,
    /// How often the work is done in one timing.
    pub runs: u64,
    pub contenders: Vec<(&'static str, Work)>,
}

pub struct Plan {
    pub rounds: usize,
}

/// A contender from a closure that sets it up and gives the loop to be timed.
pub fn work<F: FnMut() -> u64 + 'static>(set_up: impl Fn(u64) -> F + 'static) -> Work {
    Box::new(move |runs| Box::new(set_up(runs)))
}

impl Row {
    /// Panics unless all contenders compute the same.
    pub fn check(&self) {
        let values: Vec<(&str, u64)> = self.contenders.iter().map(|(name, work)| (*name, work(1000)())).collect();
        assert!(values.iter().all(|value| value.1 == values[0].1), "{}: {values:?}", self.name);
    }
}

/// The timings of one contender in nanoseconds per run, a round each.
pub struct Timed {
    pub contender: &'static str,
    pub ns: Vec<f64>,
}

pub fn print_table(rows: Vec<Row>, plan: &Plan) {
    print_heading();
    for row in rows {
        print_row(row.name, &time(&row, plan));
    }
}

pub fn print_heading() {
    println!("\n{:<34} {:<10} {:>9}   ratio to the first (10 % .. 90 % of rounds)", "row", "contender", "ns/run");
}

pub fn print_row(name: &str, timed: &[Timed]) {
    let first = &timed[0].ns;
    for (place, contender) in timed.iter().enumerate() {
        let name = if place == 0 { name } else { "" };
        let ratios: Vec<f64> = contender.ns.iter().zip(first).map(|(own, first)| own / first).collect();
        let [low, middle, high] = [0.1, 0.5, 0.9].map(|part| quantile(&ratios, part));
        let ns = quantile(&contender.ns, 0.5);
        println!("{name:<34} {:<10} {ns:>9.2}   {middle:.2} ({low:.2} .. {high:.2})", contender.contender);
    }
}

/// Lets the contenders take turns, so that whatever slows the machine down meets them alike.
fn time(row: &Row, plan: &Plan) -> Vec<Timed> {
    let mut running: Vec<_> = row.contenders.iter().map(|(name, work)| (*name, work(row.runs))).collect();
    let mut timed: Vec<_> =
        running.iter().map(|(contender, _)| Timed { contender, ns: Vec::with_capacity(plan.rounds) }).collect();
    // The first rounds warm up caches and predictors and are not counted.
    for round in 0..plan.rounds + 5 {
        for ((_, work), timed) in running.iter_mut().zip(&mut timed) {
            let start = Instant::now();
            black_box(work());
            let ns = start.elapsed().as_nanos() as f64 / row.runs as f64;
            if round >= 5 {
                timed.ns.push(ns);
            }
        }
    }
    timed
}

pub fn quantile(values: &[f64], part: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[((sorted.len() - 1) as f64 * part).round() as usize]
}
