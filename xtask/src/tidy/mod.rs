//! `cargo xtask tidy`: rules for layout and text that the compiler does not check.

mod clocks;
mod docs;
mod examples;
mod floors;
mod functions;
mod guide;
mod header;
mod holders;
mod leftovers;
mod length;
mod porting;
mod readme;
mod unsafety;
mod words;

use std::fmt;
use std::path::Path;

/// A file of the workspace.
struct Source {
    /// The path from the root, with `/` as the separator.
    path: String,
    text: String,
}

impl Source {
    fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// Returns the lines with their numbers, from 1.
    fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.text.lines())
    }

    fn finding(&self, line: usize, message: impl Into<String>) -> Finding {
        Finding { path: self.path.clone(), line, message: message.into() }
    }
}

/// A broken rule, with its place.
#[derive(Debug, PartialEq)]
struct Finding {
    path: String,
    line: usize,
    message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.message)
    }
}

/// Checks the workspace and prints the findings.
pub(crate) fn run(root: &Path) -> bool {
    let mut sources = Vec::new();
    collect(root, root, &mut sources);
    assert!(
        sources.iter().any(|source| source.path == "README.md"),
        "{} is no checkout of this project",
        root.display()
    );
    let findings = check(&sources);
    for finding in &findings {
        println!("tidy: {finding}");
    }
    println!("xtask: {}", unsafety::count(&sources));
    println!("xtask: tidy read {} files and found {}", sources.len(), findings.len());
    findings.is_empty()
}

fn check(sources: &[Source]) -> Vec<Finding> {
    let each = [
        length::check,
        functions::check,
        header::check,
        floors::check,
        docs::check,
        examples::check,
        leftovers::check,
        clocks::check,
        holders::check,
        porting::check,
        words::check,
    ];
    let mut findings: Vec<_> =
        sources.iter().flat_map(|source| each.iter().flat_map(|check| check(source)).collect::<Vec<_>>()).collect();
    findings.extend(unsafety::check(sources));
    findings.extend(readme::check(sources));
    findings.extend(guide::check(sources));
    findings
}

/// Collects every Rust and Markdown file and every picture of the guide below `folder`, except generated and hidden
/// ones.
fn collect(root: &Path, folder: &Path, sources: &mut Vec<Source>) {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("a readable folder").path()).collect();
    paths.sort();
    for path in paths {
        let name = path.file_name().expect("an entry has a name").to_string_lossy();
        if path.is_dir() {
            if name != "target" && !name.starts_with('.') {
                collect(root, &path, sources);
            }
            continue;
        }
        let place = path.strip_prefix(root).expect("found below the root").to_string_lossy().replace('\\', "/");
        if name.ends_with(".rs") || name.ends_with(".md") || guide::is_picture(&place) {
            let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            sources.push(Source { path: place, text });
        }
    }
}

#[cfg(test)]
fn source(path: &str, text: &str) -> Source {
    Source { path: path.into(), text: text.into() }
}
