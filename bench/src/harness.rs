//! Rows and rounds: the timed work, and how it is timed.

use std::hint::black_box;

use quanta::Clock;

/// The number of places at which the loop around the work is compiled, see `Loop::LOOPS`. A run of a few cycles takes
/// one or two more if its loop crosses a cache line, which has nothing to do with the work, so each contender is shown
/// at its best place.
const PLACES: usize = 4;

/// A timed contender: does its work `runs` times, and returns a value that depends on all of it.
pub trait Work {
    /// Does the work in the loop at one of [`PLACES`].
    fn run_at(&mut self, place: usize, runs: u64);

    /// Does the work.
    fn run(&mut self, runs: u64) {
        self.run_at(0, runs);
    }

    /// Returns the value computed so far.
    fn value(&mut self) -> u64;
}

/// Makes work from a state, a loop over it, and the value that it computes.
pub fn work<T, R, V>(state: T, run: R, value: V) -> Box<dyn Work>
where
    T: 'static,
    R: FnMut(&mut T, u64) + 'static,
    V: FnMut(&mut T) -> u64 + 'static,
{
    struct Loop<T, R, V>(T, R, V);

    impl<T, R: FnMut(&mut T, u64), V> Loop<T, R, V> {
        const LOOPS: [fn(&mut Self, u64); PLACES] =
            [Self::placed::<0>, Self::placed::<1>, Self::placed::<2>, Self::placed::<3>];

        /// A copy of the loop, about 16 bytes further for each `PLACE`.
        #[inline(never)]
        fn placed<const PLACE: usize>(&mut self, runs: u64) {
            let further = || (black_box(0_u64), black_box(0_u64));
            if PLACE > 0 {
                further();
            }
            if PLACE > 1 {
                further();
            }
            if PLACE > 2 {
                further();
            }
            (self.1)(&mut self.0, runs);
        }
    }

    impl<T, R: FnMut(&mut T, u64), V: FnMut(&mut T) -> u64> Work for Loop<T, R, V> {
        fn run_at(&mut self, place: usize, runs: u64) {
            Self::LOOPS[place](self, runs);
        }

        fn value(&mut self) -> u64 {
            (self.2)(&mut self.0)
        }
    }

    Box::new(Loop(state, run, value))
}

/// A contender that does the work of a row.
pub struct Contender {
    pub name: &'static str,
    /// Starts with a fresh state.
    pub start: Box<dyn Fn() -> Box<dyn Work>>,
}

/// The same work done by several contenders.
pub struct Row {
    /// The group of the row, such as "handlers".
    pub group: &'static str,
    pub name: String,
    /// The number of runs in one measurement.
    pub runs: u64,
    /// The number of units in one run, such as the items of a batch. Times are per unit.
    pub units: u64,
    /// Whether single calls are measured too.
    pub calls: bool,
    /// Whether the caches are emptied before each timing.
    pub cold: bool,
    pub contenders: Vec<Contender>,
    pub budgets: Vec<Budget>,
}

/// The limit of our time, as a ratio to another contender's in the same round, or as a difference in cycles.
#[derive(Clone, Copy)]
pub struct Budget {
    pub against: &'static str,
    pub at_most: f64,
    /// In the unit of the row. It applies if the other contender takes less than [`FEW`](Self::FEW).
    pub or_more: f64,
}

impl Budget {
    /// The time below which a ratio means little.
    pub const FEW: f64 = 5.0;
}

/// The times of one contender, one per round, in the unit of the table.
#[derive(Clone)]
pub struct Timed {
    pub contender: &'static str,
    pub rounds: Vec<f64>,
    /// p50, p99 and p99.9 of a call, if measured.
    pub calls: Option<[f64; 3]>,
}

impl Timed {
    pub fn new(contender: &'static str, rounds: Vec<f64>) -> Self {
        Self { contender, rounds, calls: None }
    }
}

/// The times of all contenders of a row.
pub struct Measured {
    pub group: String,
    pub row: String,
    pub timed: Vec<Timed>,
    pub budgets: Vec<Budget>,
}

/// One sample is the mean of this many calls, since the clock itself takes tens of cycles.
const CALLS: u64 = 64;

/// The number of samples for each contender.
const SAMPLES: usize = 3_000;

impl Row {
    /// Panics unless all contenders compute the same.
    pub fn check(&self) {
        let values: Vec<(&str, u64)> = self
            .contenders
            .iter()
            .map(|contender| {
                let mut work = (contender.start)();
                work.run(1_000.min(self.runs));
                (contender.name, work.value())
            })
            .collect();
        assert!(values.iter().all(|value| value.1 == values[0].1), "{}: {values:?}", self.name);
        assert!(values.len() < 2 || values[0].1 != 0, "{}: a value of nothing shows nothing", self.name);
    }

    /// Times the contenders in cycles of the processor's time stamp counter. They take turns, so that a slow machine
    /// affects them equally. Their values are compared at the end.
    pub fn time(&self, rounds: usize) -> Measured {
        let clock = Clock::new();
        // If all memory is cold, the place of the loop does not matter.
        let places = if self.cold { 1 } else { PLACES };
        // By place, then by contender: each place has its own state.
        let start = |_| self.contenders.iter().map(|contender| (contender.start)()).collect::<Vec<_>>();
        let mut running: Vec<_> = (0..places).map(start).collect();
        let mut timed = vec![vec![Vec::with_capacity(rounds); self.contenders.len()]; places];
        let mut junk = if self.cold { vec![1_u8; 48 << 20] } else { Vec::new() };
        let per = (self.runs * self.units) as f64;
        // The first rounds warm up caches and predictors and are not counted.
        const WARM_UP: usize = 5;
        for round in 0..rounds + WARM_UP {
            for (place, (running, timed)) in running.iter_mut().zip(&mut timed).enumerate() {
                // The order changes in each round, since each contender affects the next one.
                for turn in 0..running.len() {
                    let who = (turn + round) % running.len();
                    junk.iter_mut().step_by(64).for_each(|byte| *byte = byte.wrapping_add(1));
                    let start = clock.raw();
                    running[who].run_at(place, self.runs);
                    let cycles = clock.raw() - start;
                    if round >= WARM_UP {
                        timed[who].push(cycles as f64 / per);
                    }
                }
            }
        }
        let median = |who: usize, place: usize| quantile(&timed[place][who], 0.5);
        let best =
            |who| (0..places).min_by(|a, b| median(who, *a).total_cmp(&median(who, *b))).expect("there is a place");
        let best: Vec<_> = (0..self.contenders.len()).map(best).collect();
        let at_best = |(who, it): (usize, &Contender)| Timed::new(it.name, timed[best[who]][who].clone());
        let mut timed: Vec<_> = self.contenders.iter().enumerate().map(at_best).collect();
        for running in &mut running {
            let values: Vec<_> = running.iter_mut().map(|work| work.value()).collect();
            assert!(values.iter().all(|value| *value == values[0]), "{}: {values:?}", self.name);
        }
        if self.calls {
            self.time_calls(&clock, &mut running, &best, &mut timed);
        }
        Measured { group: self.group.into(), row: self.name.clone(), timed, budgets: self.budgets.clone() }
    }

    /// Measures the distribution of single calls, as means of a few in a row.
    fn time_calls(&self, clock: &Clock, running: &mut [Vec<Box<dyn Work>>], best: &[usize], timed: &mut [Timed]) {
        let mut samples = vec![Vec::with_capacity(SAMPLES); best.len()];
        for _ in 0..SAMPLES / 100 {
            for (who, samples) in samples.iter_mut().enumerate() {
                let (place, work) = (best[who], &mut running[best[who]][who]);
                work.run_at(place, CALLS);
                for _ in 0..100 {
                    let start = clock.raw();
                    work.run_at(place, CALLS);
                    samples.push((clock.raw() - start) as f64 / (CALLS * self.units) as f64);
                }
            }
        }
        for (timed, samples) in timed.iter_mut().zip(&samples) {
            timed.calls = Some([0.5, 0.99, 0.999].map(|part| quantile(samples, part)));
        }
    }
}

pub fn quantile(values: &[f64], part: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[((sorted.len() - 1) as f64 * part).round() as usize]
}
