//! `Message`: FIX 4.4 on the wire, both its framing and the frame that the chain receives.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use nexus_rt::connections::{Buffer, Framing};

pub(crate) const SOH: u8 = 1;
const BEGIN: &[u8] = b"8=FIX.4.4\x019=";
/// `10=000|`
const TRAILER: usize = 7;
/// The longest body that is accepted, in bytes.
const LONGEST: u64 = 64 * 1024;
/// Fields whose value is the length of the next one, which may contain separators.
const LENGTHS: [u32; 16] = [90, 93, 95, 212, 348, 350, 352, 354, 356, 358, 360, 362, 364, 445, 618, 621];

/// A message, and the buffer from which it is read. All messages reuse one list of fields.
#[derive(Clone, Default, Debug)]
pub(crate) struct Message {
    buffer: Buffer,
    /// Tags, 0 where there is none, and where in the buffer's taken bytes their values are.
    fields: Vec<(u32, Range<usize>)>,
    /// Whether the sum is right and the type stands in its place.
    intact: bool,
}

/// Why bytes are no message and it cannot be known where the next one begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Unframed {
    BeginString,
    BodyLength,
    TooLong,
    CheckSum,
}

impl fmt::Display for Unframed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BeginString => "a message does not begin with `8=FIX.4.4`",
            Self::BodyLength => "the second field is not a body length",
            Self::TooLong => "a body is too long",
            Self::CheckSum => "the body length does not lead to a checksum",
        })
    }
}

impl std::error::Error for Unframed {}

impl Framing for Message {
    type Frame = Self;
    type Error = Unframed;

    fn buffer(&mut self) -> &mut Buffer {
        &mut self.buffer
    }

    fn decode(&mut self) -> Result<Option<&Self>, Unframed> {
        let unread = self.buffer.unread();
        let Some(length) = length(unread)? else { return Ok(None) };
        let Some(bytes) = unread.get(..length) else {
            self.buffer.expect(length);
            return Ok(None);
        };
        let (body, trailer) = bytes.split_at(length - TRAILER);
        if body.last() != Some(&SOH) || !trailer.starts_with(b"10=") || !trailer.ends_with(&[SOH]) {
            return Err(Unframed::CheckSum);
        }
        let sum = number(&trailer[3..TRAILER - 1]) == Some(u64::from(sum(body)));
        split(self.buffer.take(length), &mut self.fields);
        self.intact = sum && self.fields.get(2).is_some_and(|(tag, _)| *tag == 35);
        Ok(Some(self))
    }

    fn holds(&self) -> usize {
        self.fields.capacity() * size_of::<(u32, Range<usize>)>()
    }
}

impl Message {
    pub(crate) fn is_intact(&self) -> bool {
        self.intact
    }

    /// The tags and values, in order. A piece that is no field has the tag 0.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (u32, &[u8])> {
        self.fields.iter().map(|(tag, range)| (*tag, &self.buffer.taken()[range.clone()]))
    }

    pub(crate) fn text(&self, tag: u32) -> Option<&str> {
        let (_, value) = self.fields().find(|(other, _)| *other == tag)?;
        std::str::from_utf8(value).ok()
    }

    /// The message type.
    pub(crate) fn kind(&self) -> &str {
        self.text(35).unwrap_or_default()
    }

    pub(crate) fn number(&self, tag: u32) -> Option<u64> {
        number(self.text(tag)?.as_bytes())
    }

    /// Whether a flag is set. One that is missing is not.
    pub(crate) fn is(&self, tag: u32) -> bool {
        self.text(tag) == Some("Y")
    }
}

/// The checksum of these bytes.
pub(crate) fn sum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, byte| sum.wrapping_add(*byte))
}

fn number(digits: &[u8]) -> Option<u64> {
    let digit = |number: u64, byte: &u8| number.checked_mul(10)?.checked_add(u64::from(byte.checked_sub(b'0')?));
    let valid = (1..=18).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit);
    if valid { digits.iter().try_fold(0, digit) } else { None }
}

/// The length of the message that begins here, as soon as it is known.
fn length(bytes: &[u8]) -> Result<Option<usize>, Unframed> {
    let Some(rest) = bytes.strip_prefix(BEGIN) else {
        return if BEGIN.starts_with(bytes) { Ok(None) } else { Err(Unframed::BeginString) };
    };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    match (rest.get(digits), number(&rest[..digits])) {
        (None, _) if digits <= 6 => Ok(None),
        (Some(&SOH), Some(body)) if body > LONGEST => Err(Unframed::TooLong),
        (Some(&SOH), Some(body @ 1..)) => Ok(Some(BEGIN.len() + digits + 1 + body as usize + TRAILER)),
        _ => Err(Unframed::BodyLength),
    }
}

/// Finds the fields of a message.
fn split(bytes: &[u8], fields: &mut Vec<(u32, Range<usize>)>) {
    fields.clear();
    let (mut at, mut data) = (0, None);
    while at < bytes.len() {
        let end = |from: usize| from + bytes[from..].iter().position(|byte| *byte == SOH).unwrap_or_default();
        let equals = bytes[at..end(at)].iter().position(|byte| *byte == b'=').map(|equals| at + equals);
        let tag = equals.and_then(|equals| u32::try_from(number(&bytes[at..equals])?).ok()).unwrap_or_default();
        let start = equals.map_or(at, |equals| equals + 1);
        let announced = data.take().and_then(|length: u64| start.checked_add(usize::try_from(length).ok()?));
        let end = announced.filter(|end| bytes.get(*end) == Some(&SOH)).unwrap_or_else(|| end(start));
        data = if LENGTHS.contains(&tag) { number(&bytes[start..end]) } else { None };
        fields.push((tag, start..end));
        at = end + 1;
    }
}

/// A price or a quantity, in ten-thousandths.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Decimal(pub(crate) u64);

impl FromStr for Decimal {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
        let part = |digits: &str| number(digits.as_bytes()).filter(|_| digits.len() <= 12).ok_or(());
        let decimals = decimals.trim_end_matches('0');
        let zeros = 4_usize.checked_sub(decimals.len()).ok_or(())?;
        let decimals = if decimals.is_empty() { 0 } else { part(decimals)? };
        Ok(Self(part(whole)? * 10_000 + decimals * 10_u64.pow(zeros as u32)))
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:04}", self.0 / 10_000, self.0 % 10_000)
    }
}
