//! No unfinished code lands.

use super::{Finding, Source};

/// Split, so that this file does not find itself.
const LEFTOVERS: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
    concat!("to", "do!("),
    concat!("unimpl", "emented!("),
    concat!("db", "g!("),
    concat!("#[ig", "nore"),
    concat!("allow(", "dead_code"),
    concat!("allow(", "unused"),
];

pub(super) fn check(source: &Source) -> Vec<Finding> {
    let found = |(number, line): (usize, &str)| {
        let leftover = LEFTOVERS.iter().find(|leftover| line.contains(**leftover))?;
        Some(source.finding(number, format!("`{leftover}` is left over: finish it, or put it in an issue")))
    };
    source.lines().filter_map(found).collect()
}

#[cfg(test)]
mod tests {
    use super::super::source;
    use super::*;

    #[test]
    fn each_leftover_is_found() {
        for leftover in LEFTOVERS {
            assert_eq!(check(&source("a.rs", &format!("x\n    {leftover} y\n")))[0].line, 2);
        }
        assert_eq!(check(&source("a.rs", "fn done() {}\n")), []);
    }
}
