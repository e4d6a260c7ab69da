//! `Framing`: how a stream of bytes is cut into frames; and `Buffer`, where the bytes arrive.

use std::error::Error;

/// The maximum number of bytes of a read, unless a long frame is incomplete.
pub(super) const READ: usize = 64 * 1024;

/// Cuts the bytes of a connection into frames.
///
/// A framing is a parser with its [`Buffer`]. The driver reads into the buffer, and then calls [`decode`](Self::decode)
/// until no frame is complete. A frame borrows from the buffer, so it is never copied:
///
/// ```
/// use std::convert::Infallible;
///
/// use nexus_rt::connections::{Buffer, Framing};
///
/// /// Records of eight bytes.
/// #[derive(Clone, Default)]
/// struct Records(Buffer);
///
/// impl Framing for Records {
///     type Frame = [u8; 8];
///     type Error = Infallible;
///
///     fn buffer(&mut self) -> &mut Buffer {
///         &mut self.0
///     }
///
///     fn decode(&mut self) -> Result<Option<&[u8; 8]>, Infallible> {
///         Ok(if self.0.unread().len() < 8 { None } else { self.0.take(8).first_chunk() })
///     }
/// }
///
/// let mut records = Records::default();
/// records.buffer().extend(b"a record; half of ");
/// assert_eq!(records.decode(), Ok(Some(b"a record")));
/// assert_eq!(records.decode(), Ok(Some(b"; half o")));
/// assert_eq!(records.decode(), Ok(None));
/// assert_eq!(records.buffer().unread(), b"f ");
/// ```
///
/// Idle connections share one framing. A connection gets a clone of the installed one only while a frame is incomplete,
/// or while the framing is not [idle](Self::is_idle). The state of an incomplete frame moves with its bytes, so a
/// parser can continue where it stopped. It must store positions relative to the start of [`Buffer::unread`], which a
/// read does not move.
pub trait Framing: Clone + Send + 'static {
    /// What the chain receives, by reference: `[u8]`, `str`, or a parsed message.
    ///
    /// A message that reuses its memory is the framing itself (`type Frame = Self`) or a field of it, and finds its
    /// bytes in [`Buffer::taken`].
    type Frame: ?Sized;
    /// Why bytes are not a frame. The connection ends with it, as [`Ended::Malformed`](super::Ended::Malformed).
    type Error: Error + Send + 'static;

    /// Returns the buffer that the driver reads into.
    fn buffer(&mut self) -> &mut Buffer;

    /// Takes the next frame out of the buffer, or returns `None` if it is not complete yet.
    ///
    /// # Errors
    /// If the bytes cannot become a frame. Bytes after them are not read.
    fn decode(&mut self) -> Result<Option<&Self::Frame>, Self::Error>;

    /// Returns whether, between two frames, a new clone could replace this framing. A framing that depends on earlier
    /// frames is not idle, and stays with its connection.
    fn is_idle(&self) -> bool {
        true
    }

    /// Returns the memory that the framing holds beside the buffer, in bytes. It counts for
    /// [`Limits::memory`](super::Limits::memory) while a frame is incomplete.
    fn holds(&self) -> usize {
        0
    }
}

/// The received bytes of a connection that its [`Framing`] has not taken yet.
#[derive(Clone, Default, Debug)]
pub struct Buffer {
    /// Received so far, and room for more.
    bytes: Vec<u8>,
    /// The number of bytes received.
    filled: usize,
    /// Where the unread bytes begin.
    start: usize,
    /// Where the frame taken last begins. It ends where the unread bytes begin.
    frame: usize,
    /// The length of the incomplete frame, if known.
    wanted: usize,
}

impl Buffer {
    /// Returns the bytes that are not taken yet.
    #[inline]
    #[must_use]
    pub fn unread(&self) -> &[u8] {
        &self.bytes[self.start..self.filled]
    }

    /// Returns the bytes that are not taken yet, mutably, for a framing that decodes in place.
    #[inline]
    #[must_use]
    pub fn unread_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[self.start..self.filled]
    }

    /// Takes the first `length` unread bytes.
    ///
    /// # Panics
    /// If there are fewer than `length`.
    #[inline]
    #[track_caller]
    pub fn take(&mut self, length: usize) -> &[u8] {
        let end = self.start + length;
        assert!(end <= self.filled, "cannot take {length} bytes: only {} are unread", self.filled - self.start);
        self.frame = self.start;
        self.start = end;
        self.wanted = 0;
        &self.bytes[self.frame..end]
    }

    /// Returns the bytes that the last [`take`](Self::take) returned.
    #[inline]
    #[must_use]
    pub fn taken(&self) -> &[u8] {
        &self.bytes[self.frame..self.start]
    }

    /// Announces the length of the frame at the start of the unread bytes, in bytes, so that a long frame is read in
    /// few pieces. Memory grows with the bytes that arrive, not with the announced length.
    #[inline]
    pub fn expect(&mut self, length: usize) {
        self.wanted = length;
    }

    /// Appends bytes, as a read does, for tests and for bytes from another source.
    pub fn extend(&mut self, bytes: &[u8]) {
        self.compact();
        self.bytes.truncate(self.filled);
        self.bytes.extend_from_slice(bytes);
        self.filled = self.bytes.len();
    }

    /// Returns room for the bytes that come next.
    pub(super) fn room(&mut self) -> &mut [u8] {
        let unread = self.filled - self.start;
        let more = self.wanted.saturating_sub(unread).min(unread).max(READ);
        if self.bytes.len() - self.filled < READ {
            self.compact();
            if self.bytes.len() - self.filled < more {
                self.bytes.resize(self.filled + more, 0);
            }
        }
        &mut self.bytes[self.filled..]
    }

    /// Notes that bytes were put into the room.
    #[inline]
    pub(super) fn add(&mut self, length: usize) {
        self.filled += length;
    }

    /// Forgets all bytes, and keeps the memory.
    #[inline]
    pub(super) fn clear(&mut self) {
        (self.filled, self.start, self.frame, self.wanted) = (0, 0, 0, 0);
    }

    #[inline]
    pub(super) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Moves the unread bytes to the front.
    fn compact(&mut self) {
        if self.start == 0 {
            return;
        }
        self.bytes.copy_within(self.start..self.filled, 0);
        self.filled -= self.start;
        (self.start, self.frame) = (0, 0);
    }

    /// Exchanges the memory of two buffers; each keeps its unread bytes. The other one has none.
    pub(super) fn exchange(&mut self, other: &mut Self) {
        let unread = &self.bytes[self.start..self.filled];
        let length = unread.len();
        if other.bytes.len() < length {
            other.bytes.clear();
            other.bytes.extend_from_slice(unread);
        } else {
            other.bytes[..length].copy_from_slice(unread);
        }
        std::mem::swap(&mut self.bytes, &mut other.bytes);
        (self.filled, self.start, self.frame) = (length, 0, 0);
        other.clear();
    }

    /// Frees memory, if the buffer has far more than the unread bytes need.
    pub(super) fn shrink(&mut self) {
        let unread = self.filled - self.start;
        if self.bytes.capacity() > READ && self.bytes.capacity() > 4 * unread {
            self.compact();
            self.bytes.truncate(self.filled);
            self.bytes.shrink_to_fit();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the number of reads, each as long as there is room for, until this many bytes have come.
    fn reads(length: usize, expected: usize) -> usize {
        let mut buffer = Buffer::default();
        for read in 0.. {
            if buffer.unread().len() >= length {
                return read;
            }
            buffer.expect(expected);
            let room = buffer.room().len();
            buffer.add(room);
            assert!(buffer.capacity() <= READ + 2 * buffer.unread().len(), "memory grows with what came");
        }
        unreachable!("it comes in the end")
    }

    #[test]
    fn a_long_frame_that_is_announced_is_read_in_few_pieces() {
        let length = 64 * READ;
        assert_eq!((reads(length, 0), reads(length, length)), (64, 7));
        // One that came already, or is longer than what was announced, is read as any other.
        assert_eq!((reads(length, 1), reads(READ, usize::MAX)), (64, 1));
    }

    #[test]
    fn unread_bytes_can_be_changed_and_what_was_taken_is_kept() {
        let mut buffer = Buffer::default();
        buffer.extend(b"abc");
        buffer.unread_mut()[1] = b'x';
        assert_eq!(buffer.take(2), b"ax");
        assert_eq!((buffer.taken(), buffer.unread()), (&b"ax"[..], &b"c"[..]));
    }

    #[test]
    fn there_is_room_for_a_read_and_for_as_much_as_came() {
        for (taken, unread) in [(0, 0), (0, 5), (READ, 5), (READ - 1, 1), (2 * READ, READ), (READ, 2 * READ)] {
            let mut buffer = Buffer::default();
            buffer.extend(&vec![1; taken + unread]);
            buffer.take(taken);
            buffer.expect(usize::MAX);
            // What was taken is room too.
            assert_eq!(buffer.room().len(), READ.max(unread).max(taken), "after {taken} of {}", taken + unread);
            assert_eq!(buffer.unread(), vec![1; unread]);
        }
    }

    #[test]
    fn memory_that_the_unread_bytes_do_not_need_is_freed() {
        for (unread, most) in [(0, 0), (5, 5), (2 * READ, 2 * READ), (3 * READ, 10 * READ)] {
            let mut buffer = Buffer::default();
            buffer.extend(&vec![1; 10 * READ]);
            buffer.take(10 * READ - unread);
            buffer.shrink();
            assert_eq!((buffer.unread().len(), buffer.capacity()), (unread, most));
        }
        // The memory for one read is worth keeping.
        let mut buffer = Buffer::default();
        buffer.extend(&[1; READ]);
        buffer.take(READ);
        buffer.shrink();
        assert_eq!(buffer.capacity(), READ);
    }

    #[test]
    fn two_buffers_exchange_their_memory_and_keep_what_is_unread() {
        for (unread, room) in [(0, 0), (5, 0), (5, 4), (5, 5), (5, 6), (0, 6)] {
            let (mut one, mut other) = (Buffer::default(), Buffer::default());
            one.extend(&b"taken, "[..7]);
            one.extend(&b"later"[..unread]);
            one.take(7);
            other.extend(&b"before"[..room]);
            other.take(room);
            one.exchange(&mut other);
            assert_eq!((one.unread(), other.unread()), (&b"later"[..unread], &b""[..]));
            one.extend(b" more");
            other.extend(b"the next");
            let came = [&b"later"[..unread], b" more"].concat();
            assert_eq!((one.unread(), other.unread()), (&*came, &b"the next"[..]));
        }
    }
}
