//! Pages and documentation use idiomatic words: finds words that stop a native reader, and suggests better ones.

use super::{Finding, Source};

/// Documentation is checked in the sources of these folders. Pages are checked everywhere.
const ROOMS: &[&str] = &["crates/", "demos/", "cluster/"];

/// Words that stop a reader, with what to write instead. `_` stands for any single word or code.
const WORDS: &[(&str, &str)] = &[
    ("alike", "both, or all"),
    ("also if", "even if"),
    ("anew", "again"),
    ("any more", "no longer, before the verb"),
    ("anybody", "what it is: any thread, any handler"),
    ("by whom", "the actor as the subject of the sentence"),
    ("everybody", "what it is: all clients, every handler"),
    ("for ever", "forever"),
    ("gives how many", "returns the number of"),
    ("has _ run once", "runs it once, or schedules it to run once"),
    ("hear of", "is told about, or notices"),
    ("hears of", "is told about, or notices"),
    ("in the place of", "instead of, or replaces"),
    ("in vain", "without a result"),
    ("is none that", "is not one that"),
    ("mend", "fix"),
    ("mended", "fixed"),
    ("mends", "fixes"),
    ("nobody", "what it is: no thread, no handler, no client"),
    ("now and then", "how often: at intervals, from time to time"),
    ("of whom", "of which, or a new sentence"),
    ("one likes", "any, or as many as needed"),
    ("one would write", "hand-written"),
    ("one writes by hand", "hand-written"),
    ("one's own", "your own, or its own"),
    ("so many", "the number: n elements, this many"),
    ("somebody", "what it is: a thread, a handler, a client"),
    ("tell of", "report"),
    ("tells of", "reports"),
    ("the result says so", "what it returns"),
    ("thereby", "a new sentence"),
    ("thereof", "of it"),
    ("what the system says", "the OS error"),
    ("whereby", "by which, or a new sentence"),
    ("whereof", "of which"),
    ("whoever", "the actor: the code that, a thread that"),
    ("whom", "which, or a new sentence"),
    ("whose turn", "the next one"),
    ("world is worth", "the state of the world"),
    ("worlds are worth", "the states of worlds"),
];

/// Words that must not begin documentation, since an index shows only its first line.
const BEGINNINGS: &[(&str, &str)] =
    &[("the same", "what it does"), ("who", "what it is: the handlers that, the name of")];

pub(super) fn check(source: &Source) -> Vec<Finding> {
    let words = words(source);
    let mut findings = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let (begins, found) = (at == 0 || words[at - 1].text == BEGIN, &words[at..]);
        let fits = |list: &'static [(&str, &str)]| list.iter().find(|(pattern, _)| is_at(pattern, found));
        let hit = fits(WORDS).or_else(|| fits(BEGINNINGS).filter(|_| source.is_rust() && begins));
        if let Some((pattern, better)) = hit {
            findings.push(source.finding(found[0].line, format!("\"{pattern}\" stops a reader: write {better}")));
        }
        at += hit.map_or(1, |(pattern, _)| pattern.split(' ').count());
    }
    findings
}

/// A word of prose, in lower case.
#[derive(Debug)]
struct Word {
    line: usize,
    text: String,
}

/// Stands for code within a line.
const CODE: &str = "`";
/// Separates sentences and parts of sentences.
const BREAK: &str = ".";
/// Comes before the first word of each documentation.
const BEGIN: &str = "";

fn is_at(pattern: &str, words: &[Word]) -> bool {
    let mut words = words.iter().map(|word| word.text.as_str());
    pattern.split(' ').all(|expected| match words.next() {
        Some(word) => word == expected || expected == "_" && word != BREAK && word != BEGIN,
        None => false,
    })
}

/// Splits the prose of a source into words. A phrase may continue on the next line, but not beyond a paragraph.
fn words(source: &Source) -> Vec<Word> {
    let (mut in_code, mut in_docs) = (false, false);
    let mut words = Vec::new();
    if source.is_rust() && !(source.path.contains("/src/") && ROOMS.iter().any(|room| source.path.starts_with(room))) {
        return words;
    }
    for (line, whole) in source.lines() {
        let comment = whole.trim_start();
        let text = if source.is_rust() {
            let docs = comment.strip_prefix("///").or_else(|| comment.strip_prefix("//!"));
            if docs.is_some() && !in_docs {
                words.push(Word { line, text: BEGIN.into() });
                in_code = false;
            }
            in_docs = docs.is_some();
            docs.unwrap_or_default().trim()
        } else {
            comment
        };
        let fence = text.starts_with("```");
        in_code ^= fence;
        if fence || text.is_empty() {
            words.push(Word { line, text: BREAK.into() });
        } else if in_code {
            let comment = text.split_once("// ").map_or("", |(_, comment)| comment);
            words.push(Word { line, text: BREAK.into() });
            split(line, comment, &mut words);
        } else {
            split(line, text, &mut words);
        }
    }
    words
}

/// Splits prose into words. Text in backquotes is a single word.
fn split(line: usize, prose: &str, words: &mut Vec<Word>) {
    for (number, part) in prose.split('`').enumerate() {
        if number % 2 == 1 {
            words.push(Word { line, text: CODE.into() });
            continue;
        }
        for word in part.split_whitespace() {
            let text = word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
            let ends = word.ends_with(|c: char| !c.is_alphanumeric() && c != '*' && c != '_');
            words.extend((!text.is_empty()).then_some(Word { line, text }));
            words.extend(ends.then(|| Word { line, text: BREAK.into() }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::source;
    use super::*;

    fn lines(path: &str, text: &str) -> Vec<usize> {
        check(&source(path, text)).into_iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn each_word_is_found() {
        for (pattern, better) in WORDS {
            let text = format!("x\n\nIt {} it.\n", pattern.replace('_', "`handler`"));
            let findings = check(&source("docs/src/a.md", &text));
            assert_eq!(findings.len(), 1, "{pattern}");
            assert_eq!(findings[0].message, format!("\"{pattern}\" stops a reader: write {better}"));
            assert_eq!(findings[0].line, 3);
            assert_eq!(lines("demos/a/src/main.rs", &format!("//! {}\n", text.lines().last().expect("a line"))), [1]);
        }
    }

    #[test]
    fn phrases_cross_lines_but_no_sentences() {
        assert_eq!(lines("a.md", "It holds, also\nif closed, **anew**.\n"), [1, 2]);
        assert_eq!(lines("a.md", "It holds also. If not, also\n\nif closed, so, many.\n"), [0; 0]);
        assert_eq!(lines("a.md", "| anew | `anew` | whomever |\n"), [1]);
    }

    #[test]
    fn in_code_only_comments_count() {
        assert_eq!(lines("a.md", "```rust\nlet anew = 1; // anew\n/// Nobody.\n```\nnobody\n"), [2, 3, 5]);
        assert_eq!(lines("crates/a/src/b.rs", "/// ```\n/// anew(); // anew\n/// ```\nlet anew = 1; // anew\n"), [2]);
        assert_eq!(lines("crates/a/tests/it/b.rs", "/// Anew.\n"), [0; 0]);
        assert_eq!(lines("xtask/src/b.rs", "//! Anew.\n"), [0; 0]);
    }

    #[test]
    fn documentation_stands_alone() {
        let docs =
            "/// The same as that.\nfn a() {}\n\n/// It is\n/// the same.\n///\n/// The same, who knows.\nfn b() {}\n";
        assert_eq!(lines("crates/a/src/b.rs", docs), [1]);
        assert_eq!(lines("crates/a/src/b.rs", "//! Who ran.\n"), [1]);
        assert_eq!(lines("a.md", "The same for all.\n"), [0; 0]);
    }
}
