//! A function fits on a screen.

use super::{Finding, Source};

/// The largest number of lines, from `fn` to the closing brace.
const MOST: usize = 60;

/// The limit for tests and their helpers.
const MOST_OF_TESTS: usize = 80;

/// The words that may precede `fn`, besides macro variables.
const QUALIFIERS: &[&str] = &["pub", "default", "const", "async", "unsafe", "extern", "\"C\""];

pub(super) fn check(source: &Source) -> Vec<Finding> {
    let is_ours = ["crates/", "demos/", "xtask/"].iter().any(|folder| source.path.starts_with(folder));
    let is_test = source.path.contains("/tests/");
    if !source.is_rust() || !is_ours || !is_test && !source.path.contains("/src/") {
        return vec![];
    }
    let lines: Vec<_> = source.text.lines().collect();
    // Unit tests come last in their files.
    let tests = if is_test { Some(0) } else { lines.iter().position(|line| line.starts_with("#[cfg(test)]")) };
    let mut findings = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some((name, long)) = name(line).zip(length(&lines[at..])) else { continue };
        let (most, mend) = match tests {
            Some(tests) if at >= tests => (MOST_OF_TESTS, "split it into tests that each say one thing"),
            _ => (MOST, "give its parts names of their own"),
        };
        if long > most {
            findings.push(source.finding(at + 1, format!("`{name}` has {long} lines, {most} at most: {mend}")));
        }
    }
    findings
}

/// Returns the name of the function that begins on a line.
fn name(line: &str) -> Option<&str> {
    let (before, rest) = line.split_once("fn ")?;
    let qualifies = |word: &str| QUALIFIERS.contains(&word) || word.starts_with('$') || word.ends_with(')');
    let is_one = before.split_whitespace().all(|word| qualifies(word) || word.starts_with("pub("));
    rest.find(['(', '<']).filter(|_| is_one).map(|end| &rest[..end])
}

/// Returns the number of lines of the function that begins on the first of these, if it has a body. It ends at the next
/// brace with the indentation of its `fn`, as rustfmt places it.
fn length(lines: &[&str]) -> Option<usize> {
    let margin = &lines[0][..lines[0].len() - lines[0].trim_start().len()];
    let signature = lines.iter().position(|line| line.ends_with(['{', '}', ';']))?;
    if !lines[signature].ends_with('{') {
        return lines[signature].ends_with('}').then_some(signature + 1);
    }
    let ends = |line: &&str| line.strip_prefix(margin).is_some_and(|line| line.starts_with('}'));
    let body = lines[signature + 1..].iter().position(ends).unwrap_or(lines.len());
    Some(signature + body + 2)
}

#[cfg(test)]
mod tests {
    use super::super::source;
    use super::*;

    fn findings(path: &str, text: &str) -> Vec<String> {
        check(&source(path, text)).iter().map(ToString::to_string).collect()
    }

    /// Returns a function with this number of lines.
    fn function(first: &str, lines: usize) -> String {
        let margin = &first[..first.len() - first.trim_start().len()];
        format!("{first}\n{}{margin}}}\n", format!("{margin}    x();\n").repeat(lines - 2))
    }

    #[test]
    fn long_functions_are_found_by_name() {
        let (fits, long) = (function("fn f() {", 60), function("pub(crate) const fn f<T>(x: T) -> T {", 61));
        assert_eq!(findings("crates/a/src/b.rs", &fits), [""; 0]);
        assert_eq!(
            findings("demos/a/src/b.rs", &format!("{fits}\n{long}")),
            ["demos/a/src/b.rs:62: `f` has 61 lines, 60 at most: give its parts names of their own"]
        );
        assert_eq!(findings("bench/src/b.rs", &long), [""; 0]);
        assert_eq!(findings("crates/a/examples/b.rs", &long), [""; 0]);
        assert_eq!(findings("crates/a/src/b.md", &long), [""; 0]);
    }

    #[test]
    fn tests_may_be_longer() {
        let (fits, long) = (function("fn f() {", 80), function("    fn g() {", 81));
        assert_eq!(findings("crates/a/tests/it/b.rs", &fits), [""; 0]);
        assert_eq!(
            findings("crates/a/tests/it/b.rs", &long),
            ["crates/a/tests/it/b.rs:1: `g` has 81 lines, 80 at most: split it into tests that each say one thing"]
        );
        assert_eq!(
            findings("xtask/src/b.rs", &format!("fn h() {{}}\n#[cfg(test)]\nmod tests {{\n{fits}}}\n")),
            [""; 0]
        );
        assert_eq!(findings("xtask/src/b.rs", &format!("#[cfg(test)]\nmod tests {{\n{long}}}\n")).len(), 1);
    }

    #[test]
    fn functions_of_macros_count_and_signatures_may_be_long() {
        let found = |text: &str| findings("crates/a/src/b.rs", text).len();
        assert_eq!(found(&function("        $vis fn $name(self) {", 61)), 1);
        assert_eq!(found(&function("        $(#[$meta])* pub(in crate::a) async fn f(self) {", 61)), 1);
        let signature = "    fn f(\n        x: u8,\n    ) -> u8\n    where\n        u8: Sized,\n";
        assert_eq!(found(&format!("{signature}{}", function("    {", 55))), 0);
        assert_eq!(found(&format!("{signature}{}", function("    {", 56))), 1);
    }

    #[test]
    fn what_has_no_body_or_is_no_function_has_no_length() {
        let rest = "    x();\n".repeat(80);
        for first in [
            "    fn f(&self) -> u8;",
            "    fn f() {}",
            "    // a fn f() {",
            "    let f: fn (u8) = {",
            "call(fn_of(x), {",
        ] {
            assert_eq!(findings("crates/a/src/b.rs", &format!("{first}\n{rest}")), [""; 0], "{first}");
        }
    }
}
