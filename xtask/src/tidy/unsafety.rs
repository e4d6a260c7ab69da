//! Unsafe code is only in the files that SAFETY.md lists, each with the number of unsafe blocks that it states there,
//! and every block explains itself.

use super::{Finding, Source};

const LIST: &str = "SAFETY.md";

pub(super) fn check(sources: &[Source]) -> Vec<Finding> {
    let Some(list) = sources.iter().find(|source| source.path == LIST) else {
        return vec![Finding { path: LIST.into(), line: 1, message: "it is missing".into() }];
    };
    // A row of the table: "| `path` | blocks | ..".
    let listed: Vec<(usize, &str, Option<usize>)> = list
        .lines()
        .filter_map(|(number, line)| {
            let (path, rest) = line.strip_prefix("| `")?.split_once("` |")?;
            Some((number, path, rest.split('|').next()?.trim().parse().ok()))
        })
        .filter(|(_, path, _)| path.ends_with(".rs"))
        .collect();
    let mut findings = Vec::new();
    for source in sources.iter().filter(|source| source.is_rust()) {
        let sites = source.lines().filter(|(_, line)| is_unsafe(line)).map(|(number, _)| number).collect::<Vec<_>>();
        let row = listed.iter().find(|(_, path, _)| *path == source.path);
        match (row, sites.first()) {
            (None, Some(line)) => {
                findings.push(source.finding(*line, "unsafe code in a file that SAFETY.md does not list"));
            }
            (Some((row, ..)), None) => {
                findings.push(list.finding(*row, format!("{} has no unsafe code", source.path)));
            }
            (Some((row, _, stated)), Some(_)) if *stated != Some(blocks(source)) => {
                let found = blocks(source);
                findings.push(list.finding(*row, format!("{} has {found} unsafe blocks: say so here", source.path)));
            }
            _ => {}
        }
    }
    findings.extend(attackers(list, sources));
    for (row, path, _) in &listed {
        if !sources.iter().any(|source| source.path == *path) {
            findings.push(list.finding(*row, format!("{path} does not exist")));
        }
    }
    findings
}

/// Checks that the tests named in the list, as `` `module::how_it_begins` ``, exist.
fn attackers(list: &Source, sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in list.lines().filter(|(_, line)| line.starts_with("| `")) {
        let attackers = line.rsplit(" | ").next().expect("split gives at least one part");
        for name in attackers.split('`').skip(1).step_by(2) {
            let Some((module, begins)) = name.split_once("::") else { continue };
            let path = format!("crates/nexus-rt/tests/it/{module}.rs");
            let file = sources.iter().find(|source| source.path == path);
            let begins = format!("fn {begins}");
            if !file.is_some_and(|file| file.lines().any(|(_, line)| line.trim_start().starts_with(&begins))) {
                findings.push(list.finding(number, format!("there is no test `{name}`")));
            }
        }
    }
    findings
}

/// Returns a summary of the unsafe code, inside and outside the libraries.
pub(super) fn count(sources: &[Source]) -> String {
    let of = |is_library: bool| {
        let files = sources.iter().filter(|source| source.is_rust() && source.path.contains("/src/") == is_library);
        files.map(blocks).filter(|blocks| *blocks > 0).fold((0, 0), |(files, all), blocks| (files + 1, all + blocks))
    };
    let ((files, library), (_, tests)) = (of(true), of(false));
    format!("{library} unsafe blocks in {files} files of the libraries, {tests} in tests")
}

fn blocks(source: &Source) -> usize {
    source.lines().map(|(_, line)| openings(line, &["unsafe {"])).sum()
}

/// Returns whether a line begins an unsafe block, function, trait or impl.
fn is_unsafe(line: &str) -> bool {
    openings(line, &["unsafe {", "unsafe fn ", "unsafe impl", "unsafe trait", "unsafe extern"]) > 0
}

/// Returns how often one of these occurs in a line. Comments, strings and longer words do not count.
fn openings(line: &str, openings: &[&str]) -> usize {
    let code = line.split("//").next().expect("split gives at least one part");
    let found =
        |opening: &&str| code.match_indices(*opening).filter(|(at, _)| !code[..*at].ends_with(['"', '_', '`'])).count();
    openings.iter().map(found).sum()
}

#[cfg(test)]
mod tests {
    use super::super::source;
    use super::*;

    #[test]
    fn unsafe_code_and_its_list_agree() {
        let listed = |blocks| {
            source(LIST, &format!("| file | blocks | why |\n|---|---|---|\n| `a.rs` | {blocks} | because |\n"))
        };
        let list = || listed(1);
        let code = || source("a.rs", &["fn f() {", "    unsafe", "{ g() }"].join(" "));
        assert_eq!(check(&[list(), code()]), []);
        assert_eq!(check(&[list(), code(), source("b.rs", "unsafe impl Send for X {}\n")]).len(), 1);
        assert_eq!(check(&[list(), source("a.rs", "// unsafe { }\n")]).len(), 1);
        assert_eq!(check(&[list()]).len(), 1);
        assert_eq!(check(&[code()]).len(), 1);
        assert_eq!(check(&[list(), code(), source("b.rs", "#![expect(unsafe_code)] \"unsafe {\"\n")]), []);
        assert_eq!(check(&[listed(2), code()])[0].message, "a.rs has 1 unsafe blocks: say so here");
    }

    #[test]
    fn tests_that_attack_exist() {
        let list = source(LIST, "| `a.rs` | 1 | for | 2 | `world::drops`, `world::no`; message `x` |\n");
        let test = source("crates/nexus-rt/tests/it/world.rs", "#[test]\nfn drops_once() {}\n");
        assert_eq!(
            attackers(&list, &[test]).iter().map(|it| it.message.as_str()).collect::<Vec<_>>(),
            ["there is no test `world::no`"]
        );
    }

    #[test]
    fn unsafe_blocks_are_counted() {
        let block = ["unsafe", "{ f() }"].join(" ");
        let sources =
            [source("a/src/b.rs", &format!("{block} {block}")), source("a/tests/c.rs", &block), source("d.md", &block)];
        assert_eq!(count(&sources), "2 unsafe blocks in 1 files of the libraries, 1 in tests");
    }
}
