//! `cargo xtask ci | tidy | api | sanitize | asm | prove`: the checks of this workspace, one file per check.

mod api;
mod asm;
mod ci;
mod prove;
mod tidy;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> ExitCode {
    let tasks: Vec<String> = std::env::args().skip(1).collect();
    let passed = match tasks.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["ci"] => ci::run(&root()),
        ["tidy"] => tidy::run(&root()),
        ["api"] => api::run(&root(), false),
        ["api", "write"] => api::run(&root(), true),
        ["sanitize"] => ci::sanitize(&root()),
        ["asm"] => asm::run(&root()),
        ["prove", ref names @ ..] => prove::run(&root(), names),
        _ => {
            eprintln!("usage: cargo xtask ci         everything that must pass before a change lands");
            eprintln!("       cargo xtask tidy       the layout rules alone: files, floors, unsafe, docs");
            eprintln!(
                "       cargo xtask api        what the libraries offer, against the listings; `api write` renews them"
            );
            eprintln!(
                "       cargo xtask sanitize   the library's tests under the address sanitizer (needs a nightly)"
            );
            eprintln!("       cargo xtask asm        what the compiler makes of a few chains, beside code by hand");
            eprintln!(
                "       cargo xtask prove [NAME..]   what takes minutes and hours: `cargo xtask prove list` tells"
            );
            false
        }
    };
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The workspace: the folder above this crate's.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace").to_owned()
}
