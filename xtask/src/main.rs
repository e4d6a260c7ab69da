//! `cargo xtask`: the checks of this workspace, one file per check. Without arguments, it lists them.

mod api;
mod asm;
mod book;
mod ci;
mod instructions;
mod loom;
mod package;
mod prove;
mod sanitize;
mod tidy;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "\
The checks of this workspace. Start with `cargo xtask tidy` while you work, and run `cargo xtask ci` before you push.

usage: cargo xtask COMMAND

checks that must pass:
  ci                     everything below that a change must pass, quickest first (takes long)
  tidy                   the rules of the source: file layout, lengths, imports, unsafe code, docs (seconds)
  api                    the public API of the libraries, compared with crates/*/api.txt (needs a nightly)
  package                the packages of all crates to be published: they pack, and contain nothing unexpected
  book                   the guide as a book: every page and picture is there (needs mdbook, npm and chromium)
  sanitize               the library's tests under the address sanitizer (needs a nightly)
  loom                   every interleaving of the doorbell and the inbox, and that its models catch planted bugs
  asm                    the machine code of dispatch, compared with hand-written code
  instructions           the number of instructions of a dispatch, compared with the recorded ones (needs valgrind)

to accept or examine a change:
  api write              update the listings of the public API
  api since REVISION     report whether the changes since a revision break users (needs cargo-semver-checks)
  asm PAIR               print the machine code of one pair, such as `route_by_chain`
  instructions bless     record the current numbers of instructions

what takes minutes or hours:
  prove                  all proofs: fuzzing, soaks, mutants, sanitizers and more; resumes where it stopped
  prove NAME..           the named proofs
  prove list             list the proofs";

fn main() -> ExitCode {
    let tasks: Vec<String> = std::env::args().skip(1).collect();
    let passed = match tasks.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["ci"] => ci::run(&root()),
        ["tidy"] => tidy::run(&root()),
        ["api"] => api::run(&root(), false),
        ["api", "write"] => api::run(&root(), true),
        ["api", "since", revision] => api::since(&root(), revision),
        ["book"] => book::run(&root()),
        ["package"] => package::run(&root()),
        ["sanitize"] => sanitize::run(&root()),
        ["loom"] => loom::run(&root(), loom::FEW),
        ["asm"] => asm::run(&root(), None),
        ["asm", pair] => asm::run(&root(), Some(pair)),
        ["instructions"] => instructions::run(&root(), false),
        ["instructions", "bless"] => instructions::run(&root(), true),
        ["prove", ref names @ ..] => prove::run(&root(), names),
        [] | ["help" | "-h" | "--help"] => {
            println!("{USAGE}");
            true
        }
        ref unknown => {
            eprintln!("`{}` is not a command of xtask\n\n{USAGE}", unknown.join(" "));
            false
        }
    };
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Returns the root of the workspace: the folder above this crate.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace").to_owned()
}
