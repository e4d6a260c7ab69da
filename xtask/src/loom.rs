//! `cargo xtask loom`: tries every interleaving of the doorbell and the inbox, up to a number of preemptions, and
//! checks that the models fail if a fence is missing.

use std::path::Path;
use std::process::Command;

use crate::ci::cargo;

/// The fences. Without any one of them, a model must fail.
const MUTANTS: [&str; 5] = ["doorbell:1", "doorbell:2", "channel:1", "channel:2", "channel:3"];

/// The number of preemptions of a thread that are tried when time is short.
pub(crate) const FEW: &str = "2";

const LINE: &str = "cargo test --release --target-dir ../target/loom";

/// Returns whether the models hold, and fail without each fence.
pub(crate) fn run(root: &Path, preemptions: &str) -> bool {
    let folder = root.join("loom");
    let environment = [("LOOM_MAX_PREEMPTIONS", preemptions)];
    cargo(&folder, "cargo fmt --all --check", &[])
        && cargo(&folder, LINE, &environment)
        && MUTANTS.iter().all(|mutant| is_noticed(&folder, mutant, preemptions))
}

fn is_noticed(folder: &Path, mutant: &str, preemptions: &str) -> bool {
    let mut words = LINE.split(' ');
    let mut command = Command::new(words.next().expect("a command line starts with a program"));
    let command =
        command.args(words).current_dir(folder).env("MUTANT", mutant).env("LOOM_MAX_PREEMPTIONS", preemptions);
    let output = command.output().expect("cargo was just run");
    // A failure must not be a compile error. A deadlock may end the whole program.
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    let noticed = !output.status.success() && (text.contains("test result: FAILED") || text.contains("deadlock"));
    println!("xtask: without the fence {mutant} a model {}", if noticed { "fails, as it must" } else { "PASSES" });
    noticed
}
