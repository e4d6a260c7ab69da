//! `cargo xtask asm`: what the compiler makes of the probes in `bench/src/bin/probes.rs`, ours beside code by hand.

use std::path::Path;
use std::process::Command;

/// A probe, the one by hand that it is held to if there is one, and how many instructions it may have more.
const PROBES: &[(&str, Option<&str>, usize)] = &[
    ("slice_by_hand", None, 0),
    ("slice_by_chain", Some("slice_by_hand"), 16),
    ("batch_by_chain", Some("slice_by_hand"), 40),
    ("match_by_hand", None, 0),
    ("route_by_chain", Some("match_by_hand"), 12),
    ("event_by_chain", None, 0),
];

/// The probes whose loop must work on several items at a time.
const VECTORISED: &[&str] = &["slice_by_hand", "slice_by_chain", "batch_by_chain"];

/// The most that an event through three steps may take, check of the world and return included, without the cold path.
const EVENT_MOST: usize = 24;

/// Builds the probes, prints what is in them, and says whether they are as they should be.
pub(crate) fn run(root: &Path) -> bool {
    if !cfg!(target_arch = "x86_64") {
        println!("xtask: asm knows x86-64 only, so it is SKIPPED");
        return true;
    }
    let bench = root.join("bench");
    let folder = bench.join("target/asm");
    let status = Command::new("cargo")
        .args(["rustc", "--quiet", "--release", "--bin", "probes", "--target-dir"])
        .arg(&folder)
        .args(["--", "--emit", "asm", "-C", "lto=off", "-C", "codegen-units=1"])
        .current_dir(&bench)
        .status();
    if !status.is_ok_and(|status| status.success()) {
        return false;
    }
    let listing = std::fs::read_dir(folder.join("release/deps")).expect("cargo made it");
    let mut files: Vec<_> = listing.map(|entry| entry.expect("a readable folder").path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "s"));
    files.sort_by_key(|path| std::fs::metadata(path).and_then(|data| data.modified()).ok());
    let text = std::fs::read_to_string(files.last().expect("an assembly file")).expect("a readable file");

    println!("{:<18} {:>12} {:>8}", "probe", "instructions", "packed");
    let mut fine = true;
    for (probe, by_hand, more) in PROBES {
        let (count, packed) = measure(&text, probe);
        println!("{probe:<18} {count:>12} {packed:>8}");
        let most = by_hand.map_or(usize::MAX, |hand| measure(&text, hand).0 + more);
        let most = if *probe == "event_by_chain" { EVENT_MOST } else { most };
        if count == 0 || count > most || (VECTORISED.contains(probe) && packed == 0) {
            println!("xtask: {probe} is not as it should be (at most {most} instructions)");
            fine = false;
        }
    }
    fine
}

/// The instructions of the function whose name contains `probe`, and how many of them work on several values.
fn measure(assembly: &str, probe: &str) -> (usize, usize) {
    let body = assembly
        .lines()
        .skip_while(|line| !(line.starts_with('_') && line.contains(probe) && line.ends_with(':')))
        .take_while(|line| !line.trim_start().starts_with(".cfi_endproc"));
    let instructions: Vec<&str> = body
        .filter_map(|line| line.strip_prefix('\t'))
        .filter(|line| !line.starts_with('.') && !line.starts_with('#'))
        .collect();
    let packed = ["padd", "pmul", "pmin", "vpadd", "vpmul", "vpmin"];
    let count = instructions.iter().filter(|line| packed.iter().any(|name| line.starts_with(name))).count();
    (instructions.len(), count)
}

#[cfg(test)]
mod tests {
    use super::measure;

    #[test]
    fn instructions_of_one_function_are_counted() {
        let assembly =
            "_ZN3foo5probeE:\n\t.cfi_startproc\n\tmov\n\tpaddd\n.L1:\n\tret\n\t.cfi_endproc\n_ZN3bar:\n\tnop\n";
        assert_eq!(measure(assembly, "probe"), (3, 1));
        assert_eq!(measure(assembly, "missing"), (0, 0));
    }
}
