//! What the operating system reports about the process. Unknown numbers are 0.

use std::fs::File;
use std::io::Read;
use std::sync::OnceLock;

/// The length of the longest of the files read here, and more. The system does not tell it.
const LONGEST: usize = 4096;

/// The memory of the process and of the machine, in bytes.
pub(crate) struct Memory {
    pub(crate) resident: u64,
    pub(crate) total: u64,
}

/// Returns the text of a file of the system. Room for all of it saves many short reads.
fn text(file: &str) -> String {
    let mut text = String::with_capacity(LONGEST);
    let read = File::open(file).and_then(|mut file| file.read_to_string(&mut text));
    if read.is_ok() { text } else { String::new() }
}

/// Returns the kilobytes in a line of a file.
fn kilobytes(file: &str, name: &str) -> u64 {
    let text = text(file);
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

pub(crate) fn memory() -> Memory {
    static TOTAL: OnceLock<u64> = OnceLock::new();
    Memory {
        resident: kilobytes("/proc/self/status", "VmRSS:") * 1024,
        total: *TOTAL.get_or_init(|| kilobytes("/proc/meminfo", "MemTotal:") * 1024),
    }
}

/// Returns the processor time of the process, in user mode and in the kernel, in seconds.
pub(crate) fn processor_seconds() -> [f64; 2] {
    /// The unit in which the system counts, on every Linux machine.
    const TICKS: f64 = 100.0;
    let text = text("/proc/self/stat");
    // The second field is the name in parentheses, which may contain blanks.
    let fields: Vec<_> = text.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    [11, 12].map(|at| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0) / TICKS)
}

/// Returns the system and its version.
pub(crate) fn name() -> &'static str {
    static NAME: OnceLock<String> = OnceLock::new();
    NAME.get_or_init(|| {
        let release = text("/proc/sys/kernel/osrelease");
        let family = if cfg!(target_os = "linux") { "Linux" } else { std::env::consts::OS };
        format!("{family} {} {}", release.trim(), std::env::consts::ARCH)
    })
}
