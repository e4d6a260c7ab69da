//! `cargo xtask asm`: compares the machine code of the probes in `bench/probes` with hand-written code.
//!
//! `cargo xtask asm NAME` prints the listings of a pair.

use std::path::Path;
use std::process::Command;

use crate::ci::{skip, target};

/// The instructions of a comparison of the world's identity: a load, a comparison with memory, and a branch.
const CHECK: usize = 3;

/// Pages that say how many pairs have exactly the check more than by hand, with the words around that number.
const PAGES: &[(&str, &str, &str)] = &[("README.md", "in ", "of "), ("PERFORMANCE.md", "In ", "of the ")];

/// Pairs `{name}_ours` and `{name}_by_hand`, each with the number of instructions that ours may have more on the path
/// that is always taken. If more than a comparison of the world's identity are allowed, a comment says why.
const PAIRS: &[(&str, usize)] = &[
    ("read_1", CHECK),
    ("read_4", CHECK),
    ("read_8", CHECK),
    ("write_1", CHECK),
    ("write_4", CHECK),
    // All pointers are fetched before the function runs, so a register is saved for the eighth.
    ("write_8", CHECK + 2),
    ("handler", CHECK),
    // The product is computed in a register of its own.
    ("callback", CHECK + 1),
    ("watch", CHECK),
    ("bare_3", CHECK),
    ("params_4", CHECK),
    ("option", CHECK),
    // The checking function returns a `Result` made by a select, before the chain starts, so each step tests it again.
    ("result", CHECK + 9),
    ("diamond", CHECK),
    ("fork_4", CHECK),
    ("nested", CHECK),
    ("fan_2", CHECK),
    ("fan_4", CHECK),
    ("dispatch", CHECK),
    ("cloned", CHECK),
    ("by_ref", CHECK),
    ("adapt", CHECK),
    // An entry has a key besides its handler.
    ("broadcast", CHECK + 7),
    ("stamped", CHECK),
];

/// The other probes: the probe that each is compared with, and the number of instructions that it may have more.
const OTHERS: &[(&str, &str, usize)] = &[
    // The loops over a slice and over the parts of a value are separate functions.
    ("run_each_with", "slice_by_hand", 16),
    ("run_parts", "slice_by_hand", 16),
    ("batch_by_chain", "slice_by_hand", 40),
    ("route_by_chain", "match_by_hand", 12),
    ("cases_by_chain", "match_by_hand", 3),
];

/// The probes whose loop must process several items at a time.
const VECTORISED: &[&str] = &["slice_by_hand", "run_each_with", "run_parts", "batch_by_chain"];

/// Parts of the names of functions that are called only on errors.
const COLD: &[&str] = &["foreign", "replaced", "panic", "unwrap_failed"];

/// Builds the probes, prints their instruction counts, and returns whether all are within their limits.
pub(crate) fn run(root: &Path, listed: Option<&str>) -> bool {
    if !cfg!(target_arch = "x86_64") {
        return skip("asm supports only x86-64, so machine code is not compared");
    }
    let Some(text) = assembly(root) else { return false };
    if let Some(name) = listed {
        for probe in [format!("{name}_ours"), format!("{name}_by_hand")] {
            println!("{probe}:");
            instructions(&text, &probe)
                .iter()
                .for_each(|(line, cold)| println!("{}{line}", if *cold { "~" } else { " " }));
        }
        return true;
    }
    println!("{:<16} {:>5} {:>8} {:>7}   without paths that only panic", "pair", "ours", "by hand", "more");
    let mut fine = true;
    let mut checked = 0;
    for (name, most) in PAIRS {
        let [ours, by_hand] = ["ours", "by_hand"].map(|who| hot(&text, &format!("{name}_{who}")));
        println!("{name:<16} {ours:>5} {by_hand:>8} {:>7}", ours as isize - by_hand as isize);
        fine &= held(name, ours, by_hand, *most);
        checked += usize::from(ours == by_hand + CHECK);
    }
    println!("{checked} of {} pairs have exactly the {CHECK} of the check of the world more", PAIRS.len());
    for (page, before, of) in PAGES {
        let text = std::fs::read_to_string(root.join(page)).unwrap_or_default();
        fine &= says(page, &text, &format!("{before}{checked} {of}{} pairs", PAIRS.len()));
    }
    for (name, to, most) in OTHERS {
        let (ours, by_hand) = (hot(&text, name), hot(&text, to));
        println!("{name:<16} {ours:>5} {by_hand:>8} {:>7}", ours as isize - by_hand as isize);
        fine &= held(name, ours, by_hand, *most);
    }
    for probe in VECTORISED {
        if packed(&text, probe) == 0 {
            println!("xtask: {probe} is not vectorised");
            fine = false;
        }
    }
    fine
}

/// Whether a page has these words, in one line or two.
fn says(page: &str, text: &str, words: &str) -> bool {
    let says = text.split_whitespace().collect::<Vec<_>>().join(" ").contains(words);
    if !says {
        println!("xtask: {page} does not say `{words}`");
    }
    says
}

fn held(name: &str, ours: usize, by_hand: usize, most: usize) -> bool {
    let fine = ours > 0 && by_hand > 0 && ours <= by_hand + most;
    if !fine {
        println!(
            "xtask: {name}: {ours} instructions, more than {most} above {by_hand} by hand: see `cargo xtask asm {name}`"
        );
    }
    fine
}

/// Builds the probes and reads their assembly.
fn assembly(root: &Path) -> Option<String> {
    let bench = root.join("bench");
    let status = Command::new("cargo")
        .args(["rustc", "--quiet", "--release", "-p", "probes", "--"])
        .args(["--emit", "asm", "-C", "lto=off", "-C", "codegen-units=1"])
        .current_dir(&bench)
        .status();
    if !status.is_ok_and(|status| status.success()) {
        return None;
    }
    let listing = std::fs::read_dir(target(&bench).join("release/deps")).expect("cargo made it");
    let mut files: Vec<_> = listing.map(|entry| entry.expect("a readable folder").path()).collect();
    let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    files.retain(|path| name(path).starts_with("probes-") && name(path).ends_with(".s"));
    files.sort_by_key(|path| std::fs::metadata(path).and_then(|data| data.modified()).ok());
    Some(std::fs::read_to_string(files.last().expect("an assembly file")).expect("a readable file"))
}

/// Returns the instructions of the function whose name contains `probe`, each with whether it only leads to a panic.
fn instructions<'a>(assembly: &'a str, probe: &str) -> Vec<(&'a str, bool)> {
    let body = assembly
        .lines()
        .skip_while(|line| !(line.starts_with('_') && line.contains(probe) && line.ends_with(':')))
        .skip(1)
        .take_while(|line| !line.trim_start().starts_with(".cfi_endproc"));
    let mut found: Vec<(&str, bool)> = Vec::new();
    let mut block = 0;
    for line in body {
        let label = !line.starts_with('\t') && line.ends_with(':');
        let instruction = line.strip_prefix('\t').filter(|line| !line.starts_with('.') && !line.starts_with('#'));
        if label {
            block = found.len();
        }
        if let Some(line) = instruction {
            found.push((line, false));
            if line.starts_with("call") && COLD.iter().any(|name| line.contains(name)) {
                found[block..].iter_mut().for_each(|(_, cold)| *cold = true);
            }
            if ["j", "ret", "ud2"].iter().any(|end| line.starts_with(end)) {
                block = found.len();
            }
        }
    }
    // Code after a call that does not return leads nowhere else.
    let traps = found.iter().map(|(line, _)| line.starts_with("ud2")).collect::<Vec<_>>();
    found.iter_mut().zip(traps).for_each(|((_, cold), trap)| *cold |= trap);
    found
}

fn hot(assembly: &str, probe: &str) -> usize {
    instructions(assembly, probe).iter().filter(|(_, cold)| !cold).count()
}

/// Returns the number of vector instructions of a probe.
fn packed(assembly: &str, probe: &str) -> usize {
    let packed = ["padd", "pmul", "pmin", "vpadd", "vpmul", "vpmin"];
    let found = instructions(assembly, probe);
    found.iter().filter(|(line, _)| packed.iter().any(|name| line.starts_with(name))).count()
}

#[cfg(test)]
mod tests {
    use super::{hot, instructions, packed, says};

    #[test]
    fn a_page_says_how_many_pairs_have_the_check_alone() {
        assert!(says("a.md", "a check, in 19\nof 24 pairs |", "in 19 of 24 pairs"));
        assert!(!says("a.md", "a check, in 19 of 24 pairs |", "in 20 of 24 pairs"));
    }

    #[test]
    fn instructions_of_one_function_are_counted_without_those_that_panic() {
        let assembly = "_ZN3foo5probeE:\n\t.cfi_startproc\n\tmov\n\tjne\t.L1\n\tpaddd\n\tret\n.L1:\n\tlea\n\t\
                        callq\t_ZN7foreignE\n\tud2\n\t.cfi_endproc\n_ZN3bar:\n\tnop\n";
        assert_eq!((hot(assembly, "probe"), packed(assembly, "probe")), (4, 1));
        assert_eq!(instructions(assembly, "probe").len(), 7);
        assert_eq!(hot(assembly, "missing"), 0);
    }
}
