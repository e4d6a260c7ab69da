//! What commands do with keys, and the timers that expire them.

use std::num::NonZeroI64;
use std::time::{Duration, Instant};

use nexus_rt::timer::TimerEvent;
use nexus_rt::{CallbackTemplate, Clock, Param, Res, ResMut, TemplatedCallback, TimerWheel, callback_blueprint};

use crate::keys::{Bytes, Keys};
use crate::stats::Stats;
use crate::trace::Change;

/// The maximum number of keys with a timer. A timer wheel moves many timers at once; moving this many takes no
/// noticeable time. Keys beyond these expire just as exactly, since no command sees an expired key, but their memory is
/// freed later.
const TIMERS: usize = 32_768;

callback_blueprint!(
    /// The timer that expires a key. The key is its context.
    pub OnExpiry,
    Context = Bytes,
    Event = TimerEvent,
    Params = (ResMut<'static, Keys>, ResMut<'static, Stats>),
);

/// The timers of keys that expire.
pub(crate) type ExpiryTimers = TimerWheel<TemplatedCallback<OnExpiry>>;

/// Creates those timers; a resource.
pub(crate) struct ExpiryTemplate(pub(crate) CallbackTemplate<OnExpiry>);

/// Expires a key, unless a client has written to it since its expiry time.
pub(crate) fn on_expiry(key: &mut Bytes, mut keys: ResMut<Keys>, mut stats: ResMut<Stats>, timer: TimerEvent) {
    stats.expired += 1;
    if keys.entries.get(&**key).is_some_and(|entry| entry.timer == Some(timer.key)) {
        keys.remove(key);
    }
}

/// Gives commands access to keys. An expired key does not exist for commands, whether or not its timer has run.
#[derive(Param)]
pub(crate) struct Db<'w> {
    keys: ResMut<'w, Keys>,
    timers: ResMut<'w, ExpiryTimers>,
    template: Res<'w, ExpiryTemplate>,
    clock: Res<'w, Clock>,
}

/// When a value that is set expires.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ends {
    /// Never, even if the previous value would have expired.
    Never,
    /// When the previous value would have expired.
    AsBefore,
    /// At this time, in milliseconds since 1970.
    AtUnixMs(i64),
}

impl Db<'_> {
    /// Returns the current time, in milliseconds since 1970.
    #[must_use]
    pub(crate) fn now_ms(&self) -> i64 {
        unix_ms(&self.clock)
    }

    /// Returns all keys, to read.
    #[inline]
    #[must_use]
    pub(crate) fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Sets a value.
    #[inline]
    pub(crate) fn set(&mut self, key: &[u8], value: &[u8], ends: Ends) {
        let had_end = self.keys.write(key, |entry| {
            let old = &mut entry.value;
            // Do not keep a large allocation for a small value.
            if old.capacity() > 64 + 2 * value.len() {
                *old = Bytes::with_capacity(value.len());
            }
            old.clear();
            old.extend_from_slice(value);
            entry.ends.is_some()
        });
        match ends {
            Ends::Never if had_end => _ = self.persist(key),
            Ends::Never | Ends::AsBefore => {}
            Ends::AtUnixMs(at) => _ = self.expire_at(key, at),
        }
    }

    /// Replaces the value of a key and its expiry time.
    pub(crate) fn put(&mut self, key: &[u8], value: Bytes, ends: Option<i64>) {
        self.keys.write(key, |entry| entry.value = value);
        match ends {
            None => _ = self.persist(key),
            Some(at) => _ = self.expire_at(key, at),
        }
    }

    /// Returns a random key. Every key is equally likely.
    pub(crate) fn any_key(&mut self) -> Option<&[u8]> {
        const TRIES: usize = 100;
        let keys = &mut *self.keys;
        for _ in 0..TRIES.min(keys.len()) {
            // Steele and Vigna's 64-bit splitmix.
            keys.dice = keys.dice.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mixed = (keys.dice ^ keys.dice >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
            let at = usize::try_from((mixed ^ mixed >> 31) % keys.len() as u64).unwrap_or(0);
            if keys.entries[at].lives(keys.now_ms) {
                return keys.entries.get_index(at).map(|(key, _)| &**key);
            }
        }
        // Nearly all keys have expired.
        keys.iter().next()
    }

    /// Changes a value in place, starting from an empty one if there is none. Its expiry time does not change.
    #[inline]
    pub(crate) fn update<T>(&mut self, key: &[u8], update: impl FnOnce(&mut Bytes) -> T) -> T {
        self.keys.write(key, |entry| update(&mut entry.value))
    }

    /// Removes a key and returns its value.
    pub(crate) fn remove(&mut self, key: &[u8]) -> Option<Bytes> {
        let entry = self.keys.remove(key)?;
        if !entry.lives(self.keys.now_ms) {
            return None;
        }
        self.keys.trace.note(Change::Removed, key, &entry);
        if let Some(timer) = entry.timer {
            self.timers.cancel(timer);
        }
        Some(entry.value)
    }

    /// Removes all keys.
    pub(crate) fn clear(&mut self) {
        for timer in self.keys.clear() {
            self.timers.cancel(timer);
        }
    }

    /// Sets the expiry time of a key, in milliseconds since 1970. A past time expires the key at once. Returns whether
    /// the key exists.
    pub(crate) fn expire_at(&mut self, key: &[u8], unix_ms: i64) -> bool {
        let Keys { entries, watched, now_ms, untimed, trace, .. } = &mut *self.keys;
        let Some((_, name, entry)) = entries.get_full_mut(key) else { return false };
        if !entry.lives(*now_ms) {
            return false;
        }
        let (deadline, ends) = (deadline(&self.clock, unix_ms), NonZeroI64::new(unix_ms));
        if deadline.is_some_and(|deadline| deadline <= self.clock.now()) {
            self.remove(key);
            return true;
        }
        watched.touch(key);
        // A time that the machine cannot express never comes.
        let Some(deadline) = deadline else {
            self.persist(key);
            return true;
        };
        match entry.timer {
            Some(timer) => _ = self.timers.reschedule(timer, deadline),
            None if self.timers.len() < TIMERS => {
                *untimed -= usize::from(entry.ends.is_some());
                entry.timer = Some(self.timers.schedule(deadline, self.template.0.generate(name.clone())));
            }
            None => *untimed += usize::from(entry.ends.is_none()),
        }
        entry.ends = ends;
        trace.note(Change::Ends, key, entry);
        true
    }

    /// Removes the expiry time of a key. Returns whether it had one.
    pub(crate) fn persist(&mut self, key: &[u8]) -> bool {
        let Keys { entries, watched, now_ms, untimed, trace, .. } = &mut *self.keys;
        let entry = entries.get_mut(key).filter(|entry| entry.ends.is_some() && entry.lives(*now_ms));
        let Some(entry) = entry else { return false };
        watched.touch(key);
        entry.ends = None;
        trace.note(Change::Persisted, key, entry);
        match entry.timer.take() {
            Some(timer) => _ = self.timers.cancel(timer),
            None => *untimed -= 1,
        }
        true
    }
}

/// Returns the current time, in milliseconds since 1970.
pub(crate) fn unix_ms(clock: &Clock) -> i64 {
    i64::try_from(clock.unix().as_millis()).unwrap_or(i64::MAX)
}

/// Returns the instant at which a millisecond of the calendar begins.
fn deadline(clock: &Clock, unix_ms: i64) -> Option<Instant> {
    match u64::try_from(unix_ms) {
        Ok(unix_ms) => clock.instant_of(Duration::from_millis(unix_ms)),
        Err(_) => Some(clock.now()),
    }
}
