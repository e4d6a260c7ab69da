//! Replies in the form of the protocol, written one after another to what is sent.

use std::fmt::Display;
use std::io::Write;

/// Writes replies.
pub trait Replies {
    /// `+OK`, `+PONG` and the like.
    fn simple(&mut self, text: &str);

    /// `+OK`.
    fn ok(&mut self);

    /// There is no such value.
    fn nil(&mut self);

    /// A number.
    fn integer(&mut self, number: i64);

    /// How many there are.
    fn count(&mut self, count: usize);

    /// Any bytes.
    fn bulk(&mut self, bytes: &[u8]);

    /// The value if there is one.
    fn bulk_or_nil(&mut self, bytes: Option<&[u8]>);

    /// As many replies as this follow and belong together.
    fn array(&mut self, elements: usize);

    /// An error: a code in capitals and a sentence. What would end the line early becomes a blank.
    fn error(&mut self, error: &dyn Display);

    /// What is in the form of the protocol already.
    fn raw(&mut self, bytes: &[u8]);
}

impl Replies for Vec<u8> {
    #[inline]
    fn simple(&mut self, text: &str) {
        self.push(b'+');
        self.extend_from_slice(text.as_bytes());
        end(self);
    }

    #[inline]
    fn ok(&mut self) {
        self.extend_from_slice(b"+OK\r\n");
    }

    #[inline]
    fn nil(&mut self) {
        self.extend_from_slice(b"$-1\r\n");
    }

    #[inline]
    fn integer(&mut self, number: i64) {
        header(self, b':', number);
    }

    #[inline]
    fn count(&mut self, count: usize) {
        header(self, b':', i64::try_from(count).unwrap_or(i64::MAX));
    }

    #[inline]
    fn bulk(&mut self, bytes: &[u8]) {
        header(self, b'$', i64::try_from(bytes.len()).unwrap_or(i64::MAX));
        self.extend_from_slice(bytes);
        end(self);
    }

    #[inline]
    fn bulk_or_nil(&mut self, bytes: Option<&[u8]>) {
        match bytes {
            Some(bytes) => self.bulk(bytes),
            None => self.nil(),
        }
    }

    #[inline]
    fn array(&mut self, elements: usize) {
        header(self, b'*', i64::try_from(elements).unwrap_or(i64::MAX));
    }

    fn error(&mut self, error: &dyn Display) {
        self.push(b'-');
        let start = self.len();
        write!(self, "{error}").expect("memory takes whatever is written");
        self[start..].iter_mut().filter(|byte| matches!(byte, b'\r' | b'\n')).for_each(|byte| *byte = b' ');
        end(self);
    }

    #[inline]
    fn raw(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

fn header(replies: &mut Vec<u8>, kind: u8, number: i64) {
    replies.push(kind);
    replies.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    end(replies);
}

#[inline]
fn end(replies: &mut Vec<u8>) {
    replies.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::Replies;

    #[test]
    fn replies_are_what_the_protocol_says() {
        let mut replies = Vec::new();
        replies.array(3);
        replies.bulk_or_nil(Some(b"a\r\nb"));
        replies.bulk_or_nil(None);
        replies.integer(-7);
        replies.error(&"ERR no\r\nline");
        assert_eq!(replies, b"*3\r\n$4\r\na\r\nb\r\n$-1\r\n:-7\r\n-ERR no  line\r\n");
    }
}
