//! The format of files: a header of 64 bytes, then records.
//!
//! A record is `crc32c u32 | length u32 | source u32 | sequence u64 | ns since 1970 u64 | payload`, padded to 8 bytes,
//! in the byte order of x86. The checksum covers what follows it. Each commit ends with a [`MARK`].

use std::time::Duration;

use nexus_rt::Sequence;

/// The version of the file format that this crate writes, and the newest that it reads.
pub const VERSION: u32 = 1;

/// The length of a file's header.
pub(crate) const FILE_HEADER: usize = 64;

/// The length of a record's header.
pub(crate) const HEADER: usize = 28;

/// The longest name of a program, in bytes.
pub(crate) const NAME: usize = 28;

const MAGIC: &[u8; 8] = b"NEXUSJNL";

/// The first source number that is reserved for the journal's own records.
pub const OWN_SOURCES: u32 = u32::MAX - 15;

/// A check: for each watched resource, the hash of its name, the digest of its value, and the sequence in which it was
/// last written, or [`u64::MAX`] if that is not compared.
pub(crate) const CHECK: u32 = OWN_SOURCES;

/// The end of a commit: the file, by the sequence that it begins after, and the offset up to which everything was safe.
pub(crate) const MARK: u32 = OWN_SOURCES + 1;

/// The end of a snapshot: the number of its inputs.
pub(crate) const END: u32 = OWN_SOURCES + 2;

/// The kind of a journal's file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Inputs as they came.
    Segment,
    /// Inputs that lead to the state at a sequence.
    Snapshot,
}

/// The header of a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct FileHeader {
    pub(crate) kind: Kind,
    /// The last sequence before a segment, or the sequence of a snapshot.
    pub(crate) after: u64,
    pub(crate) at: Duration,
    pub(crate) program: String,
}

/// What is wrong with the header of a file.
pub(crate) enum BadHeader {
    /// It is none of a journal.
    Foreign,
    Newer(u32),
    Torn,
}

impl FileHeader {
    pub(crate) fn encode(&self) -> [u8; FILE_HEADER] {
        let mut bytes = [0; FILE_HEADER];
        bytes[..8].copy_from_slice(MAGIC);
        bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
        bytes[12] = self.kind as u8;
        bytes[13] = u8::try_from(self.program.len()).expect("names are checked to be short");
        bytes[16..24].copy_from_slice(&self.after.to_le_bytes());
        bytes[24..32].copy_from_slice(&nanos(self.at).to_le_bytes());
        bytes[32..32 + self.program.len()].copy_from_slice(self.program.as_bytes());
        let crc = crc32c::crc32c(&bytes[..60]);
        bytes[60..].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, BadHeader> {
        // What was not written reads as zeros.
        if bytes.iter().zip(MAGIC).any(|(byte, magic)| byte != magic && *byte != 0) {
            return Err(BadHeader::Foreign);
        }
        if bytes.len() < FILE_HEADER || &bytes[..8] != MAGIC {
            return Err(BadHeader::Torn);
        }
        let version = version(bytes);
        let crc = u32::from_le_bytes(bytes[60..64].try_into().expect("4 bytes"));
        // A newer version may have a header of another shape.
        if version > VERSION {
            return Err(BadHeader::Newer(version));
        }
        let name = usize::from(bytes[13]).min(NAME);
        let program = str::from_utf8(&bytes[32..32 + name]);
        let (true, 0..=1, Ok(program)) = (crc == crc32c::crc32c(&bytes[..60]), bytes[12], program) else {
            return Err(BadHeader::Torn);
        };
        Ok(Self {
            kind: if bytes[12] == 0 { Kind::Segment } else { Kind::Snapshot },
            after: word(bytes, 16),
            at: Duration::from_nanos(word(bytes, 24)),
            program: program.to_owned(),
        })
    }
}

/// The version of the format of a file, by its header.
pub(crate) fn version(header: &[u8]) -> u32 {
    u32::from_le_bytes(header[8..12].try_into().expect("4 bytes"))
}

/// One record of a journal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Record<'a> {
    /// The sequence of the world in which the input was applied.
    pub sequence: u64,
    /// The time of the world's clock at that input, since 1970.
    pub at: Duration,
    /// The number of the input's variant. From [`OWN_SOURCES`] on, it is a record of the journal's own.
    pub source: u32,
    /// The bytes of the input.
    pub payload: &'a [u8],
}

/// How long a record with such a payload is.
#[inline]
pub(crate) const fn padded(payload: usize) -> usize {
    (HEADER + payload).next_multiple_of(8)
}

/// Writes a record after what is in `buffer`; `payload` appends its bytes. If that panics, nothing of it is left.
///
/// # Panics
/// If the payload is 4 GiB or longer, or the time after the year 2554.
#[inline]
pub(crate) fn encode(
    buffer: &mut Vec<u8>,
    (source, sequence, at): (u32, u64, Duration),
    payload: impl FnOnce(&mut Vec<u8>),
) {
    let start = buffer.len();
    let mut unfinished = Unfinished { whole: start, buffer };
    let buffer = &mut *unfinished.buffer;
    buffer.extend_from_slice(&[0; HEADER]);
    payload(buffer);
    let length = buffer.len() - start - HEADER;
    let record = &mut buffer[start..];
    record[4..8].copy_from_slice(&u32::try_from(length).expect("an input has less than 4 GiB").to_le_bytes());
    record[8..12].copy_from_slice(&source.to_le_bytes());
    record[12..20].copy_from_slice(&sequence.to_le_bytes());
    record[20..28].copy_from_slice(&nanos(at).to_le_bytes());
    let crc = crc32c::crc32c(&record[4..]);
    record[..4].copy_from_slice(&crc.to_le_bytes());
    buffer.resize(start + padded(length), 0);
    unfinished.whole = usize::MAX;
}

/// A buffer whose last record is not finished: dropping this drops that record.
struct Unfinished<'a> {
    buffer: &'a mut Vec<u8>,
    whole: usize,
}

impl Drop for Unfinished<'_> {
    #[inline]
    fn drop(&mut self) {
        self.buffer.truncate(self.whole);
    }
}

/// How long the record is that `bytes` begin with, by its header: `None` if the header is not all there, or if no
/// memory has room for so much.
#[inline]
pub(crate) fn length(bytes: &[u8]) -> Option<usize> {
    let header: &[u8; HEADER] = bytes.first_chunk()?;
    let payload = u32::from_le_bytes(header[4..8].try_into().expect("4 bytes")) as usize;
    HEADER.checked_add(payload)?.checked_next_multiple_of(8)
}

/// The record that `bytes` begin with, if all of it is there. Its checksum is not looked at.
#[inline]
pub(crate) fn parse(bytes: &[u8]) -> Option<Record<'_>> {
    let header: &[u8; HEADER] = bytes.first_chunk()?;
    let short = |at: usize| u32::from_le_bytes(header[at..at + 4].try_into().expect("4 bytes"));
    let payload = bytes.get(HEADER..HEADER.checked_add(short(4) as usize)?)?;
    let at = Duration::from_nanos(word(header, 20));
    Some(Record { sequence: word(header, 12), at, source: short(8), payload })
}

/// The record that `bytes` begin with, if it is as it was written.
#[inline]
pub(crate) fn decode(bytes: &[u8]) -> Option<Record<'_>> {
    let record = parse(bytes)?;
    let crc = crc32c::crc32c(&bytes[4..HEADER + record.payload.len()]);
    (bytes[..4] == crc.to_le_bytes()).then_some(record)
}

/// A place in a journal: a file, by the sequence that it begins after, and an offset.
pub(crate) type Place = (u64, u64);

/// What a mark says to be safe.
pub(crate) fn vouched(record: &Record<'_>) -> Option<Place> {
    (record.source == MARK && record.payload.len() == 16).then(|| (word(record.payload, 0), word(record.payload, 8)))
}

#[inline]
pub(crate) fn word(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("8 bytes"))
}

fn nanos(at: Duration) -> u64 {
    u64::try_from(at.as_nanos()).expect("the time is before the year 2554")
}

/// The name of a file.
pub(crate) fn name(kind: Kind, after: u64) -> String {
    match kind {
        // By the first sequence that may be in it.
        Kind::Segment => format!("{:020}.journal", after + 1),
        Kind::Snapshot => format!("{after:020}.snapshot"),
    }
}

/// What a file of this name is.
pub(crate) fn parse_name(name: &str) -> Option<(Kind, u64)> {
    let (number, extension) = name.split_once('.')?;
    let number: u64 = Some(number).filter(|number| is_number(number))?.parse().ok()?;
    match extension {
        "journal" => Some((Kind::Segment, number.checked_sub(1)?)),
        // After the last sequence of all, no file can go on.
        "snapshot" if number < Sequence::MAX.get() => Some((Kind::Snapshot, number)),
        _ => None,
    }
}

/// Whether this is how a name begins.
pub(crate) fn is_number(text: &str) -> bool {
    text.len() == 20 && text.bytes().all(|byte| byte.is_ascii_digit())
}
