//! Requests, and the parser that takes bytes as they come and returns each request once it is complete.

use memchr::memchr2;
use nexus_rt::connections::{Buffer, Framing};

use crate::error::ProtocolError;
use crate::number;

/// The longest line that is not an argument, in bytes.
const LINE: usize = 64 * 1024;

/// The maximum number of arguments for which room is kept.
const SPANS: usize = 256;

/// The maximum number of arguments, and the longest of them in bytes, before a client has given its password.
const STRANGE_ARGUMENTS: usize = 10;
const STRANGE_ARGUMENT: usize = 16 * 1024;

/// The limits on what a client may send.
#[derive(Clone, Copy, Debug)]
pub struct RequestLimits {
    /// The longest argument, in bytes.
    pub argument: usize,
    /// The longest request, in bytes.
    pub request: usize,
    /// The maximum number of arguments.
    pub arguments: usize,
}

/// A request from a client, and the parser that decodes it: the framing of the protocol.
///
/// The parser keeps its position in an incomplete request, so each byte is examined once, however the bytes are split.
#[derive(Clone, Debug)]
pub struct Request {
    limits: RequestLimits,
    buffer: Buffer,
    /// The position of the parser, from the start of the request.
    at: usize,
    /// The number of arguments that are still missing, once it is known.
    missing: Option<usize>,
    /// The length that was read last, if its argument has not come yet.
    length: Option<usize>,
    arguments: Vec<Span>,
    /// Whether it [announces](Self::announcing) requests, and whether it has announced this one.
    announces: bool,
    announced: bool,
}

/// The position of an argument in the request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) from: usize,
    pub(crate) to: usize,
}

impl Request {
    /// Creates a parser that has seen nothing.
    #[must_use]
    pub fn new(limits: RequestLimits) -> Self {
        let (buffer, arguments) = (Buffer::default(), Vec::new());
        Self { limits, buffer, at: 0, missing: None, length: None, arguments, announces: false, announced: false }
    }

    /// Makes the parser return the beginning of a request once, as a request that is not [whole](Self::is_whole), if
    /// only a client that has given its password may send it. The parser knows no clients.
    #[must_use]
    pub fn announcing(self) -> Self {
        Self { announces: true, ..self }
    }

    /// Returns whether all arguments have come.
    #[inline]
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.missing.is_none()
    }

    /// Returns what is wrong with the request, whole or not, if its client has not given its password.
    pub(crate) fn excess(&self) -> Option<ProtocolError> {
        if self.is_whole() && self.buffer.taken().first() != Some(&b'*') {
            // A line has a limit of its own.
            return None;
        }
        if self.arguments.len() + self.missing.unwrap_or(0) > STRANGE_ARGUMENTS {
            return Some(ProtocolError::StrangeMultibulkLength);
        }
        let mut lengths = self.arguments.iter().map(|span| span.to - span.from).chain(self.length);
        lengths.any(|length| length > STRANGE_ARGUMENT).then_some(ProtocolError::StrangeBulkLength)
    }

    /// Returns the number of arguments, including the name.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.arguments.len()
    }

    /// Returns whether there is no request.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.arguments.is_empty()
    }

    /// Returns an argument; the name is number 0.
    ///
    /// # Panics
    /// If the request has fewer arguments.
    #[inline]
    #[must_use]
    pub fn get(&self, argument: usize) -> &[u8] {
        let Span { from, to } = self.arguments[argument];
        &self.buffer.taken()[from..to]
    }

    /// Returns all arguments from this one on.
    pub fn from(&self, first: usize) -> impl ExactSizeIterator<Item = &[u8]> {
        let bytes = self.buffer.taken();
        self.arguments[first.min(self.len())..].iter().map(move |span| &bytes[span.from..span.to])
    }

    /// Returns a copy of the request that owns its bytes.
    #[must_use]
    pub(crate) fn copy(&self) -> Self {
        let bytes = self.buffer.taken();
        let mut buffer = Buffer::default();
        buffer.extend(bytes);
        buffer.take(bytes.len());
        Self { buffer, arguments: self.arguments.as_slice().into(), ..Self::new(self.limits) }
    }

    /// Forgets the request and all bytes received, and returns the two parts to fill: the buffer, whose taken bytes are
    /// the request, and the positions of the arguments in it.
    pub(crate) fn reset(&mut self) -> (&mut Buffer, &mut Vec<Span>) {
        let unread = self.buffer.unread().len();
        self.buffer.take(unread);
        self.arguments.clear();
        (self.at, self.missing, self.length) = (0, None, None);
        (&mut self.buffer, &mut self.arguments)
    }

    /// Returns the approximate memory of the request, in bytes.
    pub(crate) fn size(&self) -> usize {
        size_of::<Self>() + self.buffer.taken().len() + self.arguments.len() * size_of::<Span>()
    }

    /// Skips bytes that are not a request.
    fn skip(&mut self) {
        self.buffer.take(self.at);
        self.at = 0;
    }

    /// Looks for the end of the request. Returns `false` if it has not come yet.
    #[inline]
    fn find(&mut self) -> Result<bool, ProtocolError> {
        while self.missing.is_none() {
            // The previous request has been handled.
            self.arguments.clear();
            match self.buffer.unread() {
                [] => return Ok(false),
                bytes @ [b'*', ..] => {
                    let Some((count, length)) = number(bytes, "mbulk count string")? else { return Ok(false) };
                    let count = count.ok_or(ProtocolError::MultibulkLength)?;
                    self.at = length;
                    match usize::try_from(count) {
                        Ok(count) if count > self.limits.arguments => return Err(ProtocolError::MultibulkLength),
                        // An empty request gets no reply.
                        Ok(0) | Err(_) => self.skip(),
                        Ok(count) => self.missing = Some(count),
                    }
                }
                _ => match self.inline()? {
                    None => return Ok(false),
                    Some(()) if self.arguments.is_empty() => self.skip(),
                    Some(()) => return Ok(true),
                },
            }
        }
        self.bulks()
    }

    /// Reads the available arguments. Returns whether all of them are there.
    #[inline]
    fn bulks(&mut self) -> Result<bool, ProtocolError> {
        let mut bytes = &self.buffer.unread()[self.at..];
        while let Some(missing @ 1..) = self.missing {
            let length = match self.length {
                Some(length) => length,
                None => {
                    match bytes {
                        [] => return Ok(false),
                        [b'$', ..] => {}
                        [other, ..] if end(b'\r', bytes).is_some() => return Err(ProtocolError::Expected(*other)),
                        _ => return line(bytes, "bulk count string").map(|_| false),
                    }
                    let Some((length, header)) = number(bytes, "bulk count string")? else { return Ok(false) };
                    let length = length.and_then(|length| usize::try_from(length).ok());
                    let length = length.filter(|length| *length <= self.limits.argument);
                    let length = length.ok_or(ProtocolError::BulkLength)?;
                    self.at += header;
                    bytes = &bytes[header..];
                    // Refuse it as soon as its length is known, not when it has arrived.
                    if self.at + length + 2 > self.limits.request {
                        return Err(ProtocolError::RequestTooLong(self.limits.request));
                    }
                    *self.length.insert(length)
                }
            };
            // The argument and its line end.
            let Some((_, rest)) = bytes.split_at_checked(length + 2) else {
                self.buffer.expect(self.at + length + 2);
                return Ok(false);
            };
            self.arguments.push(Span { from: self.at, to: self.at + length });
            bytes = rest;
            self.at += length + 2;
            self.length = None;
            self.missing = Some(missing - 1);
        }
        self.missing = None;
        Ok(true)
    }

    /// Reads a request that is a line of words. Returns `None` while its end has not come.
    fn inline(&mut self) -> Result<Option<()>, ProtocolError> {
        let Some(length) = end(b'\n', self.buffer.unread()) else {
            let long = self.buffer.unread().len() > LINE;
            return if long { Err(ProtocolError::LineTooLong("inline request")) } else { Ok(None) };
        };
        let line = &mut self.buffer.unread_mut()[..length];
        let line = match line {
            [start @ .., b'\r'] => start,
            line => line,
        };
        words(line, |from, to| self.arguments.push(Span { from, to }))?;
        self.at = length + 1;
        Ok(Some(()))
    }

    /// Frees memory if it is far more than the content needs.
    pub(crate) fn shrink(&mut self) {
        if self.arguments.capacity() > SPANS.max(4 * self.arguments.len()) {
            self.arguments.shrink_to(SPANS.max(self.arguments.len()));
        }
    }
}

impl Framing for Request {
    type Frame = Self;
    type Error = ProtocolError;

    fn buffer(&mut self) -> &mut Buffer {
        &mut self.buffer
    }

    #[inline]
    fn decode(&mut self) -> Result<Option<&Self>, ProtocolError> {
        if !self.find()? {
            self.shrink();
            let begins = self.announces && !self.announced && !self.is_whole() && self.excess().is_some();
            self.announced |= begins;
            return Ok(begins.then_some(self));
        }
        self.announced = false;
        self.buffer.take(self.at);
        self.at = 0;
        Ok(Some(self))
    }

    fn holds(&self) -> usize {
        self.arguments.capacity() * size_of::<Span>()
    }
}

/// Parses the number after the mark at the start of `bytes`, and returns it with the position of the next line. Returns
/// `None` while the end of the line has not come, and `Some((None, _))` if it is not a number.
#[inline]
fn number(bytes: &[u8], what: &'static str) -> Result<Option<(Option<i64>, usize)>, ProtocolError> {
    // Nearly all numbers have one digit.
    if let [_, digit @ b'0'..=b'9', b'\r', _, ..] = *bytes {
        return Ok(Some((Some(i64::from(digit - b'0')), 4)));
    }
    let length = line(bytes, what)?;
    Ok(length.map(|length| (number::parse(&bytes[1..length]), length + 2)))
}

/// Returns where a line ends. As in Redis, a line that contains a zero byte has no end.
#[inline]
fn end(mark: u8, bytes: &[u8]) -> Option<usize> {
    memchr2(mark, 0, bytes).filter(|at| bytes[*at] == mark)
}

/// Returns the length of the line at the start of `bytes`, once both bytes of its end have come.
fn line(bytes: &[u8], what: &'static str) -> Result<Option<usize>, ProtocolError> {
    match end(b'\r', bytes) {
        Some(length) if length + 1 < bytes.len() => Ok(Some(length)),
        None if bytes.len() > LINE => Err(ProtocolError::LineTooLong(what)),
        _ => Ok(None),
    }
}

/// Splits a line into words, which may be quoted, and calls `word` with the start and the end of each. Quotes and
/// escapes are resolved in place, since the result is never longer.
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
                    // A closing quote must be followed by a blank or the end.
                    if line.get(at).is_some_and(|byte| !is_blank(*byte)) {
                        return Err(ProtocolError::Quotes);
                    }
                    break;
                }
                // Any other blank is part of the word, although blanks of all kinds are skipped before a word.
                b' ' | b'\t' | b'\r' | b'\n' => break,
                byte => {
                    put(line, byte);
                    at += 1;
                }
            }
        }
        word(from, to);
    }
}

/// Reads a quoted part that begins at `at`. Returns where it ends, or `None` if it has no end.
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
    matches!(byte, b' ' | b'\t'..=b'\r')
}
