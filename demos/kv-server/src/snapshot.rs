//! The keys as the requests that make them.

use crate::encoded::put_request;
use crate::keys::Keys;

/// About how many bytes are given at once.
const BATCH: usize = 16 * 1024;

impl Keys {
    /// Calls `visit` with the requests that make all keys that live at a time, in milliseconds since 1970: one SET for
    /// each, as [`Request::encode`](crate::Request::encode) writes it, in the order in which they lie. Every piece is
    /// of whole requests, and holds few more bytes than 16 KiB unless a value is long.
    ///
    /// They make them of no keys, at that time or later, with the same [digest](Self::digest).
    ///
    /// # Errors
    /// What `visit` fails with, which ends it.
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
