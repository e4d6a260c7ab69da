//! A strict reader of replies, in either version of the protocol.

use kv_server::Protocol;

/// What the replies to a request may be.
#[derive(Clone, Copy)]
pub(crate) struct Grammar {
    /// The version that the client spoke before the request, and the one after it. Replies may be in both.
    pub(crate) spoken: [Protocol; 2],
    /// Whether messages may come within an array, as in a transaction that subscribes.
    pub(crate) messages_within: bool,
}

impl Grammar {
    fn is_spoken(&self, protocol: Protocol) -> bool {
        self.spoken.contains(&protocol)
    }

    /// Returns each reply in these bytes, or `None` if they are anything else.
    pub(crate) fn split(self, mut bytes: &[u8]) -> Option<Vec<&[u8]>> {
        let mut replies = Vec::new();
        while !bytes.is_empty() {
            let rest = self.skip(bytes, false)?;
            replies.push(bytes.split_off(..bytes.len() - rest.len())?);
        }
        Some(replies)
    }

    /// Returns what follows the first reply.
    fn skip(self, bytes: &[u8], within: bool) -> Option<&[u8]> {
        let (&kind, bytes) = bytes.split_first()?;
        let end = bytes.windows(2).position(|two| two == b"\r\n")?;
        let (line, rest) = (&bytes[..end], &bytes[end + 2..]);
        if line.iter().any(|byte| matches!(byte, b'\r' | b'\n')) {
            return None;
        }
        let three = self.is_spoken(Protocol::Three);
        match kind {
            b'+' | b'-' => Some(rest),
            b':' => number(line).map(|_| rest),
            b'$' | b'*' if line == b"-1" => self.is_spoken(Protocol::Two).then_some(rest),
            b'$' => text(line, rest).map(|(_, rest)| rest),
            b'*' => self.skip_all(count(line)?, rest),
            _ if !three => None,
            b'_' => line.is_empty().then_some(rest),
            b'#' => [b"t", b"f"].contains(&line.first_chunk()?).then_some(rest).filter(|_| line.len() == 1),
            b',' => str::from_utf8(line).ok()?.parse::<f64>().ok().map(|_| rest),
            b'=' => text(line, rest).filter(|(text, _)| text.get(3) == Some(&b':')).map(|(_, rest)| rest),
            b'%' => self.skip_all(count(line)?.checked_mul(2)?, rest),
            b'~' => self.skip_all(count(line)?, rest),
            b'>' if !within || self.messages_within => self.skip_all(count(line).filter(|count| *count > 0)?, rest),
            _ => None,
        }
    }

    fn skip_all(self, count: usize, bytes: &[u8]) -> Option<&[u8]> {
        (0..count).try_fold(bytes, |rest, _| self.skip(rest, true))
    }
}

/// Reads a number, which has one form.
fn number(line: &[u8]) -> Option<i64> {
    let text = str::from_utf8(line).ok()?;
    text.parse().ok().filter(|number: &i64| number.to_string() == text)
}

/// Reads the number of elements or bytes.
pub(crate) fn count(line: &[u8]) -> Option<usize> {
    usize::try_from(number(line)?).ok()
}

/// Returns bytes of a given length, and what follows the end of their line.
fn text<'b>(line: &[u8], rest: &'b [u8]) -> Option<(&'b [u8], &'b [u8])> {
    let (text, rest) = rest.split_at_checked(count(line)?)?;
    Some((text, rest.strip_prefix(b"\r\n")?))
}
