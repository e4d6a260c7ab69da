//! `Sleep`: one wait for sources, which ends at its time.

use std::io;
use std::time::{Duration, Instant};

use mio::{Events, Poll, Registry};

#[cfg(target_os = "linux")]
use super::alarm::Alarm;

/// How long a wait may last.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Limit {
    /// It only asks.
    Now,
    /// Until a time, or without limit.
    Until(Option<Instant>),
}

impl Limit {
    pub(super) fn of(timeout: Option<Duration>) -> Self {
        match timeout {
            Some(Duration::ZERO) => Self::Now,
            Some(timeout) => Self::Until(Instant::now().checked_add(timeout)),
            None => Self::Until(None),
        }
    }

    /// Returns the limit of a wait until a deadline on the clock of `now`, which may be ahead of the machine's.
    pub(super) fn by(now: Instant, until: Option<Instant>) -> Self {
        match until {
            Some(until) if until <= now => Self::Now,
            Some(until) => Self::Until(Some(until - now.saturating_duration_since(Instant::now()))),
            None => Self::Until(None),
        }
    }

    /// Returns the time that is left.
    pub(super) fn left(self) -> Duration {
        match self {
            Self::Now => Duration::ZERO,
            Self::Until(None) => Duration::MAX,
            Self::Until(Some(until)) => until.saturating_duration_since(Instant::now()),
        }
    }
}

/// Waits for sources. On Linux a timer file ends the wait at its time; elsewhere it ends within the resolution of the
/// system's own timeout.
pub(super) struct Sleep {
    #[cfg(target_os = "linux")]
    alarm: Alarm,
}

impl Sleep {
    pub(super) fn new(registry: &Registry) -> io::Result<Self> {
        #[cfg(not(target_os = "linux"))]
        let _ = registry;
        Ok(Self {
            #[cfg(target_os = "linux")]
            alarm: Alarm::new(registry)?,
        })
    }

    /// Asks the system until something is ready or the time has come. An interruption by a signal does not end it.
    pub(super) fn until(&mut self, poll: &mut Poll, events: &mut Events, limit: Limit) -> io::Result<()> {
        loop {
            let timeout = match limit {
                Limit::Now => Some(Duration::ZERO),
                Limit::Until(until) => self.timeout(until)?,
            };
            match poll.poll(events, timeout) {
                Ok(()) if timeout == Some(Duration::ZERO) || !self.early(events) => return Ok(()),
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The timeout of a wait until a time.
    #[cfg(target_os = "linux")]
    fn timeout(&mut self, until: Option<Instant>) -> io::Result<Option<Duration>> {
        let Some(until) = until else { return Ok(None) };
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(Some(left));
        }
        self.alarm.arm(until, left)?;
        Ok(None)
    }

    #[cfg(not(target_os = "linux"))]
    fn timeout(&mut self, until: Option<Instant>) -> io::Result<Option<Duration>> {
        Ok(until.map(|until| until.saturating_duration_since(Instant::now())))
    }

    /// Whether nothing but the alarm of an earlier wait has ended this one.
    #[cfg(target_os = "linux")]
    fn early(&self, events: &Events) -> bool {
        !events.is_empty() && events.iter().all(|event| event.token() == super::ALARM)
    }

    #[cfg(not(target_os = "linux"))]
    #[expect(clippy::unused_self, reason = "as on Linux")]
    fn early(&self, _: &Events) -> bool {
        false
    }
}
