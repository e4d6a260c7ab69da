//! Replies in the form of the protocol, appended to a buffer that is sent.

use std::fmt::Display;
use std::io::Write;

/// Writes replies to a client's output, in the version of the protocol that the client speaks.
#[derive(Debug)]
pub struct Replies<'a> {
    out: &'a mut Vec<u8>,
    protocol: Protocol,
}

/// The version of the protocol.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Protocol {
    /// RESP2, which every client speaks at first.
    #[default]
    Two,
    /// RESP3, which a client may switch to.
    Three,
}

impl Protocol {
    /// Returns the number of the version.
    #[must_use]
    pub fn number(self) -> i64 {
        match self {
            Self::Two => 2,
            Self::Three => 3,
        }
    }
}

impl<'a> Replies<'a> {
    /// Creates replies that are appended to `out`.
    #[inline]
    #[must_use]
    pub fn new(out: &'a mut Vec<u8>, protocol: Protocol) -> Self {
        Self { out, protocol }
    }

    /// Writes a simple string, such as `+PONG`.
    #[inline]
    pub fn simple(&mut self, text: &str) {
        self.out.push(b'+');
        self.out.extend_from_slice(text.as_bytes());
        self.end();
    }

    /// Writes `+OK`.
    #[inline]
    pub fn ok(&mut self) {
        self.out.extend_from_slice(b"+OK\r\n");
    }

    /// Writes the reply for a value that does not exist.
    #[inline]
    pub fn nil(&mut self) {
        self.out.extend_from_slice(if self.protocol == Protocol::Two { b"$-1\r\n" } else { b"_\r\n" });
    }

    /// Writes the reply for an array that does not exist.
    #[inline]
    pub fn nil_array(&mut self) {
        self.out.extend_from_slice(if self.protocol == Protocol::Two { b"*-1\r\n" } else { b"_\r\n" });
    }

    /// Writes an integer.
    #[inline]
    pub fn integer(&mut self, number: i64) {
        self.header(b':', number);
    }

    /// Writes a count as an integer.
    #[inline]
    pub fn count(&mut self, count: usize) {
        self.header(b':', i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// Writes bytes, which may be any.
    #[inline]
    pub fn bulk(&mut self, bytes: &[u8]) {
        self.elements(b'$', bytes.len());
        self.out.extend_from_slice(bytes);
        self.end();
    }

    /// Writes the value, or nil if there is none.
    #[inline]
    pub fn bulk_or_nil(&mut self, bytes: Option<&[u8]>) {
        match bytes {
            Some(bytes) => self.bulk(bytes),
            None => self.nil(),
        }
    }

    /// Writes text to be shown as it is.
    pub fn verbatim(&mut self, text: &str) {
        match self.protocol {
            Protocol::Two => self.bulk(text.as_bytes()),
            Protocol::Three => {
                self.elements(b'=', text.len() + 4);
                self.out.extend_from_slice(b"txt:");
                self.out.extend_from_slice(text.as_bytes());
                self.end();
            }
        }
    }

    /// Begins an array of this many replies, which follow.
    #[inline]
    pub fn array(&mut self, elements: usize) {
        self.elements(b'*', elements);
    }

    /// Begins a map of this many pairs of replies, which follow.
    pub fn map(&mut self, pairs: usize) {
        match self.protocol {
            Protocol::Two => self.elements(b'*', 2 * pairs),
            Protocol::Three => self.elements(b'%', pairs),
        }
    }

    /// Begins an unordered set of this many replies, which follow.
    pub fn set(&mut self, elements: usize) {
        self.elements(if self.protocol == Protocol::Two { b'*' } else { b'~' }, elements);
    }

    /// Begins a message that the client has not asked for, of this many replies, which follow.
    pub fn push(&mut self, elements: usize) {
        self.elements(if self.protocol == Protocol::Two { b'*' } else { b'>' }, elements);
    }

    /// Writes lines of text.
    pub fn lines(&mut self, lines: &[&str]) {
        self.array(lines.len());
        lines.iter().for_each(|line| self.simple(line));
    }

    /// Writes an error: a code in capitals and a sentence. Characters that would end the line early become blanks.
    pub fn error(&mut self, error: &dyn Display) {
        self.out.push(b'-');
        let start = self.out.len();
        write!(self.out, "{error}").expect("memory takes whatever is written");
        self.end_error(start);
    }

    /// Writes an error whose bytes may not be valid text.
    pub fn error_of(&mut self, error: &[u8]) {
        self.out.push(b'-');
        let start = self.out.len();
        self.out.extend_from_slice(error);
        self.end_error(start);
    }

    fn end_error(&mut self, start: usize) {
        self.out[start..].iter_mut().filter(|byte| matches!(byte, b'\r' | b'\n')).for_each(|byte| *byte = b' ');
        self.end();
    }

    /// Writes what is already in the form of the protocol.
    #[inline]
    pub fn raw(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    #[inline]
    fn elements(&mut self, kind: u8, count: usize) {
        self.header(kind, i64::try_from(count).unwrap_or(i64::MAX));
    }

    fn header(&mut self, kind: u8, number: i64) {
        self.out.push(kind);
        self.out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
        self.end();
    }

    #[inline]
    fn end(&mut self) {
        self.out.extend_from_slice(b"\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(protocol: Protocol) -> String {
        let mut out = Vec::new();
        let mut replies = Replies::new(&mut out, protocol);
        replies.array(3);
        replies.bulk_or_nil(Some(b"a\r\nb"));
        replies.bulk_or_nil(None);
        replies.integer(-7);
        replies.map(1);
        replies.set(2);
        replies.push(3);
        replies.nil_array();
        replies.verbatim("text");
        replies.error(&"ERR no\r\nline");
        String::from_utf8(out).expect("it is text")
    }

    #[test]
    fn replies_are_what_the_protocol_says() {
        assert_eq!(
            written(Protocol::Two),
            "*3\r\n$4\r\na\r\nb\r\n$-1\r\n:-7\r\n*2\r\n*2\r\n*3\r\n*-1\r\n$4\r\ntext\r\n-ERR no  line\r\n"
        );
        assert_eq!(
            written(Protocol::Three),
            "*3\r\n$4\r\na\r\nb\r\n_\r\n:-7\r\n%1\r\n~2\r\n>3\r\n_\r\n=8\r\ntxt:text\r\n-ERR no  line\r\n"
        );
    }
}
