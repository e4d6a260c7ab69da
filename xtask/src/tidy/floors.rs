//! Modules of the library import only from lower floors.

use super::{Finding, Source};

const ROOM: &str = "crates/nexus-rt/src/";

/// From the ground up. Modules on one floor do not import each other.
const FLOORS: &[&[&str]] = &[
    &["sequence", "names", "nonce", "clock", "sealed", "doorbell", "idle", "shutdown"],
    &["world"],
    &["param"],
    &["describe"],
    &["call"],
    &["handler"],
    &["step"],
    &["chain"],
    &["callback", "adapt", "fan_out", "broadcast", "inline"],
    &["catch_unwind", "into_handler", "pipeline"],
    &["batch", "dag", "surround", "template", "system", "poll"],
    &["scheduler", "lifecycle", "driver"],
    &["testing", "connections", "datagrams", "inbox", "io", "reactors", "timer", "wait"],
];

pub(super) fn check(source: &Source) -> Vec<Finding> {
    let Some(path) = source.path.strip_prefix(ROOM).filter(|path| *path != "lib.rs") else { return vec![] };
    let module = path.split(['/', '.']).next().expect("split gives at least one part");
    let Some(floor) = floor_of(module) else {
        return vec![
            source.finding(1, format!("`{module}` has no floor yet: give it one in xtask/src/tidy/floors.rs")),
        ];
    };
    let mut findings = Vec::new();
    for (number, line) in source.lines() {
        let code = line.trim_start();
        if code.starts_with("//") {
            continue;
        }
        // Code that a macro generates for users, `$crate::..`, goes through the root.
        for (at, _) in code.match_indices("crate::").filter(|(at, _)| !code[..*at].ends_with('$')) {
            let target = code[at + "crate::".len()..].split(|c: char| !c.is_alphanumeric() && c != '_').next();
            let target = target.expect("split gives at least one part");
            let wrong = match floor_of(target) {
                _ if target == module => None,
                Some(other) if other < floor => None,
                Some(other) => Some(format!("`{module}` (floor {floor}) imports from `{target}` (floor {other})")),
                None => Some(format!("`crate::{target}`: import from the module itself, not through the root")),
            };
            findings.extend(wrong.map(|message| source.finding(number, message)));
        }
    }
    findings
}

fn floor_of(module: &str) -> Option<usize> {
    FLOORS.iter().position(|rooms| rooms.contains(&module))
}

#[cfg(test)]
mod tests {
    use super::super::source;
    use super::*;

    #[test]
    fn imports_go_down() {
        let findings = |path: &str, text: &str| check(&source(&format!("{ROOM}{path}"), text)).len();
        assert_eq!(findings("param/mod.rs", "use crate::world::World;\nuse crate::param::x;\n"), 0);
        assert_eq!(findings("world/key.rs", "use crate::param::Res;\n"), 1);
        assert_eq!(findings("world/key.rs", "    let x = crate::call::f(crate::step::G);\n"), 2);
        assert_eq!(findings("world/key.rs", "/// [`Res`](crate::Res)\n"), 0);
        assert_eq!(findings("pipeline.rs", "use crate::into_handler::X;\n"), 1);
        assert_eq!(findings("chain/any.rs", "use crate::Resolved;\n"), 1);
        assert_eq!(findings("pipeline.rs", "$crate::FanOut::new()\n"), 0);
        assert_eq!(findings("novel.rs", "//! New.\n"), 1);
        assert_eq!(findings("lib.rs", "use crate::anything;\n"), 0);
        assert_eq!(check(&source("demos/a/src/main.rs", "use crate::anything;\n")), []);
    }
}
