//! `Idle`: how a loop waits after a turn without work.

use std::fmt;
use std::hint::spin_loop;
use std::str::FromStr;
use std::thread;
use std::time::Instant;

/// How a loop waits when it has nothing to do.
///
/// Under a real-time scheduler, senders need another core, however the loop waits. A poll of an inbox spins while a
/// sender is in the middle of adding an event, and on one core it would keep that sender from finishing.
///
/// It parses from `spin`, `yield`, `block`, `backoff` (100 turns) and `backoff=N`, for a command-line option.
///
/// ```
/// use nexus_rt::wait::Wait;
///
/// assert_eq!("backoff=500".parse(), Ok(Wait::Backoff(500)));
/// assert_eq!(
///     "busy".parse::<Wait>().unwrap_err().to_string(),
///     "`busy` is not a way to wait: use `spin`, `yield`, `block`, `backoff` or `backoff=N`"
/// );
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Wait {
    /// Polls again at once: the lowest latency, at the cost of a whole core.
    Spin,
    /// Yields to other threads of the core, then polls again.
    Yield,
    /// Sleeps until an event comes: no processor time, at the cost of a wake-up's latency.
    Block,
    /// Polls again for this number of turns without work, then sleeps.
    Backoff(u32),
}

/// `backoff` without a number: some tens of microseconds of a loop that asks a selector.
const TURNS: u32 = 100;

impl FromStr for Wait {
    type Err = UnknownWait;

    fn from_str(name: &str) -> Result<Self, UnknownWait> {
        match name {
            "spin" => Ok(Self::Spin),
            "yield" => Ok(Self::Yield),
            "block" => Ok(Self::Block),
            "backoff" => Ok(Self::Backoff(TURNS)),
            _ => {
                let turns = name.strip_prefix("backoff=").and_then(|turns| turns.parse().ok());
                turns.map(Self::Backoff).ok_or_else(|| UnknownWait(name.into()))
            }
        }
    }
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Spin => f.write_str("spin"),
            Self::Yield => f.write_str("yield"),
            Self::Block => f.write_str("block"),
            Self::Backoff(turns) => write!(f, "backoff={turns}"),
        }
    }
}

/// The error of parsing a [`Wait`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnknownWait(String);

impl fmt::Display for UnknownWait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not a way to wait: use `spin`, `yield`, `block`, `backoff` or `backoff=N`", self.0)
    }
}

impl std::error::Error for UnknownWait {}

/// Decides before each wait whether the loop sleeps and until when, according to a [`Wait`].
///
/// ```
/// use std::time::{Duration, Instant};
///
/// use nexus_rt::wait::{Idle, Wait};
///
/// let mut idle = Idle::new(Wait::Backoff(2));
/// let now = Instant::now();
/// let next_timer = now + Duration::from_secs(1);
/// // A turn that ran handlers, then turns without work.
/// let until = [3, 0, 0, 0].map(|ran| idle.until(ran, now, Some(next_timer)));
/// let sleeps = until.map(|until| until == Some(next_timer));
/// assert_eq!(sleeps, [false, false, false, true]);
/// ```
#[derive(Clone, Debug)]
pub struct Idle {
    wait: Wait,
    /// A time that every clock has passed.
    past: Instant,
    /// Turns without work in a row.
    empty: u32,
}

impl Idle {
    /// Creates a policy that starts as after a turn with work.
    #[must_use]
    pub fn new(wait: Wait) -> Self {
        Self { wait, past: Instant::now(), empty: 0 }
    }

    /// Returns the time until which the next wait lasts: pass it to
    /// [`MioPoller::poll_until`](crate::MioPoller::poll_until) or [`Parker::park`](crate::wait::Parker::park).
    ///
    /// `ran` is the number of handlers that ran since the last wait, `now` is the time at which that wait ended, and
    /// `deadline` is that of the next timer. After a turn with work, and while the loop polls again, the result is in
    /// the past, so the loop does not sleep. Otherwise it is `deadline`, where `None` means no limit. With
    /// [`Wait::Yield`], this call yields.
    #[inline]
    #[must_use = "it says until when to sleep"]
    pub fn until(&mut self, ran: usize, now: Instant, deadline: Option<Instant>) -> Option<Instant> {
        self.empty = if ran == 0 { self.empty.saturating_add(1) } else { 0 };
        let sleeps = match self.wait {
            Wait::Block => ran == 0,
            Wait::Backoff(turns) => self.empty > turns,
            Wait::Spin | Wait::Yield => false,
        };
        if sleeps {
            return deadline;
        }
        if ran == 0 {
            match self.wait {
                Wait::Yield => thread::yield_now(),
                _ => spin_loop(),
            }
        }
        Some(self.past.min(now))
    }
}
