//! What the operating system reports about the process. Unknown numbers are 0.

use std::fs;

/// The memory of the process and of the machine, in bytes.
pub(crate) struct Memory {
    pub(crate) resident: u64,
    pub(crate) total: u64,
}

/// Returns the kilobytes in a line of a file.
fn kilobytes(file: &str, name: &str) -> u64 {
    let text = fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

pub(crate) fn memory() -> Memory {
    Memory {
        resident: kilobytes("/proc/self/status", "VmRSS:") * 1024,
        total: kilobytes("/proc/meminfo", "MemTotal:") * 1024,
    }
}

/// Returns the processor time of the process, in user mode and in the kernel, in seconds.
pub(crate) fn processor_seconds() -> [f64; 2] {
    /// The unit in which the system counts, on every Linux machine.
    const TICKS: f64 = 100.0;
    let text = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The second field is the name in parentheses, which may contain blanks.
    let fields: Vec<_> = text.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    [11, 12].map(|at| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0) / TICKS)
}

/// Returns the system and its version.
pub(crate) fn name() -> String {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let family = if cfg!(target_os = "linux") { "Linux" } else { std::env::consts::OS };
    format!("{family} {} {}", release.trim(), std::env::consts::ARCH)
}
