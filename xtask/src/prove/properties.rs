//! Every property test, with a million cases, or with fewer if a million would take hours.

use super::command::{Run, passed_tests};
use super::{Outcome, Room};

const MILLION: u32 = 1_000_000;

/// For a property whose cases write to sockets.
const FEWER: u32 = 100_000;

/// A package, where it has the test, the test, and how many cases it draws.
type Property = (&'static str, &'static str, &'static str, u32);

const PROPERTIES: &[Property] = &[
    ("nexus-timer", "--test it", "the_wheel_does_what_the_model_does", MILLION),
    ("nexus-timer", "--test it", "the_next_deadline_is_exact_in_crowded_ticks", MILLION),
    ("nexus-rt", "--test it", "random_chains_do_what_plain_rust_does", MILLION),
    ("nexus-rt", "--test it", "a_batch_a_loop_and_a_slice_do_the_same", MILLION),
    ("nexus-rt", "--test it", "by_reference_is_by_value", MILLION),
    ("nexus-rt", "--test it", "a_dag_does_what_plain_code_does", MILLION),
    ("nexus-rt", "--test it", "any_graph_runs_as_its_edges_say", MILLION),
    ("nexus-rt", "--test it", "random_programs_touch_only_their_own_worlds", MILLION),
    ("nexus-rt", "--test it", "exactly_those_run_that_a_model_says_in_its_order", MILLION),
    ("nexus-rt", "--test it", "a_historical_clock_shows_what_it_is_set_to", MILLION),
    ("nexus-rt", "--lib", "bytes_arrive_as_they_were_written", FEWER),
    ("nexus-rt", "--lib", "only_paths_and_elided_lifetimes_go", MILLION),
    ("nexus-rt", "--lib", "a_path_is_found_before_any_name", MILLION),
    ("nexus-rt", "--lib", "any_text_is_a_name", MILLION),
    ("nexus-gauge", "--lib", "a_bucket_is_less_than_seven_percent_wide", MILLION),
    ("nexus-gauge", "--test it", "counts_are_exact_however_they_are_put_together", MILLION),
    ("nexus-journal", "--test it", "what_was_acknowledged_is_there_and_nothing_is_half_done", MILLION),
];

pub(super) fn prove(room: &Room) -> Outcome {
    for (package, place, test, cases) in PROPERTIES {
        room.once(test, || {
            let line = format!("cargo test --release -p {package} --all-features {place} -- {test}");
            let log = room.path(&format!("{test}.log"));
            let cases = cases.to_string();
            let run = Run { folder: &room.root, line: &line, environment: &[("PROPTEST_CASES", &cases)], log: &log };
            match passed_tests(&run.run()?) {
                1 => Ok(format!("{cases} cases")),
                _ => Err(format!("there is no property `{test}`, see {}", log.display())),
            }
        })?;
    }
    let of = |wanted: u32| PROPERTIES.iter().filter(|(.., cases)| *cases == wanted).count();
    Ok(format!("{} properties with {MILLION} cases each, {} with {FEWER}", of(MILLION), of(FEWER)))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// The names of the functions within `proptest!` below a folder.
    fn properties_below(folder: &Path, names: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).expect("a folder of sources") {
            let path = entry.expect("a readable folder").path();
            if path.is_dir() {
                properties_below(&path, names);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let text = std::fs::read_to_string(&path).expect("a readable file");
                for block in text.split("proptest! {\n").skip(1) {
                    // What is indented less than the functions comes after the block.
                    let indent = block.len() - block.trim_start().len();
                    let inside = block
                        .lines()
                        .take_while(|line| line.is_empty() || line.len() - line.trim_start().len() >= indent);
                    names.extend(
                        inside
                            .filter_map(|line| line.trim_start().strip_prefix("fn ")?.split('(').next())
                            .map(str::to_owned),
                    );
                }
            }
        }
    }

    #[test]
    fn every_property_is_listed_once() {
        let mut found = Vec::new();
        properties_below(&crate::root().join("crates"), &mut found);
        let mut listed: Vec<_> = PROPERTIES.iter().map(|(_, _, test, _)| *test).collect();
        found.sort();
        listed.sort_unstable();
        assert_eq!(listed, found);
    }
}
