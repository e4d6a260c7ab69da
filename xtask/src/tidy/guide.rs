//! The guide holds together: its pages are listed, their code is tested, their links lead somewhere, their pictures are checked.

use super::{Finding, Source};

const ROOM: &str = "docs/src/";
const SUMMARY: &str = "docs/src/SUMMARY.md";
/// Where the doctests of all pages are listed.
const LIST: &str = "crates/nexus-rt/src/lib.rs";

pub(super) fn check(sources: &[Source]) -> Vec<Finding> {
    let text_of = |path: &str| sources.iter().find(|source| source.path == path).map_or("", |source| &source.text);
    let (summary, list) = (text_of(SUMMARY), text_of(LIST));
    let mut findings = Vec::new();
    for page in sources.iter().filter(|source| source.path.ends_with(".md")) {
        let tested = list.contains(&format!("\"{}\"", page.path));
        for (number, _) in page.lines().filter(|(_, line)| *line == "```rust" && !tested).take(1) {
            findings.push(page.finding(number, format!("its code is not tested: list it under `pages!` in {LIST}")));
        }
        let Some(name) = page.path.strip_prefix(ROOM) else { continue };
        if page.path != SUMMARY && !summary.contains(&format!("]({name})")) {
            findings.push(page.finding(1, format!("{SUMMARY} does not list it")));
        }
        for (number, target) in links(page) {
            let file = target.split('#').next().expect("split gives at least one part");
            if !file.is_empty() && !sources.iter().any(|source| source.path == format!("{ROOM}{file}")) {
                findings.push(page.finding(number, format!("`{target}` leads to no page of the guide")));
            }
        }
        let count = |what: fn(&str) -> bool| page.lines().filter(|(_, line)| what(line)).count();
        let pictures = count(|line| line == "```mermaid");
        let checks = count(|line| line.starts_with("# assert!(include_str!(") && line.contains("contains(&picture)"));
        if pictures != checks {
            findings.push(page.finding(1, format!("{pictures} pictures, but {checks} of them compared with a plan")));
        }
    }
    findings
}

/// Where the links of a page lead, but for those to other sites; code does not count.
fn links(page: &Source) -> Vec<(usize, &str)> {
    let mut in_code = false;
    let mut found = Vec::new();
    for (number, line) in page.lines() {
        in_code ^= line.starts_with("```");
        let targets = line.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
        let targets = targets.map(|(target, _)| target).filter(|target| !target.starts_with("http"));
        found.extend(targets.filter(|_| !in_code).map(|target| (number, target)));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::source;
    use super::*;

    fn findings(summary: &str, list: &str, page: &str) -> Vec<String> {
        let sources = [source(SUMMARY, summary), source(LIST, list), source("docs/src/a.md", page)];
        check(&sources).into_iter().map(|finding| finding.to_string()).collect()
    }

    #[test]
    fn pages_are_listed_and_their_code_is_tested() {
        let (summary, list) = ("- [A](a.md)\n", "A: \"docs/src/a.md\";\n");
        assert_eq!(findings(summary, list, "```rust\n```\n").len(), 0);
        assert_eq!(findings(summary, "", "```text\n```\n").len(), 0);
        assert_eq!(
            findings(summary, "", "x\n```rust\n```\n"),
            [format!("docs/src/a.md:2: its code is not tested: list it under `pages!` in {LIST}")]
        );
        assert_eq!(findings("", list, "x\n"), [format!("docs/src/a.md:1: {SUMMARY} does not list it")]);
        assert_eq!(check(&[source("NEW.md", "```rust\n```\n")]).len(), 1);
    }

    #[test]
    fn links_lead_to_pages() {
        let found = |page| findings("- [A](a.md)\n", "", page).len();
        assert_eq!(found("[a](a.md#there), [b](#here), [c](https://example.org)\n```text\n[x](y)\n```\n"), 0);
        assert_eq!(found("[a](b.md) and [c](../../README.md)\n"), 2);
        assert_eq!(findings("- [A](a.md)\n- [B](b.md)\n", "", "x\n").len(), 1);
    }

    #[test]
    fn pictures_are_compared() {
        let check = "# assert!(include_str!(\"a.md\").contains(&picture), \"{picture}\");";
        let page = |checks: &str| format!("```text\n{checks}\n```\n```mermaid\n```\n");
        assert_eq!(findings("[A](a.md)", "", &page(check)).len(), 0);
        assert_eq!(findings("[A](a.md)", "", &page("")).len(), 1);
    }
}
