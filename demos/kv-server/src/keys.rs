//! The keys and their values, as a resource, and the timers that end them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use indexmap::IndexMap;
use nexus_rt::timer::{TimerEvent, TimerKey};
use nexus_rt::{CallbackTemplate, Clock, Param, Res, ResMut, TemplatedCallback, TimerWheel, callback_blueprint};

use crate::stats::Stats;

/// What a key and its value take beside their bytes, roughly.
const OVERHEAD: usize = 96;

/// How much room for keys is never given back.
const ROOM: usize = 4_096;

/// All keys. They lie in a row, which SCAN goes through from its end.
#[derive(Debug, Default)]
pub struct Keys {
    entries: IndexMap<Arc<[u8]>, Entry>,
    /// What keys and values hold, in bytes.
    used: usize,
}

/// A value and when it ends.
#[derive(Debug, Default)]
struct Entry {
    value: Vec<u8>,
    expiry: Option<Expiry>,
}

/// When a value ends: as a time of the calendar, in milliseconds since 1970, which clients are told, and as a timer.
#[derive(Clone, Copy, Debug)]
struct Expiry {
    unix_ms: i64,
    timer: TimerKey,
}

impl Keys {
    /// How many keys there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// What keys and values hold, in bytes.
    #[must_use]
    pub fn used(&self) -> usize {
        self.used
    }

    /// How many keys end some time. Counts them.
    #[must_use]
    pub fn expiring(&self) -> usize {
        self.entries.values().filter(|entry| entry.expiry.is_some()).count()
    }

    /// A value.
    #[inline]
    #[must_use]
    pub fn get(&self, key: &[u8]) -> Option<&[u8]> {
        self.entries.get(key).map(|entry| entry.value.as_slice())
    }

    /// Whether there is such a key.
    #[inline]
    #[must_use]
    pub fn contains(&self, key: &[u8]) -> bool {
        self.entries.contains_key(key)
    }

    /// When a key ends, in milliseconds since 1970: `None` if there is no such key, `Some(None)` if it does not end.
    #[must_use]
    pub fn expiry_unix_ms(&self, key: &[u8]) -> Option<Option<i64>> {
        self.entries.get(key).map(|entry| entry.expiry.map(|expiry| expiry.unix_ms))
    }

    /// Every key, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.entries.keys().map(|key| &**key)
    }

    /// Calls `visit` with `count` keys below `cursor`, and gives the cursor of those that remain; 0 at the end. A scan
    /// begins with cursor 0.
    ///
    /// A key that is there all the time is visited. For a removed key leaves its place to the last one, which moves
    /// down, and so may be seen twice but is never passed over; and new keys come last.
    pub fn scan(&self, cursor: usize, count: usize, mut visit: impl FnMut(&[u8])) -> usize {
        let from = if cursor == 0 { self.entries.len() } else { cursor.min(self.entries.len()) };
        let to = from.saturating_sub(count);
        self.entries[to..from].keys().rev().for_each(|key| visit(key));
        to
    }

    /// Writes a value by `write`, which is given the old one or an empty one, and says what it says.
    #[inline]
    fn write<T>(&mut self, key: &[u8], write: impl FnOnce(&mut Vec<u8>) -> T) -> T {
        let entry = if let Some(entry) = self.entries.get_mut(key) {
            self.used -= entry.value.capacity();
            entry
        } else {
            self.used += OVERHEAD + key.len();
            self.entries.entry(key.into()).or_default()
        };
        let result = write(&mut entry.value);
        self.used += entry.value.capacity();
        result
    }

    /// Removes a key; gives its value and its timer.
    fn remove(&mut self, key: &[u8]) -> Option<(Vec<u8>, Option<TimerKey>)> {
        let entry = self.entries.swap_remove(key)?;
        self.used -= OVERHEAD + key.len() + entry.value.capacity();
        // Room for many keys is not kept for few.
        let room = self.entries.capacity();
        if room > ROOM && self.entries.len() < room / 8 {
            self.entries.shrink_to(room / 4);
        }
        Some((entry.value, entry.expiry.map(|expiry| expiry.timer)))
    }
}

callback_blueprint!(
    /// The timer that ends a key, which is its context.
    pub OnExpiry,
    Context = Arc<[u8]>,
    Event = TimerEvent,
    Params = (ResMut<'static, Keys>, ResMut<'static, Stats>),
);

/// The timers of all keys that end.
pub(crate) type ExpiryTimers = TimerWheel<TemplatedCallback<OnExpiry>>;

/// Stamps those timers: a resource.
pub(crate) struct ExpiryTemplate(pub(crate) CallbackTemplate<OnExpiry>);

/// Ends a key, if it still ends by this timer.
pub(crate) fn on_expiry(key: &mut Arc<[u8]>, mut keys: ResMut<Keys>, mut stats: ResMut<Stats>, timer: TimerEvent) {
    let expiry = keys.entries.get(&**key).and_then(|entry| entry.expiry);
    if expiry.is_some_and(|expiry| expiry.timer == timer.key) {
        keys.remove(key);
        stats.expired += 1;
    }
}

/// What commands ask for to work with keys. A key whose time has come is not there: timers run before commands do, by
/// the same clock.
#[derive(Param)]
pub(crate) struct Db<'w> {
    keys: ResMut<'w, Keys>,
    timers: ResMut<'w, ExpiryTimers>,
    template: Res<'w, ExpiryTemplate>,
    clock: Res<'w, Clock>,
}

/// When a value ends that is set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ends {
    /// It does not, also if the one before did.
    Never,
    /// When the one before would have.
    AsBefore,
    /// At this time, in milliseconds since 1970.
    AtUnixMs(i64),
}

impl Db<'_> {
    /// The present time, in milliseconds since 1970.
    #[must_use]
    pub(crate) fn now_ms(&self) -> i64 {
        i64::try_from(self.clock.unix().as_millis()).unwrap_or(i64::MAX)
    }

    /// All keys, to read.
    #[inline]
    #[must_use]
    pub(crate) fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Sets a value.
    #[inline]
    pub(crate) fn set(&mut self, key: &[u8], value: &[u8], ends: Ends) {
        self.keys.write(key, |old| {
            // A large room is not kept for a small value.
            if old.capacity() > 64 + 2 * value.len() {
                *old = Vec::with_capacity(value.len());
            }
            old.clear();
            old.extend_from_slice(value);
        });
        match ends {
            Ends::AsBefore => {}
            Ends::Never => _ = self.persist(key),
            Ends::AtUnixMs(at) => _ = self.expire_at(key, at),
        }
    }

    /// Changes a value in place, or an empty one if there is none. It ends when it would have.
    #[inline]
    pub(crate) fn update<T>(&mut self, key: &[u8], update: impl FnOnce(&mut Vec<u8>) -> T) -> T {
        self.keys.write(key, update)
    }

    /// Removes a key and gives its value.
    pub(crate) fn remove(&mut self, key: &[u8]) -> Option<Vec<u8>> {
        let (value, timer) = self.keys.remove(key)?;
        if let Some(timer) = timer {
            self.timers.cancel(timer);
        }
        Some(value)
    }

    /// Removes all keys.
    pub(crate) fn clear(&mut self) {
        let keys = std::mem::take(&mut *self.keys);
        let timers = keys.entries.values().filter_map(|entry| entry.expiry);
        timers.for_each(|expiry| _ = self.timers.cancel(expiry.timer));
    }

    /// Lets a key end at a time, in milliseconds since 1970: at once if that is past. Whether there is such a key.
    pub(crate) fn expire_at(&mut self, key: &[u8], unix_ms: i64) -> bool {
        let Some((_, name, entry)) = self.keys.entries.get_full_mut(key) else { return false };
        let deadline = deadline(&self.clock, unix_ms);
        if deadline.is_some_and(|deadline| deadline <= self.clock.now()) {
            self.remove(key);
            return true;
        }
        // A time that the machine cannot express will not come.
        let Some(deadline) = deadline else {
            self.persist(key);
            return true;
        };
        let timer = match entry.expiry {
            Some(Expiry { timer, .. }) => {
                self.timers.reschedule(timer, deadline);
                timer
            }
            None => self.timers.schedule(deadline, self.template.0.generate(name.clone())),
        };
        entry.expiry = Some(Expiry { unix_ms, timer });
        true
    }

    /// Lets a key not end any more. Whether it would have.
    #[inline]
    pub(crate) fn persist(&mut self, key: &[u8]) -> bool {
        let expiry = self.keys.entries.get_mut(key).and_then(|entry| entry.expiry.take());
        expiry.is_some_and(|expiry| self.timers.cancel(expiry.timer))
    }
}

/// The instant of a time of the calendar, which is a millisecond that begins then.
fn deadline(clock: &Clock, unix_ms: i64) -> Option<Instant> {
    match u64::try_from(unix_ms) {
        Ok(unix_ms) => clock.instant_of(Duration::from_millis(unix_ms)),
        Err(_) => Some(clock.now()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Keys, ROOM};

    #[test]
    fn the_room_of_many_keys_is_given_back_when_few_are_left() {
        let mut keys = Keys::default();
        (0..100_000_u32).for_each(|key| keys.write(&key.to_be_bytes(), |value| value.push(1)));
        (10..100_000_u32).for_each(|key| assert!(keys.remove(&key.to_be_bytes()).is_some()));
        assert!(keys.entries.capacity() <= 2 * ROOM, "{}", keys.entries.capacity());
        assert!((0..10_u32).all(|key| keys.get(&key.to_be_bytes()) == Some(&[1])));
    }
}
