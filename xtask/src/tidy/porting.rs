//! The porting pages are accurate: everything that a row of their tables offers is used in the code of its section.

use super::{Finding, Source};

/// The beginning of the paths of those pages.
const PAGES: &str = "docs/src/from-nexus-rt";

pub(super) fn check(source: &Source) -> Vec<Finding> {
    if !source.path.starts_with(PAGES) {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for section in sections(source) {
        let code = code_of(&section);
        for (number, row) in rows(&section) {
            let missing: Vec<_> = names(row).filter(|name| !words(&code).any(|word| word == *name)).collect();
            if !missing.is_empty() {
                let names = missing.join("`, `");
                findings.push(source.finding(number, format!("the code of this section does not use `{names}`")));
            }
        }
    }
    findings
}

type Lines<'s> = Vec<(usize, &'s str)>;

/// Splits a page at its second-level headings.
fn sections(source: &Source) -> Vec<Lines<'_>> {
    let mut sections = vec![Vec::new()];
    for line in source.lines() {
        if line.1.starts_with("## ") {
            sections.push(Vec::new());
        }
        sections.last_mut().expect("there is a first one").push(line);
    }
    sections
}

fn code_of(section: &Lines) -> String {
    let mut in_code = false;
    let mut code = String::new();
    for (_, line) in section {
        if line.starts_with("```") {
            in_code = *line == "```rust";
        } else if in_code {
            code.push_str(line);
            code.push('\n');
        }
    }
    code
}

/// Returns the last cell of each table row, without the table heads.
fn rows<'s>(section: &Lines<'s>) -> Vec<(usize, &'s str)> {
    let mut rows = Vec::new();
    let mut in_body = false;
    for &(number, line) in section {
        in_body = line.starts_with("|---") || in_body && line.starts_with("| ");
        let cell = line.trim_end_matches([' ', '|']).rsplit_once(" | ");
        rows.extend(cell.filter(|_| in_body).map(|(_, cell)| (number, cell)));
    }
    rows
}

/// Returns the names in the code of a cell, except those of one letter, which stand for any name.
fn names(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2).flat_map(words).filter(|name| name.len() > 1)
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with(|c: char| c.is_alphabetic() || c == '_'))
}

#[cfg(test)]
mod tests {
    use super::super::source;
    use super::*;

    fn findings(page: &str) -> Vec<String> {
        check(&source("docs/src/from-nexus-rt.md", page)).into_iter().map(|finding| finding.to_string()).collect()
    }

    #[test]
    fn rows_have_an_example() {
        let table = "| there | here |\n|---|---|\n| `gone` | `new_name(f, \\|x\\| ..)`, a `T` |\n";
        assert_eq!(findings(&format!("## A\n{table}```rust\nnew_name(1);\n```\n")), [""; 0]);
        let missing = "docs/src/from-nexus-rt.md:4: the code of this section does not use `new_name`";
        assert_eq!(findings(&format!("## A\n{table}```rust\nnew_names(1);\n```\n")), [missing]);
        assert_eq!(findings(&format!("## A\n{table}```text\nnew_name(1);\n```\n")), [missing]);
        assert_eq!(findings(&format!("## A\n{table}## B\n```rust\nnew_name(1);\n```\n")), [missing]);
        assert_eq!(check(&source("docs/src/world.md", table)), []);
    }
}
