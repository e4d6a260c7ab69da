//! `Progress`: a bar on the terminal, if it takes long.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use nexus_rt::Clock;

/// What takes less time than this shows no bar.
const PATIENCE: Duration = Duration::from_millis(500);

/// How often the time is looked at, in records.
const EVERY: u32 = 1_024;

/// A bar on the standard error, if that is a terminal and it takes long.
pub(crate) struct Progress {
    clock: Clock,
    started: Instant,
    calls: u32,
    bar: Option<ProgressBar>,
    is_shown: bool,
}

impl Progress {
    pub(crate) fn new() -> Self {
        let clock = Clock::realtime();
        let started = clock.now();
        Self { clock, started, calls: 0, bar: None, is_shown: io::stderr().is_terminal() }
    }

    /// Shows none where lines are printed between.
    pub(crate) fn unless(mut self, is_printed: bool) -> Self {
        self.is_shown &= !is_printed;
        self
    }

    /// Notes that `read` of `length` bytes were read.
    pub(crate) fn at(&mut self, (read, length): (u64, u64)) {
        self.calls += 1;
        if !self.is_shown || !self.calls.is_multiple_of(EVERY) {
            return;
        }
        self.clock.update();
        if self.bar.is_none() && self.clock.now() - self.started >= PATIENCE {
            let style = ProgressStyle::with_template("{bar:40} {bytes} of {total_bytes}, {eta} left");
            let bar = ProgressBar::new(length);
            self.bar = Some(style.map(|style| bar.clone().with_style(style)).unwrap_or(bar));
        }
        if let Some(bar) = &self.bar {
            bar.set_position(read);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
