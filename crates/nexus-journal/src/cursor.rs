//! `Cursor`: the records of one file, in order.

use std::io;
use std::sync::Arc;

use crate::disk::{Disk, File, fill};
use crate::files::Entry;
use crate::format::{self, END, FILE_HEADER, HEADER, Place, Record};

/// How much is read at once, at least.
const CHUNK: usize = 1 << 20;

/// Reads the records of one file.
pub(crate) struct Cursor {
    pub(crate) entry: Entry,
    file: Arc<dyn File>,
    buffer: Vec<u8>,
    /// Where in the buffer the last record begins, and the next one.
    previous: usize,
    next: usize,
    /// The offset of the buffer in the file.
    base: u64,
    /// How many inputs the end of a snapshot says that there are.
    promised: Option<u64>,
}

/// What comes next in a file.
pub(crate) enum Next {
    /// A record, of this source and sequence.
    Record(u32, u64),
    End,
    /// Something that is no whole record.
    Bad,
}

/// What there is after the last good record.
#[derive(Default)]
pub(crate) struct Rest {
    /// Up to the last that is not zero.
    pub(crate) bytes: u64,
    /// The furthest place that a mark says to be safe.
    pub(crate) vouched: Option<Place>,
}

impl Cursor {
    pub(crate) fn open(disk: &dyn Disk, mut entry: Entry) -> io::Result<Self> {
        let file = entry.file(disk)?;
        let base = if entry.is_torn { 0 } else { FILE_HEADER as u64 };
        Ok(Self { entry, file, buffer: Vec::new(), previous: 0, next: 0, base, promised: None })
    }

    /// The offset in the file of the next record.
    pub(crate) fn offset(&self) -> u64 {
        self.base + self.next as u64
    }

    /// Goes to an offset, before anything is read.
    pub(crate) fn seek(&mut self, offset: u64) {
        self.base = offset;
    }

    /// The record that was read last.
    pub(crate) fn record(&self) -> Record<'_> {
        format::parse(&self.buffer[self.previous..]).expect("it was read before")
    }

    /// The offset in the file of the record that was read last.
    pub(crate) fn record_offset(&self) -> u64 {
        self.base + self.previous as u64
    }

    /// Has it be read again.
    pub(crate) fn unread(&mut self) {
        self.next = self.previous;
    }

    pub(crate) fn inputs_promised(&self) -> Option<u64> {
        self.promised
    }

    /// Reads the next record.
    #[inline]
    pub(crate) fn advance(&mut self) -> io::Result<Next> {
        let needed = format::length(&self.buffer[self.next..]).unwrap_or(HEADER);
        if self.buffer.len() - self.next < needed && !self.read_more()? {
            return Ok(if self.next == self.buffer.len() { Next::End } else { Next::Bad });
        }
        let Some(record) = format::decode(&self.buffer[self.next..]) else { return Ok(Next::Bad) };
        if record.source == END && record.payload.len() == 8 {
            self.promised = Some(format::word(record.payload, 0));
        }
        let next = Next::Record(record.source, record.sequence);
        self.previous = self.next;
        // The padding of the last record may be cut off.
        self.next = (self.next + format::padded(record.payload.len())).min(self.buffer.len());
        Ok(next)
    }

    /// Reads on until a whole record is there. `false` if there is nothing more.
    #[cold]
    fn read_more(&mut self) -> io::Result<bool> {
        self.buffer.drain(..self.next);
        self.base += self.next as u64;
        self.next = 0;
        loop {
            let length = self.buffer.len();
            let left = self.entry.length.saturating_sub(self.base + length as u64);
            let needed = format::length(&self.buffer).unwrap_or(HEADER);
            if length >= needed || left == 0 {
                // A record may lack its padding.
                return Ok(length >= HEADER);
            }
            // A length that is damaged asks for no more than there is.
            let wanted = CHUNK.max(needed - length).min(usize::try_from(left).unwrap_or(usize::MAX));
            self.buffer.resize(length + wanted, 0);
            let read = fill(&*self.file, self.base + length as u64, &mut self.buffer[length..])?;
            self.buffer.truncate(length + read);
            if read == 0 {
                self.entry.length = self.base + length as u64;
            }
        }
    }

    /// Reads what comes next again, since another process may have written it meanwhile. Returns whether it is a whole
    /// record now.
    pub(crate) fn reread(&mut self) -> io::Result<bool> {
        self.buffer.truncate(self.next);
        self.entry.length = self.file.length()?;
        Ok(!self.entry.is_torn && self.read_more()? && format::decode(&self.buffer).is_some())
    }

    /// Looks through all that comes after the last good record.
    pub(crate) fn survey(&mut self) -> io::Result<Rest> {
        let mut rest = Rest::default();
        let (start, mut offset) = (self.offset(), self.offset());
        let (mut bytes, end) = (Vec::new(), self.file.length()?);
        while offset < end {
            // Marks are short: each lies whole in one of two chunks that overlap.
            let overlap = bytes.len().min(64);
            bytes.drain(..bytes.len() - overlap);
            bytes.resize(overlap + usize::try_from(end - offset).map_or(CHUNK, |left| left.min(CHUNK)), 0);
            let read = fill(&*self.file, offset, &mut bytes[overlap..])?;
            bytes.truncate(overlap + read);
            if let Some(last) = bytes[overlap..].iter().rposition(|byte| *byte != 0) {
                rest.bytes = offset + last as u64 + 1 - start;
            }
            for at in (0..bytes.len().saturating_sub(HEADER)).step_by(8) {
                if bytes[at + 8..at + 12] == format::MARK.to_le_bytes()
                    && let Some(mark) = format::decode(&bytes[at..])
                    && (mark.at == self.entry.at || self.entry.is_torn)
                {
                    rest.vouched = rest.vouched.max(format::vouched(&mark));
                }
            }
            offset += read as u64;
            if read == 0 {
                break;
            }
        }
        Ok(rest)
    }
}
