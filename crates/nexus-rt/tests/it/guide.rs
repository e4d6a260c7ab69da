//! The compile errors that the guide shows are those of the golden files, word by word.

use std::fs;
use std::path::Path;

/// What stands in the guide for lines that were left out.
const CUT: &str = "\n..\n";

#[test]
fn its_compile_errors_are_golden() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(here.join("../../docs/src/errors.md")).expect("the guide has a page on errors");
    let cases = fs::read_dir(here.join("tests/messages")).expect("there are golden files");
    let golden: Vec<String> = cases
        .map(|case| case.expect("a readable folder").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "stderr"))
        .map(|path| fs::read_to_string(path).expect("a golden file is a text"))
        .collect();

    let blocks = page.split("```text\n").skip(1).map(|rest| rest.split("```\n").next().expect("a block ends"));
    let shown: Vec<&str> = blocks.filter(|block| block.starts_with("error")).collect();
    assert!(shown.len() >= 10, "{} compile errors are shown", shown.len());
    for block in shown {
        assert!(golden.iter().any(|text| has_all_parts(text, block)), "no golden file says this:\n{block}");
    }
}

/// Whether the parts between the cuts are in `text`, in their order.
fn has_all_parts(text: &str, block: &str) -> bool {
    let mut rest = text;
    block.split(CUT).all(|part| match rest.split_once(part) {
        Some((_, after)) => {
            rest = after;
            true
        }
        None => false,
    })
}

#[test]
fn a_wrong_word_is_noticed() {
    let text = "error: a\n  b\n  c\n";
    assert!(has_all_parts(text, "error: a\n..\n  c\n"));
    assert!(!has_all_parts(text, "error: a\n  c\n"));
    assert!(!has_all_parts(text, "error: a\n..\n  d\n"));
    assert!(!has_all_parts(text, "  c\n..\n  b\n"));
}
