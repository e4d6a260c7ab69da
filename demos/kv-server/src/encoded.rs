//! Requests encoded as bytes, one after another, for a journal and for running them again.
//!
//! A request is the number of its arguments, followed by the length and the bytes of each. Numbers are in LEB128: seven
//! bits per byte, lowest first, with the eighth bit set in every byte but the last.

use std::error::Error;
use std::fmt;

use crate::request::{Request, Span};

/// Why bytes are not what [`Request::encode`] writes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Malformed {
    /// The bytes end within a request.
    Cut,
    /// A number is too large, or longer than necessary.
    Number,
    /// A request has no name.
    Empty,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cut => "the bytes end within a request",
            Self::Number => "a number is too large, or longer than it need be",
            Self::Empty => "a request has no arguments",
        })
    }
}

impl Error for Malformed {}

impl Request {
    /// Appends the request to `out`, in the format that [`fill`](Self::fill) reads.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_request(out, self.from(0));
    }

    /// Decodes the request at the start of `bytes` into `self`, and advances `bytes` past it. Returns `false` if
    /// `bytes` is empty. Replaces the previous request and reuses its memory. No limits apply.
    ///
    /// ```
    /// use kv_server::{Limits, Request};
    /// use nexus_rt::connections::Framing;
    ///
    /// let mut request = Request::new(Limits::default().request);
    /// request.buffer().extend(b"SET a 1\r\n");
    /// let mut bytes = Vec::new();
    /// request.decode()?.expect("it is whole").encode(&mut bytes);
    /// assert_eq!(bytes, b"\x03\x03SET\x01a\x011");
    ///
    /// let (mut rest, mut again) = (&bytes[..], Request::new(Limits::default().request));
    /// assert!(again.fill(&mut rest)?);
    /// assert_eq!(again.get(2), b"1");
    /// assert!(!again.fill(&mut rest)?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// If the bytes do not begin with a complete request. Then they are unchanged and the request is empty.
    pub fn fill(&mut self, bytes: &mut &[u8]) -> Result<bool, Malformed> {
        let (buffer, arguments) = self.reset();
        if bytes.is_empty() {
            self.shrink();
            return Ok(false);
        }
        let mut rest = *bytes;
        let found = find(&mut rest, bytes.len(), arguments);
        if let Err(error) = found {
            arguments.clear();
            return Err(error);
        }
        let length = bytes.len() - rest.len();
        buffer.extend(&bytes[..length]);
        buffer.take(length);
        *bytes = rest;
        Ok(true)
    }
}

/// Encodes a request.
pub(crate) fn put_request<'a>(out: &mut Vec<u8>, arguments: impl ExactSizeIterator<Item = &'a [u8]>) {
    put_number(out, arguments.len());
    for argument in arguments {
        put_number(out, argument.len());
        out.extend_from_slice(argument);
    }
}

/// Finds the arguments of the request at the start of `rest`, which is the end of `length` bytes, and advances `rest`
/// past it.
fn find(rest: &mut &[u8], length: usize, arguments: &mut Vec<Span>) -> Result<(), Malformed> {
    let count = number(rest)?;
    if count == 0 {
        return Err(Malformed::Empty);
    }
    // Allocate as arguments are found, not by the announced number.
    for _ in 0..count {
        let argument = number(rest)?;
        let from = length - rest.len();
        let (_, after) = rest.split_at_checked(argument).ok_or(Malformed::Cut)?;
        arguments.push(Span { from, to: from + argument });
        *rest = after;
    }
    Ok(())
}

fn put_number(out: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Decodes the number at the start of `bytes`, and advances `bytes` past it.
fn number(bytes: &mut &[u8]) -> Result<usize, Malformed> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first().ok_or(Malformed::Cut)?;
        *bytes = rest;
        let bits = u64::from(byte & 0x7F);
        if bits << shift >> shift != bits || *byte == 0 && shift > 0 {
            return Err(Malformed::Number);
        }
        number |= bits << shift;
        if byte & 0x80 == 0 {
            return usize::try_from(number).map_err(|_| Malformed::Number);
        }
    }
    Err(Malformed::Number)
}

#[cfg(test)]
mod tests {
    use super::{Malformed, number, put_number};
    use crate::limits::Limits;
    use crate::request::Request;

    #[test]
    fn a_number_has_one_form() {
        for value in [0, 1, 127, 128, 16_383, 16_384, 1 << 32, usize::MAX >> 1, usize::MAX] {
            let mut bytes = Vec::new();
            put_number(&mut bytes, value);
            assert_eq!(number(&mut &bytes[..]), Ok(value));
            for cut in 0..bytes.len() {
                assert_eq!(number(&mut &bytes[..cut]), Err(Malformed::Cut));
            }
            *bytes.last_mut().unwrap() |= 0x80;
            bytes.push(0);
            assert_eq!(number(&mut &bytes[..]), Err(Malformed::Number));
        }
        assert_eq!(number(&mut &[0xFF; 11][..]), Err(Malformed::Number));
        assert_eq!(number(&mut &[&[0xFF; 9][..], &[2]].concat()[..]), Err(Malformed::Number));
    }

    #[test]
    fn what_is_announced_and_does_not_come_takes_no_memory() {
        let mut request = Request::new(Limits::default().request);
        for announced in [&[0xFF, 0xFF, 0xFF, 0xFF, 0x7F][..], &[1, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F], &[200, 1, 1]] {
            let mut bytes = announced;
            assert_eq!(request.fill(&mut bytes), Err(Malformed::Cut));
            assert_eq!((bytes, request.len()), (announced, 0));
        }
        assert_eq!(request.fill(&mut &[0][..]), Err(Malformed::Empty));
        assert!(request.size() < 1_000);
    }
}
