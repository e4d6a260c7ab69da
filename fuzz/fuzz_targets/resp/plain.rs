//! A plain parser of requests, which keeps nothing of a request that is not whole.

use kv_server::{ProtocolError, RequestLimits};

/// The longest line that is not an argument, in bytes.
const LINE: usize = 64 * 1024;

/// A part of a request, with what follows it. `None` while its end has not come.
type Part<'b, T> = Result<Option<(T, &'b [u8])>, ProtocolError>;

pub(crate) struct Plain {
    limits: RequestLimits,
    done: usize,
}

impl Plain {
    pub(crate) fn new(limits: RequestLimits) -> Self {
        Self { limits, done: 0 }
    }

    /// Returns the number of bytes that belong to requests, or to none.
    pub(crate) fn done(&self) -> usize {
        self.done
    }

    /// Returns the next request in all bytes that were sent.
    pub(crate) fn next(&mut self, sent: &[u8]) -> Result<Option<Vec<Vec<u8>>>, ProtocolError> {
        loop {
            let bytes = &sent[self.done..];
            let part = match bytes.first() {
                None => return Ok(None),
                Some(b'*') => self.array(bytes),
                Some(_) => inline(bytes),
            };
            let Some((request, rest)) = part? else { return Ok(None) };
            self.done = sent.len() - rest.len();
            // An empty request gets no reply.
            if !request.is_empty() {
                return Ok(Some(request));
            }
        }
    }

    /// Reads a request that is an array of arguments.
    fn array<'b>(&self, bytes: &'b [u8]) -> Part<'b, Vec<Vec<u8>>> {
        let Some((count, mut rest)) = number(bytes, "mbulk count string")? else { return Ok(None) };
        let count = count.ok_or(ProtocolError::MultibulkLength)?;
        if count > self.limits.arguments as i64 {
            return Err(ProtocolError::MultibulkLength);
        }
        let mut request = Vec::new();
        for _ in 0..count {
            if let Some(other) = rest.first().filter(|byte| **byte != b'$')
                && visible(rest).contains(&b'\r')
            {
                return Err(ProtocolError::Expected(*other));
            }
            let Some((length, after)) = number(rest, "bulk count string")? else { return Ok(None) };
            let length = length.and_then(|length| usize::try_from(length).ok());
            let length = length.filter(|length| *length <= self.limits.argument).ok_or(ProtocolError::BulkLength)?;
            if bytes.len() - after.len() + length + 2 > self.limits.request {
                return Err(ProtocolError::RequestTooLong(self.limits.request));
            }
            if after.len() < length + 2 {
                return Ok(None);
            }
            request.push(after[..length].to_vec());
            // The end of the line may be any two bytes.
            rest = &after[length + 2..];
        }
        Ok(Some((request, rest)))
    }
}

/// Returns the bytes up to the first that is zero. As in Redis, no line ends after it.
fn visible(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// Reads a line that begins with a mark and a number in its one form.
fn number<'b>(bytes: &'b [u8], what: &'static str) -> Part<'b, Option<i64>> {
    let Some(end) = visible(bytes).iter().position(|byte| *byte == b'\r') else {
        return if bytes.len() > LINE { Err(ProtocolError::LineTooLong(what)) } else { Ok(None) };
    };
    let Some(rest) = bytes.get(end + 2..) else { return Ok(None) };
    let text = str::from_utf8(&bytes[1..end]).unwrap_or_default();
    let number = text.parse::<i64>().ok().filter(|number| number.to_string() == text);
    Ok(Some((number, rest)))
}

/// Reads a request that is a line of words.
fn inline(bytes: &[u8]) -> Part<'_, Vec<Vec<u8>>> {
    let Some(end) = visible(bytes).iter().position(|byte| *byte == b'\n') else {
        return if bytes.len() > LINE { Err(ProtocolError::LineTooLong("inline request")) } else { Ok(None) };
    };
    let line = &bytes[..end];
    let mut letters = line.strip_suffix(b"\r").unwrap_or(line);
    let mut words = Vec::new();
    loop {
        letters = letters.after_blanks();
        if letters.is_empty() {
            return Ok(Some((words, &bytes[end + 1..])));
        }
        let (found, rest) = word(letters).ok_or(ProtocolError::Quotes)?;
        words.push(found);
        letters = rest;
    }
}

/// Blanks as C has them, which are those of ASCII and the vertical tab.
trait Blanks {
    fn after_blanks(&self) -> &Self;
}

impl Blanks for [u8] {
    fn after_blanks(&self) -> &Self {
        let blanks = self.iter().take_while(|byte| byte.is_ascii_whitespace() || **byte == 11).count();
        &self[blanks..]
    }
}

/// Reads a word, and returns what follows. Returns `None` if its quotes do not match.
fn word(letters: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut word = Vec::new();
    let mut rest = letters;
    let mut quote = None;
    loop {
        let Some((&letter, after)) = rest.split_first() else { return quote.is_none().then_some((word, rest)) };
        match (quote, letter) {
            (None, b' ' | b'\t' | b'\r' | b'\n') => return Some((word, rest)),
            (None, b'"' | b'\'') => quote = Some(letter),
            (Some(quote), _) if letter == quote => {
                // It ends the word.
                return (after.is_empty() || after.after_blanks().len() < after.len()).then_some((word, after));
            }
            (Some(b'"'), b'\\') if !after.is_empty() => {
                let (byte, after) = escaped(after);
                word.push(byte);
                rest = after;
                continue;
            }
            (Some(b'\''), b'\\') if after.first() == Some(&b'\'') => {
                word.push(b'\'');
                rest = &after[1..];
                continue;
            }
            _ => word.push(letter),
        }
        rest = after;
    }
}

/// Reads what follows a backslash.
fn escaped(letters: &[u8]) -> (u8, &[u8]) {
    if let [b'x', digits @ ..] = letters
        && let Some(Ok(digits)) = digits.get(..2).map(str::from_utf8)
        && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
        && let Ok(byte) = u8::from_str_radix(digits, 16)
    {
        return (byte, &letters[3..]);
    }
    let byte = match letters[0] {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'b' => 8,
        b'a' => 7,
        other => other,
    };
    (byte, &letters[1..])
}
