//! `--count`: runs rows for a counter of instructions, such as valgrind's, between calls of [`count_mark`].
//!
//! What is between the first and the second mark of a contender does its work [`FEW`] times, what is between the second
//! and the third [`MANY`] times. So the difference is what the work itself takes, to the instruction.

use std::hint::black_box;

use bench::harness::Row;

const FEW: u64 = 100;
const MANY: u64 = 1_100;

/// Whose instructions are counted.
const COUNTED: [&str; 2] = ["ours", "by hand"];

/// Where a dump is asked for: `valgrind --tool=callgrind --dump-before=*count_mark*`.
#[inline(never)]
fn count_mark(place: u64) -> u64 {
    black_box(place)
}

/// Whether the instructions of a row are of interest: dispatch, without what copies memory, unwinds or reads the
/// clock by code of the system.
fn counted(row: &Row) -> bool {
    let dispatch = ["handlers", "pipelines", "DAGs", "fan-outs and adapters", "drivers", "gauges"].contains(&row.group);
    let batch = row.units == 100 && !row.name.contains("buffer");
    let of_the_system = ["Owned", "Catch", "1 run in", "every run"].iter().any(|name| row.name.starts_with(name));
    let by_hand = row.contenders.iter().any(|contender| contender.name == COUNTED[1]);
    (dispatch || batch) && by_hand && !of_the_system
}

/// Runs the rows and prints for each contender, in order, `row`, `contender`, the runs that are counted, separated by
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
