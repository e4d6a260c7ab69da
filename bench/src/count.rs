//! `--count`: runs rows under an instruction counter, such as valgrind's, between calls of [`count_mark`].
//!
//! Between the first and the second mark, a contender does its work [`FEW`] times, and between the second and the third
//! [`MANY`] times. The difference is the exact number of instructions of the work itself.

use std::hint::black_box;

use bench::harness::Row;

const FEW: u64 = 100;
const MANY: u64 = 1_100;

/// The contenders whose instructions are counted.
const COUNTED: [&str; 2] = ["ours", "by hand"];

/// Marks where a dump is made: `valgrind --tool=callgrind --dump-before=*count_mark*`.
#[inline(never)]
fn count_mark(place: u64) -> u64 {
    black_box(place)
}

/// Returns whether a row is counted: dispatch, except rows that copy memory, unwind or read the clock in system code.
fn counted(row: &Row) -> bool {
    let dispatch = ["handlers", "pipelines", "DAGs", "fan-outs and adapters", "drivers", "gauges"].contains(&row.group);
    let batch = row.units == 100 && !row.name.contains("buffer");
    let of_the_system = ["Owned", "Catch", "1 run in", "every run"].iter().any(|name| row.name.starts_with(name));
    let by_hand = row.contenders.iter().any(|contender| contender.name == COUNTED[1]);
    (dispatch || batch) && by_hand && !of_the_system
}

/// Runs the rows. For each contender, in order, prints `row`, `contender` and the number of counted runs, separated by
/// tabs.
pub(crate) fn run(rows: &[Row]) {
    for row in rows.iter().filter(|row| counted(row)) {
        for contender in row.contenders.iter().filter(|contender| COUNTED.contains(&contender.name)) {
            let mut work = (contender.start)();
            work.run(FEW);
            count_mark(0);
            work.run(FEW);
            count_mark(1);
            work.run(MANY);
            count_mark(2);
            black_box(work.value());
            println!("{}: {}\t{}\t{}", row.group, row.name, contender.name, MANY - FEW);
        }
    }
}
