//! The build time and the size of a program with a hundred handlers, over this library and over nexus-rt 2.5.1. Also
//! the build time of both libraries with all their features.
//!
//! `cargo run --release --bin programs`. Programs are written to `target/programs` of the repository and built from
//! scratch, in turns. The figure is processor time, which depends less on a busy machine than elapsed time.

mod source;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use bench::harness::{Budget, Measured, Timed};
use bench::output::Output;
use bench::report::Report;
use clap::Parser;

use source::{OURS, PUBLISHED, program};

/// Builds programs of a hundred handlers and prints how long it took and how large they are.
#[derive(Parser)]
struct Args {
    /// How often each program is built
    #[arg(long, default_value_t = 3)]
    rounds: usize,

    #[command(flatten)]
    output: Output,
}

const HANDLERS: usize = 100;

/// A kind of build: its name, the arguments of cargo, and whether an earlier build may be reused.
const BUILDS: [(&str, &[&str], bool); 4] = [
    ("clean release build of the program", &["build", "--release", "--bin", "program"], false),
    ("release build after a change of it", &["build", "--release", "--bin", "program"], true),
    ("clean check of the program", &["check", "--bin", "program"], false),
    ("clean build of the library, all features", &["build", "--features", "all", "--bin", "nothing"], false),
];

fn main() {
    let args = Args::parse();
    // Not inside `bench`, whose compiler flags would apply to them too.
    let root = repository().join("target/programs");
    let programs = [&OURS, &PUBLISHED].map(|library| (library.name, write(&root, library)));
    let mut rows: Vec<_> = BUILDS.map(|(name, ..)| (name, [const { Vec::new() }; 2].map(|it: Vec<f64>| it))).into();
    let mut passed = vec![[0.0; 2]; BUILDS.len()];
    for _ in 0..args.rounds {
        for ((name, arguments, warm), (row, passed)) in BUILDS.iter().zip(rows.iter_mut().zip(&mut passed)) {
            for (place, (_, folder)) in programs.iter().enumerate() {
                let (worked, took) = build(folder, arguments, *warm);
                row.1[place].push(worked);
                passed[place] += took / args.rounds as f64;
            }
            eprintln!("built: {name}");
        }
    }
    let sizes = programs.each_ref().map(|(_, folder)| size(folder));
    let mut all: Vec<Measured> = rows.into_iter().map(|(name, [ours, published])| row(name, ours, published)).collect();
    all.push(row("size of the stripped program, KiB", vec![sizes[0]], vec![sizes[1]]));
    let mut report = Report { title: "a program of 100 handlers".into(), unit: "s", rows: Vec::new() };
    all.into_iter().for_each(|row| args.output.add(&mut report, row));
    let passed = BUILDS
        .iter()
        .zip(passed)
        .map(|((name, ..), [ours, published])| format!("{name}: ours {ours:.1} s, 2.5.1 {published:.1} s"));
    let passed = format!("Mean of the time that passed: {}.\n", passed.collect::<Vec<_>>().join("; "));
    args.output.finish(&report, "programs", &passed);
}

fn row(name: &str, ours: Vec<f64>, published: Vec<f64>) -> Measured {
    let at_most = if name.contains("library") { 0.6 } else { 1.05 };
    Measured {
        group: "programs of 100 handlers, seconds of processor time".into(),
        row: name.into(),
        timed: vec![Timed::new("ours", ours), Timed::new("2.5.1", published)],
        budgets: vec![Budget { against: "2.5.1", at_most, or_more: 0.0 }],
    }
}

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("bench lies in the repository")
}

/// Writes the program over a library, and lets cargo download its dependencies.
fn write(root: &Path, library: &source::Library) -> PathBuf {
    let folder = root.join(library.folder);
    std::fs::create_dir_all(folder.join("src/bin")).expect("the target folder can be written to");
    std::fs::write(folder.join("Cargo.toml"), library.manifest(repository())).expect("it can be written to");
    std::fs::write(folder.join("src/main.rs"), program(library, HANDLERS)).expect("it can be written to");
    std::fs::write(folder.join("src/bin/nothing.rs"), "fn main() {}\n").expect("it can be written to");
    let fetched = cargo(&folder).arg("fetch").status();
    assert!(fetched.is_ok_and(|status| status.success()), "the dependencies of {} were not found", library.name);
    folder
}

/// Builds. Returns the processor time and the elapsed time, in seconds.
fn build(folder: &Path, arguments: &[&str], warm: bool) -> (f64, f64) {
    if warm {
        let main = folder.join("src/main.rs");
        let text = std::fs::read_to_string(&main).expect("it was written");
        std::fs::write(&main, format!("{text}\n")).expect("it can be written to");
    } else {
        let _ = std::fs::remove_dir_all(folder.join("target"));
    }
    let (before, started) = (worked(), Instant::now());
    let status = cargo(folder).args(arguments).status();
    assert!(status.is_ok_and(|status| status.success()), "{} does not build", folder.display());
    (worked() - before, started.elapsed().as_secs_f64())
}

fn cargo(folder: &Path) -> Command {
    let mut command = Command::new("cargo");
    command.current_dir(folder).arg("--quiet").env("CARGO_TARGET_DIR", folder.join("target"));
    command
}

/// Returns the processor time of the child processes waited for, in seconds.
fn worked() -> f64 {
    // The name of the program, which may contain anything, ends at the last bracket. The times of children are the 14th
    // and 15th field after it, in hundredths of a second on every Linux.
    let stat = std::fs::read_to_string("/proc/self/stat").expect("this is for Linux");
    let fields: Vec<&str> = stat.rsplit(')').next().expect("it has fields").split_whitespace().collect();
    [13, 14].map(|place: usize| fields[place].parse::<f64>().expect("a number of ticks")).iter().sum::<f64>() / 100.0
}

/// Builds the program again without symbols, and runs it. Returns its size in KiB.
fn size(folder: &Path) -> f64 {
    let status = cargo(folder).args(["rustc", "--release", "--bin", "program", "--", "-C", "strip=symbols"]).status();
    assert!(status.is_ok_and(|status| status.success()));
    let program = folder.join("target/release/program");
    let output = Command::new(&program).output().expect("it was built");
    assert_eq!(String::from_utf8_lossy(&output.stdout), source::output(HANDLERS), "{}", folder.display());
    std::fs::metadata(program).expect("it was built").len() as f64 / 1024.0
}
