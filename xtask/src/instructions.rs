//! `cargo xtask instructions`: counts the instructions of each dispatch with valgrind, ours and hand-written, and
//! compares them with `bench/instructions.txt`.
//!
//! Counts do not depend on how busy the machine is, so they can gate changes. `cargo xtask instructions bless` rewrites
//! the file.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::ci::{compiler, skip, target};

/// The factor by which a count may rise before the check fails.
const MOST: f64 = 1.02;

/// A row, with the number of instructions of one run.
#[derive(Clone, PartialEq, Debug)]
struct Row {
    name: String,
    ours: f64,
    by_hand: f64,
}

/// Counts and prints, then compares with the file, or writes it if `bless`.
pub(crate) fn run(root: &Path, bless: bool) -> bool {
    if !cfg!(target_arch = "x86_64") {
        return skip("instructions are compared on x86-64 only");
    }
    if !Command::new("valgrind").arg("--version").output().is_ok_and(|output| output.status.success()) {
        if std::env::var("CI").is_ok_and(|value| value == "true") {
            println!("xtask: NOT COUNTED: valgrind is missing");
            return false;
        }
        return skip("no valgrind, so instructions are not counted");
    }
    let Some(rows) = count(root) else { return false };
    let file = root.join("bench/instructions.txt");
    let compiler = compiler();
    if bless {
        std::fs::write(&file, written(&compiler, &rows)).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        println!("xtask: wrote {} rows to {}", rows.len(), file.display());
        return true;
    }
    let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    print(&rows);
    if !text.starts_with(&header(&compiler)) {
        return skip(&format!(
            "bench/instructions.txt is of another compiler than {compiler}, so instructions are not compared"
        ));
    }
    let old = read(&text);
    let mut messages = risen(&rows, &old);
    if !messages.is_empty() {
        // How far a wheel has to move entries depends a little on the time at which the bench starts.
        println!("xtask: {} are not as recorded, so all are counted again", messages.len());
        let Some(again) = count(root) else { return false };
        messages = risen(&lower(&rows, &again), &old);
    }
    messages.iter().for_each(|message| println!("xtask: {message}"));
    messages.is_empty()
}

/// Returns the lower count of each row.
fn lower(rows: &[Row], again: &[Row]) -> Vec<Row> {
    let lower = |(row, again): (&Row, &Row)| if again.ours < row.ours { again.clone() } else { row.clone() };
    rows.iter().zip(again).map(lower).collect()
}

/// Runs the bench under valgrind, and reads the dump at each mark.
fn count(root: &Path) -> Option<Vec<Row>> {
    let bench = root.join("bench");
    let build =
        Command::new("cargo").args(["build", "--quiet", "--release", "--bin", "bench"]).current_dir(&bench).status();
    if !build.is_ok_and(|status| status.success()) {
        return None;
    }
    let target = target(&bench);
    let dumps = target.join("instructions");
    let _ = std::fs::remove_dir_all(&dumps);
    std::fs::create_dir_all(&dumps).expect("the target folder can be written to");
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--dump-before=*count_mark*", "--quiet"])
        .arg(format!("--callgrind-out-file={}", dumps.join("dump").display()))
        .arg(target.join("release/bench"))
        .arg("--count")
        .output()
        .expect("valgrind is there");
    if !output.status.success() {
        println!("{}", String::from_utf8_lossy(&output.stderr));
        return None;
    }
    let counted = String::from_utf8(output.stdout).expect("the bench prints text");
    Some(rows(&counted, &totals(&dumps)))
}

/// Returns the number of instructions of each dump, in order.
fn totals(folder: &Path) -> Vec<u64> {
    let mut parts: Vec<(u32, PathBuf)> = std::fs::read_dir(folder)
        .expect("valgrind wrote there")
        .map(|entry| entry.expect("a readable folder").path())
        .filter_map(|path| Some((path.extension()?.to_str()?.parse().ok()?, path)))
        .collect();
    parts.sort();
    let total = |path: &Path| {
        let text = std::fs::read_to_string(path).expect("a readable dump");
        let line = text.lines().find_map(|line| line.strip_prefix("summary:").or(line.strip_prefix("totals:")));
        line.and_then(|count| count.trim().parse().ok()).expect("a dump has a total")
    };
    parts.iter().map(|(_, path)| total(path)).collect()
}

/// Combines names and counts. Each contender leaves three dumps: before its runs, after its few runs, and after its
/// many.
fn rows(counted: &str, totals: &[u64]) -> Vec<Row> {
    let contenders: Vec<Vec<&str>> = counted.lines().map(|line| line.split('\t').collect()).collect();
    assert!(!contenders.is_empty(), "the bench counted nothing");
    assert!(totals.len() >= 3 * contenders.len(), "{} dumps of {} contenders", totals.len(), contenders.len());
    let each = contenders.iter().zip(totals.chunks(3)).map(|(line, dumps)| {
        let [name, contender, runs] = line[..] else { panic!("not a line of the bench: {line:?}") };
        let runs: f64 = runs.parse().expect("a number of runs");
        (name, contender, dumps[2].saturating_sub(dumps[1]) as f64 / runs)
    });
    let each: Vec<_> = each.collect();
    let pairs = each.chunks(2).map(|pair| {
        let [(name, "ours", ours), (same, "by hand", by_hand)] = pair else { panic!("no pair: {pair:?}") };
        assert_eq!(name, same);
        Row { name: (*name).into(), ours: *ours, by_hand: *by_hand }
    });
    pairs.collect()
}

fn print(rows: &[Row]) {
    println!("{:<54} {:>8} {:>8} {:>7}", "instructions per run", "ours", "by hand", "more");
    for Row { name, ours, by_hand } in rows {
        println!("{name:<54} {ours:>8.1} {by_hand:>8.1} {:>7.1}", ours - by_hand);
    }
}

/// Returns a message for each row that takes more instructions than before, is not in the file, or is only there.
fn risen(rows: &[Row], file: &[Row]) -> Vec<String> {
    let message = |row: &Row| {
        let Some(old) = file.iter().find(|old| old.name == row.name) else {
            return Some(format!(
                "`{}` is not in bench/instructions.txt: add it with `cargo xtask instructions bless`",
                row.name
            ));
        };
        (row.ours > old.ours * MOST).then(|| {
            format!(
                "`{}` takes {:.1} instructions instead of {:.1} (by hand {:.1}): fix that, or accept it with \
                 `cargo xtask instructions bless`",
                row.name, row.ours, old.ours, row.by_hand
            )
        })
    };
    let gone = file.iter().filter(|old| rows.iter().all(|row| row.name != old.name)).map(|old| {
        format!(
            "`{}` of bench/instructions.txt is not counted: restore it, or remove it with `cargo xtask instructions \
             bless`",
            old.name
        )
    });
    rows.iter().filter_map(message).chain(gone).collect()
}

fn header(compiler: &str) -> String {
    format!("# Instructions per run by {compiler}: row, ours, by hand. Written by `cargo xtask instructions bless`.\n")
}

fn written(compiler: &str, rows: &[Row]) -> String {
    let mut text = header(compiler);
    rows.iter().for_each(|row| _ = writeln!(text, "{}\t{:.1}\t{:.1}", row.name, row.ours, row.by_hand));
    text
}

fn read(text: &str) -> Vec<Row> {
    let row = |line: &str| {
        let [name, ours, by_hand] = line.split('\t').collect::<Vec<_>>()[..] else { return None };
        Some(Row { name: name.into(), ours: ours.parse().ok()?, by_hand: by_hand.parse().ok()? })
    };
    text.lines().filter_map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_differences_of_dumps() {
        let counted = "a\tours\t10\na\tby hand\t10\n";
        let expected = Row { name: "a".into(), ours: 7.0, by_hand: 4.0 };
        assert_eq!(rows(counted, &[99, 20, 90, 99, 20, 60, 5]), [expected]);
    }

    #[test]
    #[should_panic(expected = "the bench counted nothing")]
    fn a_bench_that_counts_nothing_is_refused() {
        rows("", &[]);
    }

    #[test]
    fn a_row_that_is_no_longer_counted_is_named() {
        let row = |name: &str| Row { name: name.into(), ours: 1.0, by_hand: 1.0 };
        let gone = risen(&[row("a")], &[row("a"), row("b")]);
        assert!(gone.len() == 1 && gone[0].starts_with("`b` of bench/instructions.txt is not counted"), "{gone:?}");
    }

    #[test]
    fn a_row_that_is_counted_again_has_the_lower_count() {
        let row = |ours| Row { name: "a".into(), ours, by_hand: 90.0 };
        assert_eq!(lower(&[row(2.0), row(3.0)], &[row(3.0), row(2.0)]), [row(2.0), row(2.0)]);
    }

    #[test]
    fn what_rises_by_more_than_two_parts_in_a_hundred_is_named() {
        let row = |name: &str, ours| Row { name: name.into(), ours, by_hand: 90.0 };
        let file = read(&written("rustc", &[row("a", 100.0), row("b", 100.0)]));
        assert_eq!(file, [row("a", 100.0), row("b", 100.0)]);
        let risen = risen(&[row("a", 102.0), row("b", 103.0), row("c", 1.0)], &file);
        assert_eq!(risen.len(), 2);
        assert!(
            risen[0].contains("`b` takes 103.0 instructions instead of 100.0") && risen[1].contains("`c` is not in")
        );
    }
}
