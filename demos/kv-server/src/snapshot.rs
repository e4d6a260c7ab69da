//! Snapshots: the keys as requests that create them.

use crate::encoded::put_request;
use crate::keys::Keys;

/// The approximate number of bytes for each call of `visit`.
const BATCH: usize = 16 * 1024;

impl Keys {
    /// Calls `visit` with the requests that create all keys that are live at a time, in milliseconds since 1970: one
    /// SET for each, as [`Request::encode`](crate::Request::encode) writes it, in the order in which the keys are
    /// stored. Every piece consists of whole requests, and has few more bytes than 16 KiB unless a value is long.
    ///
    /// Starting from no keys, at that time or later, the requests lead to the same [digest](Self::digest).
    ///
    /// # Errors
    /// The error of `visit`, which ends the snapshot.
    pub fn snapshot<E>(&self, at_ms: i64, mut visit: impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        let mut batch = Vec::with_capacity(BATCH + BATCH / 4);
        for (key, entry) in self.entries.iter().filter(|(_, entry)| entry.lives(at_ms)) {
            let set = [b"SET", &**key, &*entry.value];
            match entry.ends {
                None => put_request(&mut batch, set.into_iter()),
                Some(ends) => {
                    let mut digits = itoa::Buffer::new();
                    let ends = [b"PXAT", digits.format(ends.get()).as_bytes()];
                    put_request(&mut batch, [set[0], set[1], set[2], ends[0], ends[1]].into_iter());
                }
            }
            if batch.len() >= BATCH {
                visit(&batch)?;
                batch.clear();
                batch.shrink_to(8 * BATCH);
            }
        }
        if batch.is_empty() { Ok(()) } else { visit(&batch) }
    }
}
