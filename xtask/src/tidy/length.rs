//! A file has one noun, which fits in 400 lines. Comments and pages are no wider than code.

use super::{Finding, Source};

const MOST: usize = 400;

/// The width in characters, as in `rustfmt.toml`.
const WIDEST: usize = 120;

/// A file written by programs, tables included.
const GENERATED: &str = "bench/RESULTS.md";

pub(super) fn check(source: &Source) -> Vec<Finding> {
    let lines = source.text.lines().count();
    let mut findings = Vec::new();
    if source.is_rust() && lines > MOST {
        findings.push(source.finding(lines, format!("{lines} lines, {MOST} at most: split it by its nouns")));
    }
    if source.path != GENERATED {
        findings.extend(wide(source));
    }
    findings
}

/// Returns comments and Markdown lines that are too wide, except code, tables and lines that cannot be broken.
fn wide(source: &Source) -> Vec<Finding> {
    let mut in_code = false;
    let mut findings = Vec::new();
    for (number, line) in source.lines() {
        let comment = line.trim_start().strip_prefix("//").map(|rest| rest.trim_start_matches(['/', '!']).trim_start());
        let prose = if source.is_rust() { comment } else { Some(line.trim_start()) };
        let Some(text) = prose else { continue };
        in_code ^= text.starts_with("```");
        let columns = line.chars().count();
        let whole = ["|", "![", "http", "```"].iter().any(|begin| text.starts_with(begin)) || !text.contains(' ');
        if !in_code && !whole && columns > WIDEST {
            findings.push(source.finding(number, format!("{columns} columns, {WIDEST} at most: break the line")));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::source;
    use super::*;

    #[test]
    fn only_long_rust_files_are_found() {
        assert_eq!(check(&source("a.rs", &"x\n".repeat(400))), []);
        assert_eq!(check(&source("a.rs", &"x\n".repeat(401))).len(), 1);
        assert_eq!(check(&source("a.md", &"x\n".repeat(401))), []);
    }

    #[test]
    fn prose_is_as_wide_as_code() {
        let found = |path: &str, line: &str| check(&source(path, line)).len();
        let words = "a word ".repeat(20);
        for (path, begin, wide) in [
            ("a.rs", "/// ", 1),
            ("a.rs", "    // ", 1),
            ("a.rs", "let s = ", 0),
            ("a.rs", "/// | ", 0),
            ("a.md", "- ", 1),
            ("a.md", "![", 0),
            ("a.md", "```text\n", 0),
            ("PERFORMANCE.md", "", 1),
            ("bench/RESULTS.md", "", 0),
        ] {
            assert_eq!(found(path, &format!("{begin}{words}")), wide, "{path} {begin}");
        }
        assert_eq!(found("a.md", &words[..WIDEST]), 0);
    }
}
