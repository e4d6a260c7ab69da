//! A file has one noun, and one noun fits in 400 lines.

use super::{Finding, Source};

const MOST: usize = 400;

pub(super) fn check(source: &Source) -> Vec<Finding> {
    let lines = source.text.lines().count();
    if source.is_rust() && lines > MOST {
        vec![source.finding(lines, format!("{lines} lines, {MOST} at most: split it by its nouns"))]
    } else {
        vec![]
    }
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
}
