//! FIX 4.4 on the wire: `Message`, both the framing and the frame that the chain receives; and what is sent.

use std::io;
use std::str;
use std::time::Duration;

use nexus_rt::connections::{Buffer, Framing};

/// The start of each message, before the length of its body.
const BEGIN: &str = "8=FIX.4.4\x019=";
/// The length of `10=000|`, with which it ends.
const TRAILER: usize = 7;

/// The text of some fields.
macro_rules! fields {
    ($($tag:literal => $value:expr),*) => { format!(concat!($($tag, "={}\x01"),*), $($value),*) };
}
pub(crate) use fields;

/// A message: the bytes most recently taken from the buffer in which it arrived.
#[derive(Clone, Default)]
pub(crate) struct Message(Buffer);

impl Framing for Message {
    type Frame = Self;
    type Error = io::Error;

    fn buffer(&mut self) -> &mut Buffer {
        &mut self.0
    }

    fn decode(&mut self) -> io::Result<Option<&Self>> {
        // No message is shorter than what is looked at first, with a body length of up to six digits.
        while let Some(head) = self.0.unread().get(..BEGIN.len() + 7) {
            let head = str::from_utf8(head).ok().and_then(|head| head.strip_prefix(BEGIN)?.split_once('\x01'));
            let head = head.filter(|(digits, _)| digits.bytes().all(|byte| byte.is_ascii_digit()));
            let length = match head.map(|(digits, _)| (digits.len(), digits.parse())) {
                Some((digits, Ok(body @ 1..=65_536))) => BEGIN.len() + digits + 1 + body + TRAILER,
                _ => return Err(io::Error::other("a message does not begin with `8=FIX.4.4` and a body length")),
            };
            if self.0.unread().len() < length {
                self.0.expect(length);
                break;
            }
            let (bytes, trailer) = self.0.take(length).split_at(length - TRAILER);
            if !trailer.starts_with(b"10=") || !trailer.ends_with(b"\x01") {
                return Err(io::Error::other("the body length does not lead to a checksum"));
            }
            // A garbled message is ignored: the next one shows the gap.
            if trailer == format!("10={:03}\x01", sum(bytes)).as_bytes() {
                return Ok(Some(self));
            }
        }
        Ok(None)
    }
}

impl Message {
    /// Returns the value of a field, or an empty one if the field is missing.
    pub(crate) fn text(&self, tag: u32) -> &str {
        let field = |bytes| str::from_utf8(bytes).ok()?.split_once('=');
        let mut fields = self.0.taken().split(|byte| *byte == 1).filter_map(field);
        fields.find(|(other, _)| other.parse() == Ok(tag)).map_or("", |(_, value)| value)
    }

    /// Returns the number in a field, or 0 if there is none.
    pub(crate) fn number(&self, tag: u32) -> usize {
        self.text(tag).parse().map_or(0, |number: u32| number as usize)
    }
}

/// Returns a message with these fields.
pub(crate) fn frame(fields: &str) -> String {
    let message = fields! { 8 => "FIX.4.4", 9 => fields.len() } + fields;
    format!("{message}10={:03}\x01", sum(message.as_bytes()))
}

fn sum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, byte| sum.wrapping_add(*byte))
}

/// Formats a time since 1970 as FIX does. Valid until February 2100.
pub(crate) fn utc(time: Duration) -> String {
    // Years are counted from March 1968, so the leap day is the last day of every fourth year.
    let (seconds, days) = (time.as_secs(), time.as_secs() / 86_400 + 671);
    let year = (4 * days + 3) / 1_461;
    let day = days - 1_461 * year / 4;
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (year, month) = (1968 + year + month / 10, (month + 2) % 12 + 1);
    let (hours, minutes, seconds) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year}{month:02}{day:02}-{hours:02}:{minutes:02}:{seconds:02}.{:03}", time.subsec_millis())
}
