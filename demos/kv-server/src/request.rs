//! Requests: the parser, which takes bytes as they come and gives a request when it is whole.

use memchr::memchr;

use crate::error::ProtocolError;
use crate::number;

/// The most that is read at once, in bytes.
pub const READ: usize = 64 * 1024;

/// The longest line that is no argument, in bytes.
const LINE: usize = 64 * 1024;

/// What a client may send.
#[derive(Clone, Copy, Debug)]
pub struct RequestLimits {
    /// The longest argument, in bytes.
    pub argument: usize,
    /// The longest request, in bytes.
    pub request: usize,
    /// The most arguments.
    pub arguments: usize,
}

/// The bytes that a client sent, and the request that was found in them last.
///
/// Bytes go into [`room`](Self::room); [`next`](Self::next) then steps from request to request. Where a request is not
/// whole yet, the parser keeps how far it came, so that bytes are looked at once, however they are cut.
#[derive(Debug, Default)]
pub struct Request {
    /// Read so far, and room for more.
    buffer: Vec<u8>,
    /// How much of it was read.
    filled: usize,
    /// Where the present request begins.
    start: usize,
    /// Where the parser is.
    at: usize,
    /// How many arguments are still to come, once that is known.
    missing: Option<usize>,
    /// How long the argument is whose length was read last.
    length: Option<usize>,
    arguments: Vec<Span>,
}

/// An argument's place in the buffer.
#[derive(Clone, Copy, Debug)]
struct Span {
    from: usize,
    to: usize,
}

impl Request {
    /// How many arguments the request has, its name included.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.arguments.len()
    }

    /// Whether there is no request.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.arguments.is_empty()
    }

    /// An argument; the name is number 0.
    ///
    /// # Panics
    /// If there are not so many.
    #[inline]
    #[must_use]
    pub fn get(&self, argument: usize) -> &[u8] {
        let Span { from, to } = self.arguments[argument];
        &self.buffer[from..to]
    }

    /// All arguments from this one on.
    pub fn from(&self, first: usize) -> impl ExactSizeIterator<Item = &[u8]> {
        self.arguments[first.min(self.len())..].iter().map(|span| &self.buffer[span.from..span.to])
    }

    /// Room for the bytes that come next: at least [`READ`], more where a long argument is on its way.
    pub fn room(&mut self) -> &mut [u8] {
        let wanted = self.length.map_or(0, |length| self.at + length + 2).saturating_sub(self.filled);
        // It grows with what came, not with what was announced.
        let room = wanted.min(self.filled).max(READ);
        if self.buffer.len() - self.filled < READ {
            self.buffer.resize(self.filled + room, 0);
        }
        &mut self.buffer[self.filled..]
    }

    /// Bytes were put into the room.
    #[inline]
    pub fn add(&mut self, bytes: usize) {
        self.filled += bytes;
    }

    /// Whether bytes wait that are no whole request yet.
    #[inline]
    #[must_use]
    pub fn has_rest(&self) -> bool {
        self.start < self.filled
    }

    /// How much memory is held, in bytes.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.buffer.capacity() + self.arguments.capacity() * size_of::<Span>()
    }

    /// Steps to the next request. `false` if there is none that is whole.
    ///
    /// # Errors
    /// If the bytes are no request. Nothing after them can be read.
    pub fn next(&mut self, limits: &RequestLimits) -> Result<bool, ProtocolError> {
        loop {
            if self.missing.is_none() {
                // The one before is done with.
                self.arguments.clear();
                self.start = self.at;
                match self.buffer[self.at..self.filled].first() {
                    None => return Ok(false),
                    Some(b'*') => {
                        let Some(count) = self.number("mbulk count string")? else { return Ok(false) };
                        let count = count.ok_or(ProtocolError::MultibulkLength)?;
                        match usize::try_from(count) {
                            Ok(count) if count > limits.arguments => return Err(ProtocolError::MultibulkLength),
                            // Nothing is asked, so nothing is answered.
                            Ok(0) | Err(_) => continue,
                            Ok(count) => self.missing = Some(count),
                        }
                    }
                    Some(_) => match self.inline()? {
                        None => return Ok(false),
                        Some(()) if self.arguments.is_empty() => continue,
                        Some(()) => return Ok(true),
                    },
                }
            }
            if self.bulks(limits)? {
                self.missing = None;
                return Ok(true);
            }
            return Ok(false);
        }
    }

    /// Reads the arguments that are there. Whether they are all.
    fn bulks(&mut self, limits: &RequestLimits) -> Result<bool, ProtocolError> {
        while let Some(missing @ 1..) = self.missing {
            let length = match self.length {
                Some(length) => length,
                None => {
                    match self.buffer[self.at..self.filled].first() {
                        None => return Ok(false),
                        Some(b'$') => {}
                        Some(other) if memchr(b'\r', &self.buffer[self.at..self.filled]).is_some() => {
                            return Err(ProtocolError::Expected(*other));
                        }
                        Some(_) => return self.line("bulk count string").map(|_| false),
                    }
                    let Some(length) = self.number("bulk count string")? else { return Ok(false) };
                    let length = length.and_then(|length| usize::try_from(length).ok());
                    let length = length.filter(|length| *length <= limits.argument);
                    let length = length.ok_or(ProtocolError::BulkLength)?;
                    // Refused as soon as it is known, and not when it has come.
                    if self.at + length + 2 - self.start > limits.request {
                        return Err(ProtocolError::RequestTooLong(limits.request));
                    }
                    *self.length.insert(length)
                }
            };
            // The argument and the end of its line.
            if self.filled - self.at < length + 2 {
                return Ok(false);
            }
            self.arguments.push(Span { from: self.at, to: self.at + length });
            self.at += length + 2;
            self.length = None;
            self.missing = Some(missing - 1);
        }
        Ok(true)
    }

    /// The number after the mark at which the parser is, up to the end of the line, which is passed. `None` while that
    /// has not come; `Some(None)` if it is no number.
    #[inline]
    fn number(&mut self, what: &'static str) -> Result<Option<Option<i64>>, ProtocolError> {
        // Nearly all are of one digit.
        if let [_, digit @ b'0'..=b'9', b'\r', _, ..] = self.buffer[self.at..self.filled] {
            self.at += 4;
            return Ok(Some(Some(i64::from(digit - b'0'))));
        }
        let Some(end) = self.line(what)? else { return Ok(None) };
        let number = number::parse(&self.buffer[self.at + 1..end]);
        self.at = end + 2;
        Ok(Some(number))
    }

    /// Where the line ends at which the parser is, once both bytes of its end have come.
    fn line(&self, what: &'static str) -> Result<Option<usize>, ProtocolError> {
        match memchr(b'\r', &self.buffer[self.at..self.filled]) {
            Some(length) if self.at + length + 1 < self.filled => Ok(Some(self.at + length)),
            None if self.filled - self.at > LINE => Err(ProtocolError::LineTooLong(what)),
            _ => Ok(None),
        }
    }

    /// Reads a request that is a line of words. `None` while its end has not come.
    fn inline(&mut self) -> Result<Option<()>, ProtocolError> {
        let Some(length) = memchr(b'\n', &self.buffer[self.at..self.filled]) else {
            let long = self.filled - self.at > LINE;
            return if long { Err(ProtocolError::LineTooLong("inline request")) } else { Ok(None) };
        };
        let end = self.at + length;
        let line = &mut self.buffer[self.at..end];
        let line = match line {
            [start @ .., b'\r'] => start,
            line => line,
        };
        words(line, |from, to| self.arguments.push(Span { from: self.at + from, to: self.at + to }))?;
        self.at = end + 1;
        Ok(Some(()))
    }

    /// Empties the buffer of what was handled. If a request is not whole, its bytes go with the parser to a `Request`
    /// of their own, and this one is as new.
    pub fn take_rest(&mut self) -> Option<Self> {
        let rest = self.has_rest().then(|| {
            let mut rest = Self { buffer: self.buffer[self.start..self.filled].to_vec(), ..Self::default() };
            rest.filled = rest.buffer.len();
            rest.at = self.at - self.start;
            rest.missing = self.missing.take();
            rest.length = self.length.take();
            rest.arguments.extend(self.arguments.iter().map(|span| span.back(self.start)));
            rest
        });
        self.clear();
        rest
    }

    /// Moves what is not handled yet to the front, and gives memory back that is far more than that needs.
    pub fn compact(&mut self) {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.filled, 0);
            self.arguments.iter_mut().for_each(|span| *span = span.back(self.start));
            self.filled -= self.start;
            self.at -= self.start;
            self.start = 0;
        }
        if self.buffer.capacity() > 4 * self.filled {
            self.buffer.truncate(self.filled);
            self.buffer.shrink_to_fit();
        }
        if self.arguments.capacity() > 4 * self.arguments.len() {
            self.arguments.shrink_to_fit();
        }
    }

    /// Forgets everything but the memory.
    pub fn clear(&mut self) {
        (self.filled, self.start, self.at) = (0, 0, 0);
        (self.missing, self.length) = (None, None);
        self.arguments.clear();
    }
}

impl Span {
    fn back(self, by: usize) -> Self {
        Self { from: self.from - by, to: self.to - by }
    }
}

/// Splits a line into words, which may be quoted; calls `word` with where each begins and ends. Quotes and escapes are
/// resolved in place, since what they stand for is never longer.
fn words(line: &mut [u8], mut word: impl FnMut(usize, usize)) -> Result<(), ProtocolError> {
    let mut at = 0;
    loop {
        while line.get(at).is_some_and(|byte| is_blank(*byte)) {
            at += 1;
        }
        if at == line.len() {
            return Ok(());
        }
        let from = at;
        let mut to = at;
        let mut put = |line: &mut [u8], byte| {
            line[to] = byte;
            to += 1;
        };
        while let Some(&byte) = line.get(at) {
            match byte {
                b'"' | b'\'' => {
                    at = quoted(line, at, &mut put).ok_or(ProtocolError::Quotes)?;
                    // What follows a closing quote is a blank or nothing.
                    if line.get(at).is_some_and(|byte| !is_blank(*byte)) {
                        return Err(ProtocolError::Quotes);
                    }
                    break;
                }
                byte if is_blank(byte) => break,
                byte => {
                    put(line, byte);
                    at += 1;
                }
            }
        }
        word(from, to);
    }
}

/// Reads a quoted part that begins at `at`; gives where it ends, or `None` if it does not.
fn quoted(line: &mut [u8], mut at: usize, put: &mut impl FnMut(&mut [u8], u8)) -> Option<usize> {
    let quote = line[at];
    at += 1;
    loop {
        let (byte, length) = match line[at..] {
            [] => return None,
            [byte, ..] if byte == quote => return Some(at + 1),
            [b'\\', b'\'', ..] if quote == b'\'' => (b'\'', 2),
            [b'\\', b'x', high, low, ..] if quote == b'"' && high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                (hex(high) << 4 | hex(low), 4)
            }
            [b'\\', escaped, ..] if quote == b'"' => (unescape(escaped), 2),
            [byte, ..] => (byte, 1),
        };
        put(line, byte);
        at += length;
    }
}

fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20) - b'a' + 10,
    }
}

fn unescape(letter: u8) -> u8 {
    match letter {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'b' => 8,
        b'a' => 7,
        other => other,
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r' | 0)
}
