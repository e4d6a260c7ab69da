//! Measures the server's memory, open files and latency. Memory and open files must not grow.

use std::fs;
use std::io::{self, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::{Counts, Outcome};

/// The part of the total time before the first figures count, and the least. By then, everything has reached its full
/// size.
const WARM_UP: u32 = 4;
const LEAST_WARM_UP: Duration = Duration::from_secs(60);
/// How much memory may grow after the warm-up, in KiB and as a part of it. The values of redis-benchmark take up to
/// 8 MiB, and as much again in replies and in the journal.
const SLACK_KB: u64 = 16_384;
const SLACK_PART: u64 = 20;
/// How many more files may be open: of clients that come and go, a different number is connected at any time, and a
/// slow round of redis-benchmark has 410 of them.
const SLACK_FILES: u64 = 500;
/// How often memory and open files are read for each figure, which is the lowest of them.
const READINGS: u32 = 20;

/// The figures since the warm-up. Memory and open files are the lowest of each interval.
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
        let (mut memory, mut files) = (u64::MAX, u64::MAX);
        for _ in 0..READINGS {
            thread::sleep((every / READINGS).min(end.saturating_duration_since(Instant::now())));
            (memory, files) = (memory.min(memory_kb(pid)?), files.min(open_files(pid)?));
        }
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
        if at >= (time / WARM_UP).max(LEAST_WARM_UP) {
            figures.memory.push(memory);
            figures.files.push(files);
            figures.median.extend((!taken.is_empty()).then(|| part(50)));
        }
    }
    figures.compare()
}

impl Figures {
    /// A single figure varies with what the clients do at the time. A leak raises the lowest figures as well.
    fn compare(&self) -> Outcome<()> {
        if self.memory.len() < 3 {
            return Err("the soak was too short to compare figures".into());
        }
        let (early, late) = lowest("memory", "KiB", &self.memory)?;
        if late > early + SLACK_KB + early / SLACK_PART {
            return Err(format!("memory grew from {early} to {late} KiB").into());
        }
        let (early, late) = lowest("open files", "files", &self.files)?;
        if late > early + SLACK_FILES {
            return Err(format!("open files grew from {early} to {late}").into());
        }
        // Other programs use the machine as well, so the latency only informs.
        lowest("median latency", "µs", &self.median)?;
        Ok(())
    }
}

/// Prints and returns the lowest figures of the first third and of the last.
fn lowest(what: &str, unit: &str, figures: &[u64]) -> Outcome<(u64, u64)> {
    let third = figures.len().div_ceil(3);
    let lowest = |figures: &[u64]| figures.iter().copied().min().unwrap_or(0);
    let (early, late) = (lowest(&figures[..third]), lowest(&figures[figures.len() - third..]));
    let at = "in the first third after the warm-up, and in the last";
    writeln!(io::stdout(), "{what}: {early} and {late} {unit} {at} (lowest)")?;
    Ok((early, late))
}

fn memory_kb(pid: &str) -> Outcome<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("the server is gone")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

pub(crate) fn open_files(pid: &str) -> Outcome<u64> {
    Ok(fs::read_dir(format!("/proc/{pid}/fd"))?.count() as u64)
}
