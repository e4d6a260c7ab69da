//! Replies in the form of the protocol, one after another, until they are sent.

use std::fmt::Display;
use std::io::Write;

/// The replies that wait to be sent to one client.
#[derive(Debug, Default)]
pub struct Replies {
    bytes: Vec<u8>,
    /// How much of it was sent.
    sent: usize,
}

impl Replies {
    /// `+OK`, `+PONG` and the like.
    #[inline]
    pub fn simple(&mut self, text: &str) {
        self.bytes.push(b'+');
        self.bytes.extend_from_slice(text.as_bytes());
        self.end();
    }

    /// `+OK`.
    #[inline]
    pub fn ok(&mut self) {
        self.bytes.extend_from_slice(b"+OK\r\n");
    }

    /// There is no such value.
    #[inline]
    pub fn nil(&mut self) {
        self.bytes.extend_from_slice(b"$-1\r\n");
    }

    /// A number.
    #[inline]
    pub fn integer(&mut self, number: i64) {
        self.header(b':', number);
    }

    /// How many there are.
    #[inline]
    pub fn count(&mut self, count: usize) {
        self.header(b':', i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// Any bytes.
    #[inline]
    pub fn bulk(&mut self, bytes: &[u8]) {
        self.header(b'$', i64::try_from(bytes.len()).unwrap_or(i64::MAX));
        self.bytes.extend_from_slice(bytes);
        self.end();
    }

    /// The value if there is one.
    #[inline]
    pub fn bulk_or_nil(&mut self, bytes: Option<&[u8]>) {
        match bytes {
            Some(bytes) => self.bulk(bytes),
            None => self.nil(),
        }
    }

    /// As many replies as this follow and belong together.
    #[inline]
    pub fn array(&mut self, elements: usize) {
        self.header(b'*', i64::try_from(elements).unwrap_or(i64::MAX));
    }

    /// An error: a code in capitals and a sentence. What would end the line early becomes a blank.
    pub fn error(&mut self, error: &dyn Display) {
        self.bytes.push(b'-');
        let start = self.bytes.len();
        write!(self.bytes, "{error}").expect("memory takes whatever is written");
        self.bytes[start..].iter_mut().filter(|byte| matches!(byte, b'\r' | b'\n')).for_each(|byte| *byte = b' ');
        self.end();
    }

    /// What is in the form of the protocol already.
    #[inline]
    pub fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// What waits to be sent.
    #[inline]
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[self.sent..]
    }

    /// Forgets what was sent, up to here.
    #[inline]
    pub fn sent(&mut self, bytes: usize) {
        self.sent += bytes;
        if self.sent == self.bytes.len() {
            self.bytes.clear();
            self.sent = 0;
        } else if self.sent > self.bytes.len() / 2 {
            // Not each time, for then who reads little at a time would have all the rest moved again and again.
            self.bytes.drain(..self.sent);
            self.sent = 0;
        }
    }

    /// How much memory is held.
    #[inline]
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    fn header(&mut self, kind: u8, number: i64) {
        self.bytes.push(kind);
        self.bytes.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
        self.end();
    }

    #[inline]
    fn end(&mut self) {
        self.bytes.extend_from_slice(b"\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::Replies;

    #[test]
    fn replies_are_what_the_protocol_says() {
        let mut replies = Replies::default();
        replies.array(3);
        replies.bulk_or_nil(Some(b"a\r\nb"));
        replies.bulk_or_nil(None);
        replies.integer(-7);
        replies.error(&"ERR no\r\nline");
        assert_eq!(replies.as_bytes(), b"*3\r\n$4\r\na\r\nb\r\n$-1\r\n:-7\r\n-ERR no  line\r\n");
        replies.sent(4);
        replies.ok();
        assert!(replies.as_bytes().starts_with(b"$4") && replies.as_bytes().ends_with(b"+OK\r\n"));
    }

    #[test]
    fn what_is_sent_in_any_pieces_is_gone_and_the_rest_is_there() {
        let (mut replies, mut model) = (Replies::default(), Vec::new());
        for step in 0..2_000_usize {
            let more = step.to_string().repeat(step % 7);
            replies.raw(more.as_bytes());
            model.extend_from_slice(more.as_bytes());
            let sent = (step * 31 % 40).min(model.len());
            replies.sent(sent);
            model.drain(..sent);
            assert_eq!(replies.as_bytes(), model);
        }
        replies.sent(model.len());
        assert_eq!(replies.as_bytes(), b"");
    }
}
