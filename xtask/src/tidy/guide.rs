//! The guide is consistent: its pages are listed, their code is tested, their links have targets, and their pictures
//! are checked.

use super::{Finding, Source};

const ROOM: &str = "docs/src/";
const SUMMARY: &str = "docs/src/SUMMARY.md";
/// The file that lists the doctests of all pages.
const LIST: &str = "crates/nexus-rt/src/lib.rs";

pub(super) fn check(sources: &[Source]) -> Vec<Finding> {
    let text_of = |path: &str| sources.iter().find(|source| source.path == path).map_or("", |source| &source.text);
    let (summary, list) = (text_of(SUMMARY), text_of(LIST));
    let mut findings = Vec::new();
    for page in sources.iter().filter(|source| source.path.ends_with(".md")) {
        // A crate may also test its own readme.
        let own = page.path.strip_suffix("README.md").map(|folder| text_of(&format!("{folder}src/lib.rs")));
        let tested = list.contains(&format!("\"{}\"", page.path))
            || own.is_some_and(|lib| lib.contains("#[doc = include_str!(\"../README.md\")]"));
        for (number, _) in page.lines().filter(|(_, line)| *line == "```rust" && !tested).take(1) {
            findings.push(page.finding(number, format!("its code is not tested: list it under `pages!` in {LIST}")));
        }
        for (number, target) in links(page) {
            findings.extend(dead(sources, page, target).map(|why| page.finding(number, why)));
        }
        let Some(name) = page.path.strip_prefix(ROOM) else { continue };
        if page.path != SUMMARY && !summary.contains(&format!("]({name})")) {
            findings.push(page.finding(1, format!("{SUMMARY} does not list it")));
        }
        // Sequence diagrams do not count: no plan prints a sequence of messages.
        let below = page.lines().map(|(_, line)| line).skip(1);
        let pictures =
            page.lines().zip(below).filter(|((_, line), below)| *line == "```mermaid" && *below != "sequenceDiagram");
        let pictures = pictures.count();
        let is_check = |line: &str| line.starts_with("# assert!(include_str!(") && line.contains("contains(&picture)");
        let checks = page.lines().filter(|(_, line)| is_check(line)).count();
        if pictures != checks {
            findings.push(page.finding(1, format!("{pictures} pictures, but {checks} of them compared with a plan")));
        }
    }
    findings.extend(sources.iter().filter(|source| is_picture(&source.path)).flat_map(|file| drawing(sources, file)));
    findings
}

/// Returns whether a file is a drawing of the guide. Drawings are not compared with plans.
pub(super) fn is_picture(path: &str) -> bool {
    path.starts_with("docs/src/pictures/") && path.ends_with(".svg")
}

/// Checks that a drawing is shown by a page, has a title for readers who cannot see it, and is readable on dark pages.
fn drawing(sources: &[Source], file: &Source) -> Vec<Finding> {
    let link = format!("]({})", file.path.trim_start_matches(ROOM));
    let mut pages = sources.iter().filter(|source| source.path.starts_with(ROOM) && source.path.ends_with(".md"));
    let rules = [
        (pages.any(|page| page.text.contains(&link)), "no page of the guide shows it"),
        (file.text.contains("<title>"), "it has no `<title>`"),
        (file.text.contains("(prefers-color-scheme: dark)"), "it has no colours for dark pages"),
    ];
    rules.iter().filter(|(holds, _)| !holds).map(|(_, why)| file.finding(1, *why)).collect()
}

/// Returns what is wrong with a link, if anything. Links to files other than pages are not checked. The guide must have
/// none, since they would be dead in the book.
fn dead(sources: &[Source], page: &Source, target: &str) -> Option<String> {
    let (file, heading) = target.split_once('#').unwrap_or((target, ""));
    let in_guide = page.path.starts_with(ROOM);
    if is_picture(&beside(&page.path, file)) {
        let there = sources.iter().any(|source| source.path == beside(&page.path, file));
        return (!there).then(|| format!("`{target}` leads to no picture"));
    }
    if in_guide && (file.contains('/') || !file.is_empty() && !file.ends_with(".md")) {
        return Some(format!("`{target}` leads to no page of the guide"));
    }
    if !file.is_empty() && !file.ends_with(".md") {
        return None;
    }
    let path = if file.is_empty() { page.path.clone() } else { beside(&page.path, file) };
    let Some(there) = sources.iter().find(|source| source.path == path) else {
        return Some(format!("`{target}` leads nowhere: there is no {path}"));
    };
    let mut headings = there.lines().filter(|(_, line)| line.starts_with('#')).map(|(_, line)| anchor(line));
    (!heading.is_empty() && !headings.any(|found| found == heading))
        .then(|| format!("`{target}` leads nowhere: {path} has no such heading"))
}

/// Returns the path of `target`, as written in the file at `page`.
fn beside(page: &str, target: &str) -> String {
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            ".." => _ = parts.pop(),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Returns the anchor of a heading.
fn anchor(heading: &str) -> String {
    let words = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = words.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// Returns the targets of the links of a page, except links to other sites and links in code.
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
        let readme = |lib| check(&[source("x/README.md", "```rust\n```\n"), source("x/src/lib.rs", lib)]).len();
        assert_eq!((readme("#[doc = include_str!(\"../README.md\")]\n"), readme("mod a;\n")), (0, 1));
    }

    #[test]
    fn links_lead_to_pages() {
        let found = |page| findings("- [A](a.md)\n", "", page).len();
        let text = "# Here `it` is\n[a](a.md), [b](#here-it-is), [c](https://example.org)\n```text\n[x](y)\n```\n";
        assert_eq!(found(text), 0);
        assert_eq!(found("[a](b.md), [b](a.md#there) and [c](../../README.md)\n"), 3);
        let readme = |text: &str| check(&[source("README.md", text), source("docs/a.md", "# A\n")]).len();
        assert_eq!(beside("a/b/c.md", "../d/e.md"), "a/d/e.md");
        assert_eq!(readme("[a](docs/a.md#a) [b](LICENSE) ![c](a.svg)\n"), 0);
        assert_eq!(readme("[a](docs/b.md)\n[b](docs/a.md#b)\n"), 2);
        assert_eq!(findings("- [A](a.md)\n- [B](b.md)\n", "", "x\n").len(), 1);
    }

    #[test]
    fn pictures_are_compared() {
        let check = "# assert!(include_str!(\"a.md\").contains(&picture), \"{picture}\");";
        let page = |checks: &str| format!("```text\n{checks}\n```\n```mermaid\n```\n");
        assert_eq!(findings("[A](a.md)", "", &page(check)).len(), 0);
        assert_eq!(findings("[A](a.md)", "", &page("")).len(), 1);
        assert_eq!(findings("[A](a.md)", "", "```mermaid\nsequenceDiagram\n```\n").len(), 0);
    }

    #[test]
    fn drawings_are_shown_and_readable() {
        let readable = "<title>A</title> @media (prefers-color-scheme: dark) {}";
        let found = |page: &str, drawing: &str| {
            let sources = [source(SUMMARY, "[A](a.md)"), source("docs/src/a.md", page)];
            check(&sources.into_iter().chain([source("docs/src/pictures/a.svg", drawing)]).collect::<Vec<_>>()).len()
        };
        assert_eq!(found("![A](pictures/a.svg)\n", readable), 0);
        assert_eq!(found("![A](pictures/b.svg)\n", readable), 2);
        assert_eq!(found("![A](pictures/a.svg)\n", "<svg/>"), 2);
    }
}
