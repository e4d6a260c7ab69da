//! The README stays short, names the commands that run the main job and the tests of CI, and lists every example of the
//! crates.

use super::{Finding, Source};
use crate::ci;

const MAIN_JOB: &str = "cargo run --release -p market-data";

/// The largest number of lines of the README.
const MOST: usize = 200;

pub(super) fn check(sources: &[Source]) -> Vec<Finding> {
    let Some(readme) = sources.iter().find(|source| source.path == "README.md") else {
        return vec![Finding { path: "README.md".into(), line: 1, message: "it is missing".into() }];
    };
    let mut findings: Vec<_> = [MAIN_JOB, ci::TEST]
        .iter()
        .filter(|command| !readme.lines().any(|(_, line)| line == **command))
        .map(|command| readme.finding(1, format!("it does not name `{command}` on a line of its own")))
        .collect();
    let lines = readme.text.lines().count();
    if lines > MOST {
        findings.push(readme.finding(lines, format!("{lines} lines, {MOST} at most: move details to the guide")));
    }
    let unlisted = sources.iter().filter(|source| is_example(&source.path) && !links_to(readme, &source.path));
    findings.extend(unlisted.map(|source| source.finding(1, "the README does not list this example")));
    findings
}

/// Returns whether this is the main file of an example of a crate.
fn is_example(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    matches!(parts[..], ["crates", _, "examples", file] if file.ends_with(".rs"))
        || matches!(parts[..], ["crates", _, "examples", _, "main.rs"])
}

fn links_to(readme: &Source, path: &str) -> bool {
    readme.text.contains(&format!("]({path})"))
}

#[cfg(test)]
mod tests {
    use super::super::source;
    use super::*;

    fn readme(more: &str) -> Source {
        source("README.md", &format!("```sh\n{MAIN_JOB}\n{}\n```\n{more}", ci::TEST))
    }

    #[test]
    fn both_commands_are_named() {
        assert_eq!(check(&[readme("")]), []);
        assert_eq!(check(&[source("README.md", &format!("{MAIN_JOB} --json\n"))]).len(), 2);
        assert_eq!(check(&[]).len(), 1);
    }

    #[test]
    fn it_is_short() {
        assert_eq!(check(&[readme(&"\n".repeat(MOST - 4))]), []);
        assert_eq!(check(&[readme(&"\n".repeat(MOST - 3))]).len(), 1);
    }

    #[test]
    fn every_example_is_listed() {
        for (path, found) in [
            ("crates/a/examples/b.rs", 1),
            ("crates/a/examples/b/main.rs", 1),
            ("crates/a/examples/options/mod.rs", 0),
            ("demos/a/examples/b.rs", 0),
        ] {
            assert_eq!(check(&[readme(""), source(path, "")]).len(), found, "{path}");
            assert_eq!(check(&[readme(&format!("[b]({path})\n")), source(path, "")]), [], "{path}");
        }
    }
}
