//! The messages of the FIX gateway beside a plain decoder: bytes that are cut anywhere give the same messages, skip the
//! same garbled ones, leave the same rest and fail at the same place; what is written is read back; and times are those
//! of a plain calendar.
//!
//! Input is the number of cuts, the cuts, and lines. A line that begins with `=` is the fields of a message, one with
//! `!` those of a message with a wrong checksum, and any other is sent as it is; a `|` stands for the byte that ends a
//! field. `fuzz/seeds/fix` is where to start from: `cargo +nightly fuzz run fix fuzz/corpus/fix fuzz/seeds/fix`.
#![no_main]

#[path = "../../crates/nexus-rt/examples/fix_gateway/message.rs"]
mod message;

use std::str;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use message::{Message, fields, frame, utc};
use nexus_rt::connections::Framing;

/// The start of each message.
const BEGIN: &[u8] = b"8=FIX.4.4\x019=";

/// The length of the shortest beginning of a message that is looked at.
const HEAD: usize = BEGIN.len() + 7;

/// The length of the checksum's field.
const TRAILER: usize = 7;

/// The most pieces that are cut.
const CUT: usize = 64;

/// Times are valid until March 2100.
const LAST: u64 = 4_107_542_400;

/// What comes of some bytes.
#[derive(Default, PartialEq, Eq, Debug)]
struct Outcome {
    messages: Vec<Vec<u8>>,
    /// The number of bytes that wait for more, unless it failed.
    rest: usize,
    failed: bool,
}

impl Outcome {
    fn fail(&mut self) {
        (self.rest, self.failed) = (0, true);
    }
}

fuzz_target!(|input: &[u8]| {
    if let Some(time) = input.first_chunk() {
        check_time(u64::from_le_bytes(*time));
    }
    let Some((&cuts, rest)) = input.split_first() else { return };
    let Some((cuts, lines)) = rest.split_at_checked(usize::from(cuts % 16)) else { return };
    let mut sent = sent(lines);
    // Whether a body that does not begin with text is an error is not said.
    if let Some(unclear) = unclear(&sent) {
        sent.truncate(unclear + HEAD - 1);
    }
    let mut framing = Message::default();
    let mut found = Outcome::default();
    let mut given = 0;
    for piece in pieces(&sent, cuts) {
        given += piece.len();
        framing.buffer().extend(piece);
        decode(&mut framing, &mut found);
        assert_eq!(found, model(&sent[..given]), "{}", sent[..given].escape_ascii());
        if found.failed {
            return;
        }
    }
});

/// Decodes all that is there.
fn decode(framing: &mut Message, found: &mut Outcome) {
    loop {
        match framing.decode() {
            Ok(Some(message)) => {
                let mut copy = message.clone();
                let bytes = copy.buffer().taken().to_vec();
                check_fields(message, &bytes);
                found.messages.push(bytes);
            }
            Ok(None) => break,
            Err(_) => return found.fail(),
        }
    }
    found.rest = framing.buffer().unread().len();
}

/// Decodes all bytes at once, without a buffer.
fn model(bytes: &[u8]) -> Outcome {
    let mut outcome = Outcome { rest: bytes.len(), ..Outcome::default() };
    while outcome.rest >= HEAD {
        let rest = &bytes[bytes.len() - outcome.rest..];
        let Some((start, body)) = body(rest) else {
            outcome.fail();
            break;
        };
        let end = start + body;
        if rest.len() < end + TRAILER {
            break;
        }
        let [b'1', b'0', b'=', digits @ .., 1] = &rest[end..end + TRAILER] else {
            outcome.fail();
            break;
        };
        let sum = rest[..end].iter().map(|byte| u32::from(*byte)).sum::<u32>() % 256;
        if [sum / 100, sum / 10 % 10, sum % 10].iter().zip(digits).all(|(sum, digit)| sum + 48 == u32::from(*digit)) {
            outcome.messages.push(rest[..end + TRAILER].to_vec());
        }
        outcome.rest -= end + TRAILER;
    }
    outcome
}

/// Returns where the body of a message begins, and its length from 1 to 65,536, of at most six digits.
fn body(message: &[u8]) -> Option<(usize, usize)> {
    let rest = message.strip_prefix(BEGIN)?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if !(1..=6).contains(&digits) || rest[digits] != 1 {
        return None;
    }
    let length = rest[..digits].iter().fold(0, |length, digit| 10 * length + usize::from(digit - b'0'));
    (1..=65_536).contains(&length).then_some((BEGIN.len() + digits + 1, length))
}

/// Returns where the first message begins whose beginning is not text.
fn unclear(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let message = &bytes[at..];
        let head = message.get(..HEAD)?;
        if str::from_utf8(head).is_err() {
            return Some(at);
        }
        let (start, length) = body(message)?;
        at += start + length + TRAILER;
        if at > bytes.len() {
            return None;
        }
    }
}

/// Compares the fields that a message shows with the first of each tag.
fn check_fields(message: &Message, bytes: &[u8]) {
    let fields = bytes.split(|byte| *byte == 1).filter_map(|field| str::from_utf8(field).ok()?.split_once('='));
    let fields: Vec<_> = fields.collect();
    // Numbers have one form.
    if fields.iter().any(|(tag, _)| tag.starts_with(['+', '0'])) {
        return;
    }
    for tag in [8, 9, 10, 34, 35, 49, 56, 108] {
        let value = fields.iter().find(|(other, _)| **other == tag.to_string()).map_or("", |(_, value)| value);
        assert_eq!(message.text(tag), value);
        let number = if value.starts_with('+') { None } else { value.parse::<u32>().ok() };
        assert!(value.starts_with('+') || message.number(tag) == number.unwrap_or(0) as usize);
    }
}

/// Returns what is sent for these lines.
fn sent(lines: &[u8]) -> Vec<u8> {
    let mut sent = Vec::new();
    for line in lines.split(|byte| *byte == b'\n') {
        let line: Vec<u8> = line.iter().map(|byte| if *byte == b'|' { 1 } else { *byte }).collect();
        let (kind, body) = line.split_first().map_or((b' ', &[][..]), |(kind, body)| (*kind, body));
        if kind != b'=' && kind != b'!' {
            sent.extend(&line);
            continue;
        }
        let from = sent.len();
        sent.extend([b"8=FIX.4.4\x019=", body.len().to_string().as_bytes(), b"\x01", body].concat());
        let sum = sent[from..].iter().map(|byte| u32::from(*byte)).sum::<u32>() + u32::from(kind == b'!');
        sent.extend(format!("10={:03}\x01", sum % 256).bytes());
        if let (b'=', Ok(body)) = (kind, str::from_utf8(body)) {
            assert_eq!(sent[from..], *frame(body).as_bytes());
        }
    }
    sent
}

/// Cuts what is sent: by these lengths, over and over. What is left comes in one piece.
fn pieces<'b>(mut sent: &'b [u8], cuts: &[u8]) -> Vec<&'b [u8]> {
    let mut lengths = cuts.iter().map(|cut| usize::from(*cut) + 1).cycle().take(CUT);
    let mut pieces = Vec::new();
    while !sent.is_empty() {
        let length = lengths.next().unwrap_or(sent.len()).min(sent.len());
        pieces.extend(sent.split_off(..length));
    }
    pieces
}

/// Compares a time in the form of FIX with a calendar that counts years and months.
fn check_time(number: u64) {
    let time = Duration::from_millis(number % (1_000 * LAST));
    let (seconds, milliseconds) = (time.as_secs(), time.subsec_millis());
    let leap = |year: u64| year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
    let (mut year, mut month, mut days) = (1970, 0, seconds / 86_400);
    while days >= 365 + u64::from(leap(year)) {
        days -= 365 + u64::from(leap(year));
        year += 1;
    }
    let months = [31, 28 + u64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    while days >= months[month] {
        days -= months[month];
        month += 1;
    }
    let (hour, minute, second) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    let date = format!("{year}{:02}{:02}", month + 1, days + 1);
    let expected = format!("{date}-{hour:02}:{minute:02}:{second:02}.{milliseconds:03}");
    assert_eq!(fields! { 52 => utc(time) }, format!("52={expected}\x01"));
}
