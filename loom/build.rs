//! Takes the sources of the library under loom: the same text, with loom's atomics in place of the standard ones.
//!
//! `MUTANT=doorbell:1` leaves out the first fence of the doorbell, and so on: the models must fail then.

use std::path::{Path, PathBuf};
use std::{env, fs};

const SOURCES: [(&str, &str); 2] =
    [("doorbell", "../crates/nexus-rt/src/doorbell.rs"), ("channel", "../crates/nexus-rt/src/driver/inbox/channel.rs")];

/// What stands for what.
const IMPORTS: [(&str, &str); 4] = [
    (
        "use std::sync::{Arc, Condvar, Mutex, PoisonError};",
        "use loom::sync::{Arc, Condvar, Mutex};\nuse std::sync::PoisonError;",
    ),
    ("use std::sync::Arc;", "use loom::sync::Arc;"),
    ("use std::sync::atomic::", "use loom::sync::atomic::"),
    ("use crossbeam_queue::ArrayQueue;", "use crate::queue::ArrayQueue;"),
];

const FENCE: &str = "fence(Ordering::SeqCst);";

fn main() {
    println!("cargo:rerun-if-env-changed=MUTANT");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    let mutant = env::var("MUTANT").unwrap_or_default();
    let mutant = mutant.split_once(':').map(|(name, place)| (name, place.parse::<usize>().expect("a number")));
    for (name, path) in SOURCES {
        println!("cargo:rerun-if-changed={path}");
        let text = fs::read_to_string(Path::new(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        // The file is included as a module, which inner comments cannot begin.
        let text: String =
            text.lines().filter(|line| !line.starts_with("//!")).map(|line| format!("{line}\n")).collect();
        let mut text = IMPORTS.iter().fold(text, |text, (from, to)| text.replace(from, to));
        assert!(
            !text.contains("std::sync::atomic") && text.contains("loom::sync"),
            "{path}: an import that is not known"
        );
        if let Some((_, place)) = mutant.filter(|(mutated, _)| *mutated == name) {
            let (at, _) =
                text.match_indices(FENCE).nth(place - 1).unwrap_or_else(|| panic!("{path}: no fence {place}"));
            text.replace_range(at..at + FENCE.len(), "");
        }
        fs::write(out.join(format!("{name}.rs")), text).expect("the folder is ours");
    }
}
