//! The keys and their values, as a resource, and the timers that end them.

use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

use indexmap::IndexMap;
use nexus_rt::timer::{TimerEvent, TimerKey};
use nexus_rt::{CallbackTemplate, Clock, Param, Res, ResMut, TemplatedCallback, TimerWheel, callback_blueprint};

use crate::stats::Stats;
use crate::watched::{Watched, Watches};

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
    /// The time of this turn, in milliseconds since 1970. A key whose time has come by then is not there any more, also
    /// if its timer has not run yet.
    now_ms: i64,
    watched: Watched,
    /// What RANDOMKEY chooses by.
    dice: u64,
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

impl Entry {
    /// Whether its time has not come.
    #[inline]
    fn lives(&self, now_ms: i64) -> bool {
        self.expiry.is_none_or(|expiry| expiry.unix_ms > now_ms)
    }
}

impl Keys {
    /// Sets the time of this turn, in milliseconds since 1970.
    pub(crate) fn set_now(&mut self, now_ms: i64) {
        self.now_ms = now_ms;
    }

    /// How many keys there are, those included whose time has come but whose timers have not run yet.
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
        self.entry(key).map(|entry| entry.value.as_slice())
    }

    /// Whether there is such a key.
    #[inline]
    #[must_use]
    pub fn contains(&self, key: &[u8]) -> bool {
        self.entry(key).is_some()
    }

    /// When a key ends, in milliseconds since 1970: `None` if there is no such key, `Some(None)` if it does not end.
    #[must_use]
    pub fn expiry_unix_ms(&self, key: &[u8]) -> Option<Option<i64>> {
        self.entry(key).map(|entry| entry.expiry.map(|expiry| expiry.unix_ms))
    }

    #[inline]
    fn entry(&self, key: &[u8]) -> Option<&Entry> {
        self.entries.get(key).filter(|entry| entry.lives(self.now_ms))
    }

    /// Every key, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.entries.iter().filter(|(_, entry)| entry.lives(self.now_ms)).map(|(key, _)| &**key)
    }

    /// Calls `visit` with `count` keys below `cursor`, and gives the cursor of those that remain; 0 at the end. A scan
    /// begins with cursor 0.
    ///
    /// A key that is there all the time is visited. For a removed key leaves its place to the last one, which moves
    /// down, and so may be seen twice but is never passed over; and new keys come last.
    pub fn scan(&self, cursor: usize, count: usize, mut visit: impl FnMut(&[u8])) -> usize {
        let from = if cursor == 0 { self.entries.len() } else { cursor.min(self.entries.len()) };
        let to = from.saturating_sub(count);
        let living = self.entries[to..from].iter().rev().filter(|(_, entry)| entry.lives(self.now_ms));
        living.for_each(|(key, _)| visit(key));
        to
    }

    /// Adds a key to what a client watches.
    pub(crate) fn watch(&mut self, watches: &mut Watches, key: &[u8]) {
        self.end_lapsed(key);
        self.watched.watch(watches, key);
    }

    /// Ends what a client watches. Whether any of it has changed or ended.
    pub(crate) fn unwatch(&mut self, watches: &mut Watches) -> bool {
        watches.keys().for_each(|key| self.end_lapsed(key));
        self.watched.unwatch(watches)
    }

    /// Removes a key whose time has come but whose timer has not run yet. (The timer then finds nothing.)
    fn end_lapsed(&mut self, key: &[u8]) {
        if self.entries.get(key).is_some_and(|entry| !entry.lives(self.now_ms)) {
            self.remove(key);
        }
    }

    /// Writes a value by `write`, which is given the old one or an empty one, and says what it says.
    #[inline]
    fn write<T>(&mut self, key: &[u8], write: impl FnOnce(&mut Vec<u8>) -> T) -> T {
        self.watched.touch(key);
        let entry = if let Some(entry) = self.entries.get_mut(key) {
            self.used -= entry.value.capacity();
            if !entry.lives(self.now_ms) {
                // What has ended is as new. Its timer finds nothing.
                *entry = Entry::default();
            }
            entry
        } else {
            self.used += OVERHEAD + key.len();
            self.entries.entry(key.into()).or_default()
        };
        let result = write(&mut entry.value);
        self.used += entry.value.capacity();
        result
    }

    /// Removes a key; gives its entry, also if its time has come.
    fn remove(&mut self, key: &[u8]) -> Option<Entry> {
        let entry = self.entries.swap_remove(key)?;
        self.watched.touch(key);
        self.used -= OVERHEAD + key.len() + entry.value.capacity();
        // Room for many keys is not kept for few.
        let room = self.entries.capacity();
        if room > ROOM && self.entries.len() < room / 8 {
            self.entries.shrink_to(room / 4);
        }
        Some(entry)
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

/// Ends a key, unless somebody has written there since its time came.
pub(crate) fn on_expiry(key: &mut Arc<[u8]>, mut keys: ResMut<Keys>, mut stats: ResMut<Stats>, timer: TimerEvent) {
    stats.expired += 1;
    let expiry = keys.entries.get(&**key).and_then(|entry| entry.expiry);
    if expiry.is_some_and(|expiry| expiry.timer == timer.key) {
        keys.remove(key);
    }
}

/// What commands ask for to work with keys. A key whose time has come is not there, whether or not its timer has run.
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
        unix_ms(&self.clock)
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

    /// Puts a value in the place of whatever is there.
    pub(crate) fn put(&mut self, key: &[u8], value: Vec<u8>, ends: Option<i64>) {
        self.keys.write(key, |old| *old = value);
        match ends {
            None => _ = self.persist(key),
            Some(at) => _ = self.expire_at(key, at),
        }
    }

    /// Any key, each as likely as any other.
    pub(crate) fn any_key(&mut self) -> Option<&[u8]> {
        const TRIES: usize = 100;
        let keys = &mut *self.keys;
        for _ in 0..TRIES.min(keys.len()) {
            // Steele and Vigna's splitmix of 64 bits.
            keys.dice = keys.dice.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mixed = (keys.dice ^ keys.dice >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
            let at = usize::try_from((mixed ^ mixed >> 31) % keys.len() as u64).unwrap_or(0);
            if keys.entries[at].lives(keys.now_ms) {
                return keys.entries.get_index(at).map(|(key, _)| &**key);
            }
        }
        // Nearly all have ended.
        keys.iter().next()
    }

    /// Changes a value in place, or an empty one if there is none. It ends when it would have.
    #[inline]
    pub(crate) fn update<T>(&mut self, key: &[u8], update: impl FnOnce(&mut Vec<u8>) -> T) -> T {
        self.keys.write(key, update)
    }

    /// Removes a key and gives its value.
    pub(crate) fn remove(&mut self, key: &[u8]) -> Option<Vec<u8>> {
        let entry = self.keys.remove(key)?;
        if !entry.lives(self.keys.now_ms) {
            return None;
        }
        if let Some(expiry) = entry.expiry {
            self.timers.cancel(expiry.timer);
        }
        Some(entry.value)
    }

    /// Removes all keys.
    pub(crate) fn clear(&mut self) {
        let Keys { entries, used, watched, now_ms, .. } = &mut *self.keys;
        let watching: Vec<_> =
            watched.keys().filter(|key| entries.get(&***key).is_some_and(|it| it.lives(*now_ms))).cloned().collect();
        watching.iter().for_each(|key| watched.touch(key));
        *used = 0;
        let timers = mem::take(entries).into_values().filter_map(|entry| entry.expiry);
        timers.for_each(|expiry| _ = self.timers.cancel(expiry.timer));
    }

    /// Lets a key end at a time, in milliseconds since 1970: at once if that is past. Whether there is such a key.
    pub(crate) fn expire_at(&mut self, key: &[u8], unix_ms: i64) -> bool {
        let Keys { entries, watched, now_ms, .. } = &mut *self.keys;
        let Some((_, name, entry)) = entries.get_full_mut(key) else { return false };
        if !entry.lives(*now_ms) {
            return false;
        }
        let deadline = deadline(&self.clock, unix_ms);
        if deadline.is_some_and(|deadline| deadline <= self.clock.now()) {
            self.remove(key);
            return true;
        }
        // A time that the machine cannot express will not come.
        let Some(deadline) = deadline else {
            watched.touch(key);
            self.persist(key);
            return true;
        };
        watched.touch(key);
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
        let Keys { entries, watched, now_ms, .. } = &mut *self.keys;
        let entry = entries.get_mut(key).filter(|entry| entry.lives(*now_ms));
        let Some(expiry) = entry.and_then(|entry| entry.expiry.take()) else { return false };
        watched.touch(key);
        self.timers.cancel(expiry.timer)
    }
}

/// The present time, in milliseconds since 1970.
pub(crate) fn unix_ms(clock: &Clock) -> i64 {
    i64::try_from(clock.unix().as_millis()).unwrap_or(i64::MAX)
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
