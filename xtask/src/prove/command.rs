//! Runs other programs at low priority, with their output in a file.

use std::fs::File;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// The interval at which a long run reports that it is still running.
const NEWS: Duration = Duration::from_secs(60);

/// A command line to run in a folder.
pub(super) struct Run<'r> {
    pub(super) folder: &'r Path,
    pub(super) line: &'r str,
    pub(super) environment: &'r [(&'r str, &'r str)],
    /// The file for its output, both streams.
    pub(super) log: &'r Path,
}

impl Run<'_> {
    /// Runs the command, and returns its output.
    ///
    /// # Errors
    /// If it could not be started or failed: the message says how, and names the file with its output.
    pub(super) fn run(&self) -> Result<String, String> {
        let (status, text) = self.ended()?;
        if status.success() { Ok(text) } else { Err(self.failed(status.to_string())) }
    }

    /// Runs the command, and returns how it ended, with its output.
    ///
    /// # Errors
    /// If it could not be started, or its output not be kept.
    pub(super) fn ended(&self) -> Result<(ExitStatus, String), String> {
        let Self { folder, line, environment, log } = *self;
        println!("prove: {line}");
        let failed = |error: std::io::Error| self.failed(error.to_string());
        let file = File::create(log).map_err(failed)?;
        let both = file.try_clone().map_err(failed)?;
        let words: Vec<&str> = line.split(' ').collect();
        let mut command = Command::new("nice");
        command.args(["-n", "19"]).args(words).envs(environment.iter().copied()).current_dir(folder);
        let child = command.stdin(Stdio::null()).stdout(file).stderr(both).spawn();
        let mut child = child.map_err(failed)?;
        let started = Instant::now();
        let mut news = NEWS;
        let status = loop {
            match child.try_wait().map_err(failed)? {
                Some(status) => break status,
                None => std::thread::sleep(Duration::from_millis(50)),
            }
            if started.elapsed() > news {
                println!("prove: {} s ..", started.elapsed().as_secs());
                news += NEWS;
            }
        };
        let text = std::fs::read(log).map_err(failed)?;
        Ok((status, without_colours(&String::from_utf8_lossy(&text))))
    }

    /// Says how the command failed, and where its output is.
    pub(super) fn failed(&self, how: String) -> String {
        format!("{how}: `{}`, see {}", self.line, self.log.display())
    }
}

/// Removes terminal colours from a text, since some programs cannot be told to omit them.
fn without_colours(text: &str) -> String {
    let mut parts = text.split("\x1b[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |plain, part| plain + part.split_once('m').map_or(part, |(_, rest)| rest))
}

/// Returns the output of a quick command, without the last line end. Empty if it cannot be run.
pub(super) fn output(folder: &Path, program: &str, args: &[&str]) -> String {
    let output = plain(folder, program, args).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
}

/// A program in a folder. If it is git, it takes the repository of that folder, even within a hook of another one.
pub(super) fn plain(folder: &Path, program: &str, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"].into_iter().for_each(|name| _ = command.env_remove(name));
    command.args(args).current_dir(folder);
    command
}

/// The target for sanitizers. It must be named, so that build scripts are not instrumented.
pub(super) const SANITIZED: &str = "x86_64-unknown-linux-gnu";

/// # Errors
/// If there is no nightly toolchain, which the sanitizers need.
pub(super) fn needs_nightly() -> Result<(), String> {
    let there = is_there("cargo", &["+nightly", "--version"]);
    if there { Ok(()) } else { Err("a nightly toolchain is missing: `rustup toolchain install nightly`".into()) }
}

/// Returns whether a program exists.
pub(super) fn is_there(program: &str, args: &[&str]) -> bool {
    let status = Command::new(program).args(args).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

/// Returns the names of the programs in a folder, in order: of files, and of folders with a `main.rs`.
pub(super) fn programs_in(folder: &Path) -> Result<Vec<String>, String> {
    let entries = std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let names = entries.filter_map(|entry| {
        let path = entry.ok()?.path();
        let is_program = path.join("main.rs").exists() || path.extension().is_some_and(|end| end == "rs");
        is_program.then(|| path.file_stem()?.to_str().map(str::to_owned)).flatten()
    });
    let mut names: Vec<_> = names.collect();
    names.sort();
    Ok(names)
}

/// Returns the number of passed tests, over all summary lines of a log.
pub(super) fn passed_tests(log: &str) -> usize {
    let counts =
        log.lines().filter_map(|line| line.strip_prefix("test result: ok. ")?.split(' ').next()?.parse::<usize>().ok());
    counts.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_left_out() {
        assert_eq!(without_colours("\x1b[0mtest \x1b[1ma.rs\x1b[0m ... \x1b[32mok"), "test a.rs ... ok");
        assert_eq!(without_colours("plain"), "plain");
    }

    #[test]
    fn a_command_tells_its_outcome_and_its_words() {
        let log = std::env::temp_dir().join(format!("xtask-command-{}", std::process::id()));
        let run = |line| Run { folder: Path::new("/"), line, environment: &[("A", "b")], log: &log }.run();
        assert_eq!(run("printenv A").as_deref(), Ok("b\n"));
        assert!(run("false").is_err_and(|how| how.contains("`false`, see ")));
        std::fs::remove_file(&log).expect("it was made above");
        assert_eq!(output(Path::new("/"), "echo", &["a", "b"]), "a b");
        assert!(is_there("true", &[]) && !is_there("no-such-program", &[]));
    }

    #[test]
    fn programs_are_files_or_folders_with_a_main_file() {
        let examples = programs_in(&crate::root().join("crates/nexus-rt/examples")).expect("the folder is there");
        let has = |name: &str| examples.iter().any(|it| it == name);
        assert!(has("pipeline") && has("controller") && has("fix_gateway") && !has("options"));
        assert!(examples.is_sorted());
    }

    #[test]
    fn passed_tests_are_summed_up() {
        let log =
            "test result: ok. 12 passed; 0 failed\nx\ntest result: ok. 3 passed; 0\ntest result: FAILED. 1 passed\n";
        assert_eq!(passed_tests(log), 15);
    }
}
