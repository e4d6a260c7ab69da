//! Each excerpt is in the program of its step, and the excerpts of a step show all that is new in it.

use std::collections::BTreeSet;

use crate::page::{STEPS, blocks, program};

/// What stands in an excerpt for lines that are left out.
const CUT: &str = "// ..";

/// The lines of a text without their margins, and without empty ones.
fn lines(text: &str) -> Vec<&str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect()
}

/// Whether the parts of an excerpt between its cuts are in a program, each whole, in their order.
fn is_excerpt(program: &[&str], excerpt: &[&str]) -> bool {
    let mut rest = program;
    excerpt.split(|line| *line == CUT).filter(|part| !part.is_empty()).all(|part| {
        match rest.windows(part.len()).position(|window| window == part) {
            Some(at) => {
                rest = &rest[at + part.len()..];
                true
            }
            None => false,
        }
    })
}

#[test]
fn each_excerpt_is_in_its_program() {
    for step in 1..=STEPS {
        let program = program(step);
        for block in blocks(step).iter().filter(|block| block.language == "rs") {
            let found = is_excerpt(&lines(&program), &lines(&block.text));
            assert!(found, "step_{step} has no such lines:\n{}", block.text);
        }
    }
}

#[test]
fn whatever_is_new_in_a_step_is_shown() {
    for step in 1..=STEPS {
        let (program, blocks) = (program(step), blocks(step));
        let before = if step > 1 { self::program(step - 1) } else { String::new() };
        let known: BTreeSet<_> = lines(&before).into_iter().collect();
        let shown: BTreeSet<_> = blocks.iter().flat_map(|block| lines(&block.text)).collect();
        for line in lines(&program).into_iter().filter(|line| !line.starts_with("//!")) {
            assert!(known.contains(line) || shown.contains(line), "step {step} does not show `{line}`");
        }
    }
}

#[test]
fn a_wrong_line_is_noticed() {
    let program = ["a", "b", "c", "d"];
    assert!(is_excerpt(&program, &["a", CUT, "c", "d"]) && is_excerpt(&program, &["b", "c"]));
    assert!(!is_excerpt(&program, &["a", "c"]) && !is_excerpt(&program, &["c", CUT, "a"]));
}

#[test]
fn the_finished_program_has_as_many_lines_as_the_page_says() {
    let program = program(STEPS);
    let (code, _) = program.split_once("#[cfg(test)]").expect("it has tests");
    let count = lines(code).into_iter().filter(|line| !line.starts_with("//")).count();
    assert_eq!(count, 245, "the tutorial opens with this number");
}
