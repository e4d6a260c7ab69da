//! Hash slots: which slot a key is in, and when each slot last changed.

use crc::{CRC_16_XMODEM, Crc};
use memchr::memchr;
use nexus_journal::Payload;

use crate::digest::mixed;
use crate::keys::Keys;

/// The number of slots, as in Redis Cluster.
pub const SLOTS: u16 = 16_384;

const CRC: Crc<u16> = Crc::<u16>::new(&CRC_16_XMODEM);

/// Returns the slot of a key, or of its tag if it has one between braces.
///
/// ```
/// use kv_server::slot_of;
///
/// assert_eq!(slot_of(b"foo"), 12_182);
/// assert_eq!(slot_of(b"{user:1}:name"), slot_of(b"user:1"));
/// assert_ne!(slot_of(b"{}a"), slot_of(b"{}b"));
/// ```
#[must_use]
pub fn slot_of(key: &[u8]) -> u16 {
    let tag = memchr(b'{', key).and_then(|open| {
        let rest = &key[open + 1..];
        memchr(b'}', rest).filter(|length| *length > 0).map(|length| &rest[..length])
    });
    CRC.checksum(tag.unwrap_or(key)) % SLOTS
}

/// The number of the last change in each slot.
#[derive(Debug)]
pub(crate) struct Slots {
    /// The number of changes applied.
    position: u64,
    /// The last change that affected all keys at once.
    all: u64,
    /// The last change of each slot since then, or 0.
    changed: Box<[u64]>,
    /// The digest of the slots that have changed since then.
    digest: u64,
}

impl Default for Slots {
    fn default() -> Self {
        Self { position: 0, all: 0, changed: vec![0; SLOTS.into()].into(), digest: 0 }
    }
}

impl Slots {
    /// Notes that a key has changed.
    pub(crate) fn change(&mut self, key: &[u8]) {
        self.set(slot_of(key), self.position);
    }

    /// Notes that all keys have changed.
    pub(crate) fn change_all(&mut self) {
        self.changed.fill(0);
        (self.all, self.digest) = (self.position, 0);
    }

    fn set(&mut self, slot: u16, position: u64) {
        let changed = &mut self.changed[usize::from(slot)];
        self.digest = self.digest.wrapping_sub(one(slot, *changed)).wrapping_add(one(slot, position));
        *changed = position;
    }
}

/// Returns what a slot adds to the digest. A slot in which nothing has changed adds 0.
fn one(slot: u16, position: u64) -> u64 {
    if position == 0 { 0 } else { mixed(position, slot.into()) }
}

/// Requests that run unless something that they depend on has changed or expired. All servers reach the same decision.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Transaction<'a> {
    /// The number of changes when the client last looked at the keys.
    pub since: u64,
    /// The earliest expiry time of the keys on which the requests depend, in milliseconds since 1970.
    pub ends: i64,
    /// The slots of the keys on which the requests depend, two bytes each, lower byte first.
    pub slots: &'a [u8],
    /// The requests, as [`Request::encode`](crate::Request::encode) writes them.
    pub requests: &'a [u8],
}

impl<'a> Payload<'a> for Transaction<'a> {
    fn encode(&self, out: &mut Vec<u8>) {
        self.since.encode(out);
        self.ends.encode(out);
        u32::try_from(self.slots.len()).unwrap_or(u32::MAX).encode(out);
        out.extend_from_slice(self.slots);
        out.extend_from_slice(self.requests);
    }

    fn decode(bytes: &'a [u8]) -> Option<Self> {
        let (since, rest) = bytes.split_at_checked(8)?;
        let (ends, rest) = rest.split_at_checked(8)?;
        let (length, rest) = rest.split_at_checked(4)?;
        let length = usize::try_from(u32::decode(length)?).ok()?;
        let (slots, requests) = rest.split_at_checked(length)?;
        let are_slots = slots.len().is_multiple_of(2) && numbers(slots).all(|slot| slot < SLOTS);
        are_slots.then_some(Self { since: u64::decode(since)?, ends: i64::decode(ends)?, slots, requests })
    }
}

fn numbers(slots: &[u8]) -> impl Iterator<Item = u16> {
    slots.as_chunks().0.iter().map(|slot| u16::from_le_bytes(*slot))
}

/// The slots in a snapshot: the number of changes, and the numbers of the last change of all keys and of each slot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SlotChanges<'a>(&'a [u8]);

/// The number of bytes for each slot in a snapshot.
const ROW: usize = 10;

impl<'a> Payload<'a> for SlotChanges<'a> {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.0);
    }

    fn decode(bytes: &'a [u8]) -> Option<Self> {
        let (_, rows) = bytes.split_at_checked(16)?;
        let (rows, rest) = rows.as_chunks::<ROW>();
        let are_slots = rows.iter().all(|row| u16::from_le_bytes([row[0], row[1]]) < SLOTS);
        (are_slots && rest.is_empty()).then_some(Self(bytes))
    }
}

impl Keys {
    /// Records the last change of each slot from now on, and keeps the [trace](Self::trace). Changes are then numbered
    /// by [position](Self::position).
    pub fn keep_slots(&mut self) {
        self.keep_trace(true);
        self.trace.slots.get_or_insert_default();
    }

    /// Returns the number of changes that a [`Store`](crate::Store) or a server has applied since
    /// [`keep_slots`](Self::keep_slots), whether or not they have changed keys.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.trace.slots.as_ref().map_or(0, |slots| slots.position)
    }

    /// Begins the next change.
    pub(crate) fn next_position(&mut self) {
        if let Some(slots) = &mut self.trace.slots {
            slots.position += 1;
        }
    }

    /// Returns the numbers by which slots are compared, if slots are kept.
    pub(crate) fn slots_digest(&self) -> Option<[u64; 3]> {
        self.trace.slots.as_ref().map(|slots| [slots.position, slots.all, slots.digest])
    }

    /// Returns whether a transaction may run: nothing it depends on has changed or expired.
    pub(crate) fn admits(&self, transaction: &Transaction<'_>) -> bool {
        let Some(slots) = &self.trace.slots else { return false };
        let unchanged = |slot: u16| slots.changed[usize::from(slot)].max(slots.all) <= transaction.since;
        self.now_ms < transaction.ends && numbers(transaction.slots).all(unchanged)
    }

    /// Calls `visit` with the slots for a snapshot, if they are kept.
    pub(crate) fn visit_slots(&self, visit: impl FnOnce(SlotChanges<'_>)) {
        let Some(slots) = &self.trace.slots else { return };
        let mut bytes = [slots.position, slots.all].map(u64::to_le_bytes).concat();
        for (slot, changed) in (0_u16..).zip(&slots.changed).filter(|(_, changed)| **changed > 0) {
            bytes.extend(slot.to_le_bytes());
            bytes.extend(changed.to_le_bytes());
        }
        visit(SlotChanges(&bytes));
    }

    /// Restores the slots from a snapshot.
    pub(crate) fn restore_slots(&mut self, SlotChanges(bytes): SlotChanges<'_>) {
        let (Some((position, rest)), true) = (bytes.split_first_chunk(), self.trace.slots.is_some()) else { return };
        let Some((all, rows)) = rest.split_first_chunk() else { return };
        let [position, all] = [position, all].map(|number| u64::from_le_bytes(*number));
        let mut slots = Slots { position, all, ..Slots::default() };
        for [low, high, changed @ ..] in rows.as_chunks::<ROW>().0 {
            slots.set(u16::from_le_bytes([*low, *high]), u64::from_le_bytes(*changed));
        }
        self.trace.slots = Some(Box::new(slots));
    }
}

#[cfg(test)]
mod tests {
    use nexus_journal::Payload;

    use super::{SlotChanges, Transaction, slot_of};
    use crate::keys::Keys;

    #[test]
    fn slots_are_those_of_redis_cluster() {
        for (key, slot) in [
            ("", 0),
            ("123456789", 12_739),
            ("foo", 12_182),
            ("{foo}.a", 12_182),
            ("x{foo}{bar}", 12_182),
            ("foo{}", slot_of(b"foo{}")),
        ] {
            assert_eq!(slot_of(key.as_bytes()), slot, "{key}");
        }
        assert_ne!(slot_of(b"{}foo"), slot_of(b""));
        assert_ne!(slot_of(b"{foo"), slot_of(b"foo"));
    }

    #[test]
    fn what_a_snapshot_says_of_slots_leads_to_the_same_slots() {
        let mut keys = Keys::default();
        keys.keep_slots();
        for key in [&b"a"[..], b"b", b"a"] {
            keys.next_position();
            keys.write(key, |_| ());
        }
        let (mut again, mut bytes) = (Keys::default(), Vec::new());
        again.keep_slots();
        keys.visit_slots(|slots| slots.encode(&mut bytes));
        again.restore_slots(SlotChanges::decode(&bytes).unwrap());
        assert_eq!((again.position(), again.slots_digest()), (3, keys.slots_digest()));
        let on = |key, since| {
            Transaction { since, ends: i64::MAX, slots: &u16::to_le_bytes(slot_of(key)), requests: &[] }
                .encode_and_ask(&again)
        };
        assert!(on(b"a", 3) && !on(b"a", 2) && on(b"b", 2) && !on(b"b", 1) && on(b"c", 0));
        assert!(SlotChanges::decode(&bytes[1..]).is_none() && SlotChanges::decode(&[0; 15]).is_none());
    }

    impl Transaction<'_> {
        /// Returns whether the transaction may run after being written and read.
        fn encode_and_ask(&self, keys: &Keys) -> bool {
            let mut bytes = Vec::new();
            self.encode(&mut bytes);
            let read = Transaction::decode(&bytes).unwrap();
            assert_eq!(read, *self);
            keys.admits(&read)
        }
    }
}
