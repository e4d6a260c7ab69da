//! `cargo xtask ci | tidy | api | book | sanitize | loom | asm | instructions | prove`: the checks of this workspace, a
//! file each.

mod api;
mod asm;
mod book;
mod ci;
mod instructions;
mod loom;
mod prove;
mod sanitize;
mod tidy;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask ci                     everything that must pass before a change lands
       cargo xtask tidy                   the layout rules alone: files, floors, unsafe code, docs
       cargo xtask api [write]            what the libraries offer, against the listings; `write` renews them
       cargo xtask api since REVISION     whether what changed since then breaks code written against it
       cargo xtask book                   the guide as a book, whose pages and pictures are all there (needs mdbook, npm,
                                          chromium)
       cargo xtask sanitize               the library's tests under the address sanitizer (needs a nightly)
       cargo xtask loom                   every interleaving of the doorbell and the inbox, and its mutants
       cargo xtask asm [PAIR]             what the compiler makes of dispatch, beside code by hand; of one pair, the listings
       cargo xtask instructions [bless]   how many instructions a dispatch takes (needs valgrind); `bless` accepts them
       cargo xtask prove [NAME..]         what takes minutes and hours; `list` tells what there is";

fn main() -> ExitCode {
    let tasks: Vec<String> = std::env::args().skip(1).collect();
    let passed = match tasks.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["ci"] => ci::run(&root()),
        ["tidy"] => tidy::run(&root()),
        ["api"] => api::run(&root(), false),
        ["api", "write"] => api::run(&root(), true),
        ["api", "since", revision] => api::since(&root(), revision),
        ["book"] => book::run(&root()),
        ["sanitize"] => sanitize::run(&root()),
        ["loom"] => loom::run(&root(), loom::FEW),
        ["asm"] => asm::run(&root(), None),
        ["asm", pair] => asm::run(&root(), Some(pair)),
        ["instructions"] => instructions::run(&root(), false),
        ["instructions", "bless"] => instructions::run(&root(), true),
        ["prove", ref names @ ..] => prove::run(&root(), names),
        _ => {
            eprintln!("{USAGE}");
            false
        }
    };
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The workspace: the folder above this crate's.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace").to_owned()
}
