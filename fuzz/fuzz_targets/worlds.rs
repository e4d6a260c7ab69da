//! Programs over several worlds beside their model: handlers are made, run and moved, worlds are swapped, replaced and
//! dropped, four bytes for each step. The address sanitizer watches.
#![no_main]

#[path = "../../crates/nexus-rt/tests/it/program_model.rs"]
mod program_model;

use std::panic;

use libfuzzer_sys::fuzz_target;

use program_model::Program;

/// More steps say nothing new.
const MOST: usize = 300;

fuzz_target!(
    init: {
        // Refusals are panics, which are caught; what is not caught ends the run all the same.
        drop(panic::take_hook());
    },
    |bytes: &[u8]| {
        let mut program = Program::default();
        bytes.as_chunks().0.iter().take(MOST).for_each(|step| program.step(*step));
        program.finish();
    }
);
