//! The model of the framings: too simple to be wrong, and too slow for anything else.

use crate::framings::{Kind, next_key};

pub(crate) struct Plain {
    kind: Kind,
    longest: usize,
    key: u8,
    bytes: Vec<u8>,
    /// The number of bytes that are in frames.
    taken: usize,
}

/// A frame, nothing yet, or the text of an error.
type Next = Result<Option<Vec<u8>>, String>;

impl Plain {
    pub(crate) fn new(kind: Kind, longest: usize) -> Self {
        Self { kind, longest, key: 0, bytes: Vec::new(), taken: 0 }
    }

    pub(crate) fn add(&mut self, piece: &[u8]) {
        self.bytes.extend_from_slice(piece);
    }

    /// The number of bytes that are in no frame yet.
    pub(crate) fn rest(&self) -> usize {
        self.unread().len()
    }

    fn unread(&self) -> &[u8] {
        &self.bytes[self.taken..]
    }

    pub(crate) fn next(&mut self) -> Next {
        match self.kind {
            Kind::Lines => self.line(),
            Kind::Short => self.prefixed(2),
            Kind::Long => self.prefixed(4),
            Kind::Masked => self.masked(),
        }
    }

    fn line(&mut self) -> Next {
        let end = self.unread().iter().position(|byte| *byte == b'\n');
        let line = &self.unread()[..end.unwrap_or(self.rest())];
        let line = line.strip_suffix(b"\r").unwrap_or(line).to_vec();
        if line.len() > self.longest {
            return Err(format!("a line is longer than {} bytes", self.longest));
        }
        let Some(end) = end else { return Ok(None) };
        self.taken += end + 1;
        Ok(Some(line))
    }

    fn prefixed(&mut self, prefix: usize) -> Next {
        if self.rest() < prefix {
            return Ok(None);
        }
        let mut number = [0; 8];
        number[8 - prefix..].copy_from_slice(&self.unread()[..prefix]);
        let length = u64::from_be_bytes(number) as usize;
        if length > self.longest {
            return Err(format!("a frame of {length} bytes is announced; at most {} are accepted", self.longest));
        }
        let Some(frame) = self.unread().get(prefix..prefix + length).map(<[u8]>::to_vec) else { return Ok(None) };
        self.taken += prefix + length;
        Ok(Some(frame))
    }

    /// From the beginning of the frame each time.
    fn masked(&mut self) -> Next {
        let mut key = self.key;
        let mut plain = self.unread().iter().map(|masked| {
            let byte = masked ^ key;
            key = next_key(key, *masked);
            byte
        });
        let Some(length) = plain.next().map(usize::from) else { return Ok(None) };
        if length > self.longest {
            return Err(format!("{length} bytes are too many"));
        }
        let frame: Vec<u8> = plain.take(length).collect();
        if frame.len() < length {
            return Ok(None);
        }
        self.key = if length == 0 { 0 } else { key };
        self.taken += 1 + length;
        Ok(Some(frame))
    }
}
