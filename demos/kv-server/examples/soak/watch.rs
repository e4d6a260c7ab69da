//! Measures the server's memory, open files and latency. None of them may grow.

use std::fs;
use std::io::{self, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::{Counts, Outcome};

/// The part of the total time before the first figures count. By then, everything has reached its full size.
const WARM_UP: u32 = 4;
/// How much memory may grow after the warm-up, in KiB and as a part of it.
const SLACK_KB: u64 = 4_096;
const SLACK_PART: u64 = 10;
/// How many times as long the median reply may take. Other programs use the machine as well.
const SLOWER: u64 = 3;

/// The figures since the warm-up.
#[derive(Default)]
struct Figures {
    memory: Vec<u64>,
    files: Vec<u64>,
    /// The median latency in microseconds.
    median: Vec<u64>,
}

/// Prints the figures at intervals, and compares them at the end.
pub(crate) fn watch(
    pid: &str,
    time: Duration,
    end: Instant,
    (counts, latencies): (&Counts, &Mutex<Vec<u64>>),
    stopped: &dyn Fn() -> bool,
) -> Outcome<()> {
    let start = Instant::now();
    let mut figures = Figures::default();
    let every = (time / 40).min(Duration::from_secs(60)).max(Duration::from_millis(250));
    while Instant::now() < end && !stopped() {
        thread::sleep(every.min(end.saturating_duration_since(Instant::now())));
        let (memory, files) = (memory_kb(pid)?, open_files(pid)?);
        let mut taken = std::mem::take(&mut *latencies.lock().map_err(|_| "a client panicked")?);
        taken.sort_unstable();
        let part = |percent: usize| taken.get(taken.len() * percent / 100).copied().unwrap_or(0);
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let (at, replies, idle) = (start.elapsed(), read(&counts.replies), read(&counts.idle));
        writeln!(
            io::stdout(),
            "{:6.0} s  {memory:7} KiB  {files:5} files  {idle:5} idle  {:6} µs median  {:6} µs p99  {replies} replies",
            at.as_secs_f64(),
            part(50),
            part(99)
        )?;
        if at >= time / WARM_UP {
            figures.memory.push(memory);
            figures.files.push(files);
            figures.median.push(part(50));
        }
    }
    figures.compare()
}

impl Figures {
    /// A single figure varies with what the clients do at the time. Growth also shows in the lowest figures of the last
    /// third, beside the highest of the first.
    fn compare(&self) -> Outcome<()> {
        let Some(&first) = self.memory.first() else { return Ok(()) };
        let lowest = |figures: &[u64]| figures[figures.len() - figures.len().div_ceil(3)..].iter().copied().min();
        let highest = |figures: &[u64]| figures[..figures.len().div_ceil(3)].iter().copied().max();
        // What the figures are, how many times as much they may be late in the soak, and how much more than that.
        let all = [
            ("memory", "KiB", &self.memory, 1, SLACK_KB + first / SLACK_PART),
            ("open files", "files", &self.files, 1, 0),
            ("latency", "µs", &self.median, SLOWER, 0),
        ];
        for (what, unit, figures, times, more) in all {
            let (Some(early), Some(late)) = (highest(figures), lowest(figures)) else { continue };
            if late > early * times + more {
                return Err(format!("{what} grew from {early} to {late} {unit}").into());
            }
            let at = "in the first third after the warm-up (highest), and in the last (lowest)";
            writeln!(io::stdout(), "{what}: {early} and {late} {unit} {at}")?;
        }
        Ok(())
    }
}

fn memory_kb(pid: &str) -> Outcome<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("the server is gone")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

pub(crate) fn open_files(pid: &str) -> Outcome<u64> {
    Ok(fs::read_dir(format!("/proc/{pid}/fd"))?.count() as u64)
}
