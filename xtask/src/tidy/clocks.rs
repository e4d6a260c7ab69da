//! The library takes the time as an argument. Only clocks, and code that waits until a time, read it.

use super::{Finding, Source};

/// Where time may be read, from the root: code that measures runs, the clock, the two sleeps, the drain, and
/// connections without a socket.
const READERS: &[&str] = &[
    "crates/nexus-gauge/src/timed.rs",
    "crates/nexus-gauge/src/watch",
    "crates/nexus-rt/src/clock/",
    "crates/nexus-rt/src/driver/connections/client.rs",
    "crates/nexus-rt/src/driver/mio/sleep.rs",
    "crates/nexus-rt/src/driver/parker.rs",
    "crates/nexus-rt/src/idle.rs",
    "crates/nexus-rt/src/lifecycle.rs",
];

pub(super) fn check(source: &Source) -> Vec<Finding> {
    let is_library = source.path.starts_with("crates/") && source.path.contains("/src/");
    if !is_library || READERS.iter().any(|reader| source.path.starts_with(reader)) {
        return vec![];
    }
    // Unit tests come last in their files, and may read the time.
    let code = source.lines().take_while(|(_, line)| !line.starts_with("#[cfg(test)]"));
    let reads = code.filter(|(_, line)| {
        let comment = line.trim_start().starts_with("//");
        !comment && ["Instant::now", "SystemTime", ".elapsed("].iter().any(|call| line.contains(call))
    });
    reads.map(|(number, _)| source.finding(number, "reads the time: take it as an argument")).collect()
}

#[cfg(test)]
mod tests {
    use super::super::source;
    use super::*;

    #[test]
    fn only_clocks_read_the_time() {
        let findings = |path: &str, text: &str| check(&source(path, text)).len();
        let read = "fn f() {\n    let now = Instant::now();\n}\n";
        assert_eq!(findings("crates/nexus-rt/src/driver/timer/mod.rs", read), 1);
        assert_eq!(findings("crates/nexus-timer/src/wheel.rs", "    SystemTime::now();\n    start.elapsed();\n"), 2);
        assert_eq!(
            findings("crates/nexus-timer/src/time.rs", "/// `Instant::now()`\n#[cfg(test)]\nInstant::now();"),
            0
        );
        assert_eq!(findings("crates/nexus-rt/src/clock/mod.rs", read), 0);
        assert_eq!(findings("crates/nexus-rt/tests/it/timers.rs", read), 0);
        assert_eq!(findings("demos/market-data/src/replay.rs", read), 0);
    }
}
