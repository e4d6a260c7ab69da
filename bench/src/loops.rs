//! The loops around the timed code: one event after another, each behind a call that is not inlined.

use std::hint::black_box;

use bench::harness::{Work, work};

/// The number of places for the results of handlers that only read.
const SLOTS: usize = 1024;

/// Runs for the numbers 0, 1, 2 ... Runs depend on each other only through what they write.
pub(crate) fn numbers<S, F, V>(state: S, mut f: F, mut value: V) -> Box<dyn Work>
where
    S: 'static,
    F: FnMut(&mut S, u64) + 'static,
    V: FnMut(&mut S) -> u64 + 'static,
{
    work(
        (state, 0_u64),
        move |(state, next), runs| {
            (*next..*next + runs).for_each(|x| f(state, x));
            *next += runs;
        },
        move |(state, _)| value(state),
    )
}

/// Runs for places in memory, each of which receives the result of its run. Runs are independent.
pub(crate) fn slots<S, F>(state: S, mut f: F) -> Box<dyn Work>
where
    S: 'static,
    F: FnMut(&mut S, &mut u64) + 'static,
{
    work(
        (state, vec![1_u64; SLOTS]),
        move |(state, slots), runs| (0..runs as usize).for_each(|n| f(state, &mut slots[n % SLOTS])),
        |(_, slots)| slots.iter().fold(0, |sum, slot| sum.wrapping_mul(31).wrapping_add(*slot)),
    )
}

/// Runs for numbers and adds up the results, so the processor can overlap runs.
pub(crate) fn throughput<S, F, V>(state: S, mut f: F, mut value: V) -> Box<dyn Work>
where
    S: 'static,
    F: FnMut(&mut S, u64) -> u64 + 'static,
    V: FnMut(&mut S) -> u64 + 'static,
{
    let sum_up = move |(state, next, sum): &mut (S, u64, u64), runs: u64| {
        for x in *next..*next + runs {
            *sum = sum.wrapping_add(f(state, x));
        }
        *next += runs;
    };
    work((state, 0, 0), sum_up, move |(state, _, sum)| sum.wrapping_add(value(state)))
}

/// Runs for the result of the previous run, so runs cannot overlap.
pub(crate) fn latency<S, F, V>(state: S, mut f: F, mut value: V) -> Box<dyn Work>
where
    S: 'static,
    F: FnMut(&mut S, u64) -> u64 + 'static,
    V: FnMut(&mut S) -> u64 + 'static,
{
    let chase = move |(state, last): &mut (S, u64), runs: u64| {
        *last = (0..runs).fold(*last, |last, _| f(state, last.wrapping_add(1)));
    };
    work((state, 0), chase, move |(state, last)| last.wrapping_add(value(state)))
}

/// Makes a handler repeatedly, and runs the last one to check it.
pub(crate) fn making<S, T, M, U, V>(state: S, make: M, mut run: U, mut value: V) -> Box<dyn Work>
where
    S: 'static,
    M: Fn(&S) -> T + 'static,
    U: FnMut(&mut S, T) + 'static,
    V: FnMut(&mut S) -> u64 + 'static,
{
    work(
        state,
        move |state, runs| {
            for _ in 1..runs {
                black_box(&make(black_box(&*state)));
            }
            let last = make(state);
            run(state, last);
        },
        move |state| value(state),
    )
}
