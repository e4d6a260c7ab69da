//! `Watch`: a thread that reports which handler stalls the loop.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nexus_rt::Sequence;

use crate::board::Board;

/// A run that lasts, or lasted, longer than the limit of a [`Watch`]. Its text names the handler, the duration and the
/// event.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Stall {
    /// The name of the handler: the innermost one, if handlers run inside each other.
    pub handler: String,
    /// The event: the sequence of the world when the handler began.
    pub sequence: Sequence,
    /// How long the outermost handler has been seen running.
    pub lasted: Duration,
    /// Whether the handler has returned, so that the loop turns again.
    pub ended: bool,
}

impl fmt::Display for Stall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { handler, sequence, lasted, ended } = self;
        let verb = if *ended { "stalled" } else { "has stalled" };
        write!(f, "`{handler}` {verb} the loop for {lasted:.1?} on event {sequence}")
    }
}

/// Watches a loop for stalls until it is dropped: see [`Board::watch`].
#[derive(Debug)]
#[must_use = "the loop is watched until it is dropped"]
pub struct Watch {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Board {
    /// Starts a thread that calls `report` when a measured handler runs for longer than `limit`, and again when that
    /// handler has returned.
    ///
    /// The loop reads no clock for it. The thread looks four times per limit, so a report comes up to half a limit
    /// late, and the reported duration is up to a quarter of a limit short. That of a handler that has returned may
    /// also be up to a quarter of a limit long, since the thread sees the end only when it looks next. Only measured
    /// handlers are seen. A loop that sleeps or polls drivers without events is not stalled. `report` may drop the
    /// watch, which ends it.
    ///
    /// ```
    /// use std::sync::mpsc;
    /// use std::time::Duration;
    ///
    /// use nexus_gauge::Board;
    /// use nexus_rt::{Handler, IntoHandler, WorldBuilder};
    ///
    /// let mut world = WorldBuilder::new().build();
    /// let (report, reports) = mpsc::channel();
    ///
    /// let board = Board::new();
    /// let watch = board.watch(Duration::from_millis(10), move |stall| _ = report.send(stall));
    /// // A handler that returns only once its stall is reported.
    /// let wait = move |_: ()| assert!(!reports.recv().unwrap().ended);
    /// board.timed(wait.into_handler(world.registry())).run(&mut world, ());
    /// ```
    ///
    /// # Panics
    /// If `limit` is zero.
    #[track_caller]
    pub fn watch(&self, limit: Duration, mut report: impl FnMut(Stall) + Send + 'static) -> Watch {
        assert!(!limit.is_zero(), "a limit of zero would report every run: use a longer one");
        let stop = Arc::new(AtomicBool::new(false));
        let (board, stopped) = (self.clone(), stop.clone());
        let thread = thread::spawn(move || {
            let mut eye = Eye { limit, seen: None };
            // Not zero, for a limit of a few nanoseconds.
            let pause = (limit / 4).max(Duration::from_micros(1));
            while !stopped.load(Ordering::Relaxed) {
                thread::park_timeout(pause);
                if let Some(stall) = eye.look(&board, Instant::now()) {
                    report(stall);
                }
            }
        });
        Watch { stop, thread: Some(thread) }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // Not if `report` drops the watch on that thread. If it has panicked, the panic hook has told of it.
            if thread.thread().id() != thread::current().id() {
                _ = thread.join();
            }
        }
    }
}

/// What a watch has seen.
struct Eye {
    limit: Duration,
    seen: Option<Seen>,
}

struct Seen {
    /// The number of the outermost run.
    run: u64,
    since: Instant,
    told: Option<Stall>,
}

impl Eye {
    /// Looks at the loop, at this time.
    fn look(&mut self, board: &Board, at: Instant) -> Option<Stall> {
        let now @ (running, sequence, run) = board.0.now.read();
        let seen = match &mut self.seen {
            Some(seen) if running != 0 && seen.run == run => seen,
            seen => {
                let next = (running != 0).then_some(Seen { run, since: at, told: None });
                let Seen { since, told, .. } = std::mem::replace(seen, next)?;
                return told.map(|stall| Stall { lasted: at.saturating_duration_since(since), ended: true, ..stall });
            }
        };
        let lasted = at.saturating_duration_since(seen.since);
        // If it goes on meanwhile, what was read may be of two runs.
        if seen.told.is_some() || lasted < self.limit || board.0.now.read() != now {
            return None;
        }
        let meters = board.meters();
        let handler = meters.iter().find(|meter| meter.0.mark == running)?.name().to_owned();
        seen.told = Some(Stall { handler, sequence: Sequence::new(sequence), lasted, ended: false });
        seen.told.clone()
    }
}

#[cfg(test)]
mod tests;
