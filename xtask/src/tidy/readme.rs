//! The README names the two commands that are true: one runs the main job, one runs the tests that CI runs.

use super::{Finding, Source};
use crate::ci;

const MAIN_JOB: &str = "cargo run --release -p market-data";

pub(super) fn check(sources: &[Source]) -> Vec<Finding> {
    let Some(readme) = sources.iter().find(|source| source.path == "README.md") else {
        return vec![Finding { path: "README.md".into(), line: 1, message: "it is missing".into() }];
    };
    [MAIN_JOB, ci::TEST]
        .iter()
        .filter(|command| !readme.lines().any(|(_, line)| line == **command))
        .map(|command| readme.finding(1, format!("it does not name `{command}` on a line of its own")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::source;
    use super::*;

    #[test]
    fn both_commands_are_named() {
        assert_eq!(check(&[source("README.md", &format!("```sh\n{MAIN_JOB}\n{}\n```\n", ci::TEST))]), []);
        assert_eq!(check(&[source("README.md", &format!("{MAIN_JOB} --json\n"))]).len(), 2);
        assert_eq!(check(&[]).len(), 1);
    }
}
