//! Every property test with a million cases.

use super::command::{Run, passed_tests};
use super::{Outcome, Room};

const CASES: &str = "1000000";

/// A package, its test binary, and the tests in it that draw cases.
const PROPERTIES: &[(&str, &str, &str)] = &[
    ("nexus-timer", "it", "the_wheel_does_what_the_model_does"),
    ("nexus-rt", "it", "random_chains_do_what_plain_rust_does"),
    ("nexus-rt", "it", "a_batch_a_loop_and_a_slice_do_the_same"),
    ("nexus-rt", "it", "by_reference_is_by_value"),
    ("nexus-rt", "it", "a_dag_does_what_plain_code_does"),
    ("nexus-rt", "it", "any_graph_runs_as_its_edges_say"),
    ("nexus-rt", "it", "random_programs_touch_only_their_own_worlds"),
];

pub(super) fn prove(room: &Room) -> Outcome {
    for (package, binary, test) in PROPERTIES {
        room.once(test, || {
            let line = format!("cargo test --release -p {package} --all-features --test {binary} -- {test}");
            let log = room.path(&format!("{test}.log"));
            let run = Run { folder: &room.root, line: &line, environment: &[("PROPTEST_CASES", CASES)], log: &log };
            match passed_tests(&run.run()?) {
                1 => Ok(format!("{CASES} cases")),
                _ => Err(format!("there is no property `{test}`, see {}", log.display())),
            }
        })?;
    }
    Ok(format!("{} properties, {CASES} cases each", PROPERTIES.len()))
}
