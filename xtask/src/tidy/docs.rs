//! Every example is compiled.

use super::{Finding, Source};

pub(super) fn check(source: &Source) -> Vec<Finding> {
    let fence = "```";
    source
        .lines()
        .filter(|(_, line)| {
            let line = line.trim_start().trim_start_matches(['/', '!']).trim_start();
            line.strip_prefix(fence).is_some_and(|tags| tags.split(',').any(|tag| tag.trim() == "ignore"))
        })
        .map(|(number, _)| source.finding(number, "an example that is not compiled: make it one, or mark it as `text`"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::source;
    use super::*;

    #[test]
    fn ignored_examples_are_found() {
        let fenced = |tags: &str| check(&source("a.md", &format!("```{tags}\n```\n"))).len();
        assert_eq!((fenced(""), fenced("text"), fenced("compile_fail"), fenced("no_run")), (0, 0, 0, 0));
        assert_eq!((fenced("ignore"), fenced("rust,ignore")), (1, 1));
        assert_eq!(check(&source("a.rs", "/// ```ignore\n")).len(), 1);
    }
}
