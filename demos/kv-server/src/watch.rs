//! What is watched of requests beyond counters, as a resource: the clients that see them, and the ones that took long.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use nexus_rt::connections::ConnectionId;

/// The maximum number of samples kept for an event.
const SAMPLES: usize = 160;

/// The maximum number of arguments kept of a slow request. Long arguments and names are cut too.
const ARGUMENTS: usize = 32;
const ARGUMENT: usize = 128;

/// At thresholds below this, usually quick requests are timed too.
const QUICK: Duration = Duration::from_millis(1);

/// The monitors, and the requests and events that took long.
#[derive(Debug)]
pub(crate) struct Watch {
    /// The clients that see the requests of others.
    monitors: Vec<ConnectionId>,
    pub(crate) slow: Slow,
    pub(crate) latency: Latency,
}

/// The requests that took long, latest first.
#[derive(Debug)]
pub(crate) struct Slow {
    /// The threshold, in microseconds; negative for none.
    pub(crate) slower_than: i64,
    pub(crate) most: usize,
    entries: VecDeque<SlowRequest>,
    next: i64,
}

/// A request that took long.
#[derive(Debug)]
pub(crate) struct SlowRequest {
    pub(crate) number: i64,
    /// When it ran, in seconds since 1970.
    pub(crate) unix: i64,
    pub(crate) micros: i64,
    pub(crate) arguments: Vec<Box<[u8]>>,
    pub(crate) address: Box<str>,
    pub(crate) name: Box<[u8]>,
}

/// The events that took long.
#[derive(Debug, Default)]
pub(crate) struct Latency {
    /// The threshold, in milliseconds; 0 for none.
    pub(crate) threshold: i64,
    pub(crate) events: BTreeMap<&'static str, Event>,
}

/// The samples of an event.
#[derive(Debug, Default)]
pub(crate) struct Event {
    /// The time in seconds since 1970, and the duration in milliseconds: the longest of each second.
    pub(crate) samples: VecDeque<(i64, i64)>,
    pub(crate) worst: i64,
}

impl Default for Watch {
    fn default() -> Self {
        let slow = Slow { slower_than: 10_000, most: 128, entries: VecDeque::new(), next: 0 };
        Self { monitors: Vec::new(), slow, latency: Latency::default() }
    }
}

impl Watch {
    /// Returns the clients that see the requests of others.
    pub(crate) fn monitors(&self) -> &[ConnectionId] {
        &self.monitors
    }

    /// Starts or stops showing a client the requests of others.
    pub(crate) fn monitor(&mut self, client: ConnectionId, on: bool) {
        self.monitors.retain(|id| *id != client);
        if on {
            self.monitors.push(client);
        }
    }

    /// Returns whether usually quick requests are watched.
    pub(crate) fn is_of_all(&self) -> bool {
        let below = u64::try_from(self.slow.slower_than).is_ok_and(|micros| Duration::from_micros(micros) < QUICK);
        !self.monitors.is_empty() || below || self.latency.threshold > 0
    }
}

impl Slow {
    /// Keeps a request if it took long. Its arguments must not contain passwords.
    pub(crate) fn note<'a>(
        &mut self,
        (unix, took): (i64, Duration),
        arguments: impl ExactSizeIterator<Item = &'a [u8]>,
        (address, name): (impl FnOnce() -> String, &[u8]),
    ) {
        let micros = i64::try_from(took.as_micros()).unwrap_or(i64::MAX);
        if self.slower_than < 0 || micros < self.slower_than {
            return;
        }
        let count = arguments.len();
        let kept = if count > ARGUMENTS { ARGUMENTS - 1 } else { count };
        let mut shown: Vec<Box<[u8]>> = arguments.take(kept).map(short).collect();
        if kept < count {
            shown.push(format!("... ({} more arguments)", count - kept).into_bytes().into());
        }
        let (number, address) = (self.next, address().into());
        self.next += 1;
        self.entries.push_front(SlowRequest { number, unix, micros, arguments: shown, address, name: short(name) });
        self.shorten();
    }

    /// Removes the oldest requests beyond the limit.
    pub(crate) fn shorten(&mut self) {
        self.entries.truncate(self.most);
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
    }

    pub(crate) fn entries(&self) -> impl ExactSizeIterator<Item = &SlowRequest> {
        self.entries.iter()
    }
}

/// Cuts an argument or a name that is too long.
fn short(argument: &[u8]) -> Box<[u8]> {
    if argument.len() <= ARGUMENT {
        return argument.into();
    }
    let rest = format!("... ({} more bytes)", argument.len() - ARGUMENT);
    [&argument[..ARGUMENT], rest.as_bytes()].concat().into()
}

impl Latency {
    /// Keeps how long an event took, if that is long.
    pub(crate) fn note(&mut self, event: &'static str, (unix, took): (i64, Duration)) {
        let millis = i64::try_from(took.as_millis()).unwrap_or(i64::MAX);
        if self.threshold == 0 || millis < self.threshold {
            return;
        }
        let event = self.events.entry(event).or_default();
        event.worst = event.worst.max(millis);
        match event.samples.back_mut() {
            Some((second, worst)) if *second == unix => *worst = millis.max(*worst),
            _ => event.samples.push_back((unix, millis)),
        }
        if event.samples.len() > SAMPLES {
            event.samples.pop_front();
        }
    }
}
