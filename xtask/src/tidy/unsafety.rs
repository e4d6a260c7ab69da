//! Unsafe code stands only in the files that SAFETY.md lists, and every one of them has some.

use super::{Finding, Source};

const LIST: &str = "SAFETY.md";

pub(super) fn check(sources: &[Source]) -> Vec<Finding> {
    let Some(list) = sources.iter().find(|source| source.path == LIST) else {
        return vec![Finding { path: LIST.into(), line: 1, message: "it is missing".into() }];
    };
    // A row of the table: "| `path` | ..".
    let listed: Vec<(usize, &str)> = list
        .lines()
        .filter_map(|(number, line)| Some((number, line.strip_prefix("| `")?.split('`').next()?)))
        .filter(|(_, path)| path.ends_with(".rs"))
        .collect();
    let mut findings = Vec::new();
    for source in sources.iter().filter(|source| source.is_rust()) {
        let sites = source.lines().filter(|(_, line)| is_unsafe(line)).map(|(number, _)| number).collect::<Vec<_>>();
        let row = listed.iter().find(|(_, path)| *path == source.path);
        match (row, sites.first()) {
            (None, Some(line)) => {
                findings.push(source.finding(*line, "unsafe code in a file that SAFETY.md does not list"));
            }
            (Some((row, _)), None) => findings.push(list.finding(*row, format!("{} has no unsafe code", source.path))),
            _ => {}
        }
    }
    for (row, path) in &listed {
        if !sources.iter().any(|source| source.path == *path) {
            findings.push(list.finding(*row, format!("{path} does not exist")));
        }
    }
    findings
}

/// Whether a line opens an unsafe block, function, trait or impl. Comments, strings and longer words do not count.
fn is_unsafe(line: &str) -> bool {
    let code = line.split("//").next().expect("split gives at least one part");
    ["unsafe {", "unsafe fn ", "unsafe impl", "unsafe trait", "unsafe extern"]
        .iter()
        .any(|opening| code.match_indices(opening).any(|(at, _)| !code[..at].ends_with(['"', '_', '`'])))
}

#[cfg(test)]
mod tests {
    use super::super::source;
    use super::*;

    #[test]
    fn unsafe_code_and_its_list_agree() {
        let list = || source(LIST, "| file | why |\n|---|---|\n| `a.rs` | because |\n");
        let code = || source("a.rs", &["fn f() {", "    unsafe", "{ g() }"].join(" "));
        assert_eq!(check(&[list(), code()]), []);
        assert_eq!(check(&[list(), code(), source("b.rs", "unsafe impl Send for X {}\n")]).len(), 1);
        assert_eq!(check(&[list(), source("a.rs", "// unsafe { }\n")]).len(), 1);
        assert_eq!(check(&[list()]).len(), 1);
        assert_eq!(check(&[code()]).len(), 1);
        assert_eq!(check(&[list(), code(), source("b.rs", "#![expect(unsafe_code)] \"unsafe {\"\n")]), []);
    }
}
