//! A file begins by stating its purpose.

use super::{Finding, Source};

pub(super) fn check(source: &Source) -> Vec<Finding> {
    // The cases of golden messages are programs whose line numbers are in the messages.
    let exempt = !source.is_rust() || source.path.contains("/tests/messages/");
    if exempt || source.text.starts_with("//! ") {
        vec![]
    } else {
        vec![source.finding(1, "the first line must be `//! ` and one sentence on what the file is for")]
    }
}

#[cfg(test)]
mod tests {
    use super::super::source;
    use super::*;

    #[test]
    fn a_file_without_a_sentence_is_found() {
        assert_eq!(check(&source("a.rs", "//! Does a thing.\n")), []);
        assert_eq!(check(&source("a.rs", "use b;\n")).len(), 1);
        assert_eq!(check(&source("a.rs", "//!\n")).len(), 1);
        assert_eq!(check(&source("x/tests/messages/a.rs", "use b;\n")), []);
    }
}
