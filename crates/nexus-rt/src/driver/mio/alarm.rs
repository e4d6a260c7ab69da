//! `Alarm`: ends a wait at its deadline to the nanosecond, where the system's own timeout counts milliseconds.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::{Duration, Instant};

use mio::unix::SourceFd;
use mio::{Interest, Registry};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};

use super::ALARM;

/// A timer file beside the sockets.
#[derive(Debug)]
pub(super) struct Alarm {
    file: OwnedFd,
    /// When it goes off, or went off last.
    armed: Option<Instant>,
}

impl Alarm {
    pub(super) fn new(registry: &Registry) -> io::Result<Self> {
        let file = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
        registry.register(&mut SourceFd(&file.as_raw_fd()), ALARM, Interest::READABLE)?;
        Ok(Self { file, armed: None })
    }

    /// Ends the wait that follows at `until`, which is `left` from now.
    pub(super) fn arm(&mut self, until: Instant, left: Duration) -> io::Result<()> {
        // It is still to come, so the alarm has not gone off.
        if self.armed == Some(until) {
            return Ok(());
        }
        let once = Timespec { tv_sec: 0, tv_nsec: 0 };
        let seconds = i64::try_from(left.as_secs()).unwrap_or(i64::MAX);
        // Zero would disarm it.
        let value = Timespec { tv_sec: seconds, tv_nsec: i64::from(left.subsec_nanos().max(1)) };
        timerfd_settime(&self.file, TimerfdTimerFlags::empty(), &Itimerspec { it_interval: once, it_value: value })?;
        self.armed = Some(until);
        Ok(())
    }
}
