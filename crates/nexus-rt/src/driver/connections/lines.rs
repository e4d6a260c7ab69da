//! `Lines` and `LengthPrefixed`: the two framings that most protocols need.

use std::error::Error;
use std::fmt;
use std::io::BufRead;

use super::framing::{Buffer, Framing};

/// Frames that are lines, ended by `\n` or `\r\n`.
///
/// A frame is the bytes of a line without its end.
///
/// ```
/// use nexus_rt::connections::{Framing, Lines};
///
/// let mut lines = Lines::new(10);
/// lines.buffer().extend(b"one\r\ntwo\nthr");
/// assert_eq!(lines.decode()?, Some(&b"one"[..]));
/// assert_eq!(lines.decode()?, Some(&b"two"[..]));
/// assert_eq!(lines.decode()?, None);
/// lines.buffer().extend(b"ee, far too long");
/// assert_eq!(lines.decode().unwrap_err().to_string(), "a line is longer than 10 bytes");
/// # Ok::<(), nexus_rt::connections::LineTooLong>(())
/// ```
#[derive(Clone, Debug)]
pub struct Lines {
    buffer: Buffer,
    longest: usize,
    /// The unread bytes in which there is no end of a line.
    searched: usize,
}

impl Lines {
    /// Creates a framing of lines of at most `longest` bytes, not counting their end.
    #[must_use]
    pub fn new(longest: usize) -> Self {
        Self { buffer: Buffer::default(), longest, searched: 0 }
    }
}

impl Framing for Lines {
    type Frame = [u8];
    type Error = LineTooLong;

    fn buffer(&mut self) -> &mut Buffer {
        &mut self.buffer
    }

    #[inline]
    fn decode(&mut self) -> Result<Option<&[u8]>, LineTooLong> {
        let unread = self.buffer.unread();
        let found = self.searched + (&unread[self.searched..]).skip_until(b'\n').unwrap_or(0);
        let end = unread[..found].ends_with(b"\n").then(|| found - 1);
        // The end of a line that is still to come may be of two bytes.
        let length = match end {
            Some(end) => end - usize::from(unread[..end].ends_with(b"\r")),
            None => unread.len() - usize::from(unread.ends_with(b"\r")),
        };
        if length > self.longest {
            return Err(LineTooLong { longest: self.longest });
        }
        let Some(end) = end else {
            self.searched = unread.len();
            return Ok(None);
        };
        self.searched = 0;
        Ok(Some(&self.buffer.take(end + 1)[..length]))
    }
}

/// The error of [`Lines`]: a line is too long.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct LineTooLong {
    /// The longest line that is accepted, in bytes.
    pub longest: usize,
}

impl fmt::Display for LineTooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a line is longer than {} bytes", self.longest)
    }
}

impl Error for LineTooLong {}

/// Frames with a length prefix of 2 or 4 bytes, big-endian.
///
/// The length does not count the prefix, and the frame does not contain it.
///
/// ```
/// use nexus_rt::connections::{Framing, LengthPrefixed};
///
/// let mut frames = LengthPrefixed::u16(100);
/// frames.buffer().extend(b"\x00\x05hello\x00\x00\x00");
/// assert_eq!(frames.decode()?, Some(&b"hello"[..]));
/// assert_eq!(frames.decode()?, Some(&b""[..]));
/// assert_eq!(frames.decode()?, None);
/// frames.buffer().extend(b"\x65");
/// assert_eq!(frames.decode().unwrap_err().announced, 101);
/// # Ok::<(), nexus_rt::connections::FrameTooLong>(())
/// ```
#[derive(Clone, Debug)]
pub struct LengthPrefixed {
    buffer: Buffer,
    longest: usize,
    prefix: usize,
}

impl LengthPrefixed {
    /// Creates a framing with a prefix of 2 bytes, for frames of at most `longest` bytes.
    #[must_use]
    pub fn u16(longest: usize) -> Self {
        Self { buffer: Buffer::default(), longest, prefix: size_of::<u16>() }
    }

    /// Creates a framing with a prefix of 4 bytes, for frames of at most `longest` bytes.
    #[must_use]
    pub fn u32(longest: usize) -> Self {
        Self { buffer: Buffer::default(), longest, prefix: size_of::<u32>() }
    }
}

impl Framing for LengthPrefixed {
    type Frame = [u8];
    type Error = FrameTooLong;

    fn buffer(&mut self) -> &mut Buffer {
        &mut self.buffer
    }

    #[inline]
    fn decode(&mut self) -> Result<Option<&[u8]>, FrameTooLong> {
        let Some(prefix) = self.buffer.unread().get(..self.prefix) else { return Ok(None) };
        let length = prefix.iter().fold(0, |length, byte| length << u8::BITS | usize::from(*byte));
        if length > self.longest {
            return Err(FrameTooLong { announced: length, longest: self.longest });
        }
        let whole = self.prefix + length;
        if self.buffer.unread().len() < whole {
            self.buffer.expect(whole);
            return Ok(None);
        }
        Ok(Some(&self.buffer.take(whole)[self.prefix..]))
    }
}

/// The error of [`LengthPrefixed`]: a frame is too long.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct FrameTooLong {
    /// The length that was announced, in bytes.
    pub announced: usize,
    /// The longest frame that is accepted, in bytes.
    pub longest: usize,
}

impl fmt::Display for FrameTooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a frame of {} bytes is announced; at most {} are accepted", self.announced, self.longest)
    }
}

impl Error for FrameTooLong {}
