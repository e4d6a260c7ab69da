//! The framings of the library and one with a state, as one type.

use std::error::Error;
use std::fmt;

use nexus_rt::connections::{Buffer, Framing, LengthPrefixed, Lines};

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Kind {
    Lines,
    /// With a length of 2 bytes.
    Short,
    /// With a length of 4 bytes.
    Long,
    Masked,
}

#[derive(Clone)]
pub(crate) enum Any {
    Lines(Lines),
    Prefixed(LengthPrefixed),
    Masked(Masked),
}

/// The text of an error.
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct Text(pub(crate) String);

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Text {}

impl Any {
    pub(crate) fn new(kind: Kind, longest: usize) -> Self {
        match kind {
            Kind::Lines => Self::Lines(Lines::new(longest)),
            Kind::Short => Self::Prefixed(LengthPrefixed::u16(longest)),
            Kind::Long => Self::Prefixed(LengthPrefixed::u32(longest)),
            Kind::Masked => Self::Masked(Masked { buffer: Buffer::default(), longest, key: 0, unmasked: 0 }),
        }
    }
}

impl Framing for Any {
    type Frame = [u8];
    type Error = Text;

    fn buffer(&mut self) -> &mut Buffer {
        match self {
            Self::Lines(framing) => framing.buffer(),
            Self::Prefixed(framing) => framing.buffer(),
            Self::Masked(framing) => &mut framing.buffer,
        }
    }

    fn decode(&mut self) -> Result<Option<&[u8]>, Text> {
        match self {
            Self::Lines(framing) => framing.decode().map_err(|error| Text(error.to_string())),
            Self::Prefixed(framing) => framing.decode().map_err(|error| Text(error.to_string())),
            Self::Masked(framing) => framing.decode(),
        }
    }

    fn is_idle(&self) -> bool {
        match self {
            Self::Lines(framing) => framing.is_idle(),
            Self::Prefixed(framing) => framing.is_idle(),
            Self::Masked(framing) => framing.key == 0,
        }
    }
}

/// Frames of a length in one byte and so many bytes. Every byte is masked by a key that depends on all bytes before it,
/// back to the last empty frame.
#[derive(Clone)]
pub(crate) struct Masked {
    buffer: Buffer,
    longest: usize,
    key: u8,
    /// How many of the unread bytes are in plain already.
    unmasked: usize,
}

/// The key after a masked byte.
pub(crate) fn next_key(key: u8, masked: u8) -> u8 {
    key.rotate_left(3) ^ masked.wrapping_mul(5)
}

impl Masked {
    /// Unmasks in place as many bytes as there are, up to `length`.
    fn unmask(&mut self, length: usize) -> bool {
        let unread = self.buffer.unread_mut();
        let until = length.min(unread.len());
        for byte in &mut unread[self.unmasked..until] {
            (*byte, self.key) = (*byte ^ self.key, next_key(self.key, *byte));
        }
        self.unmasked = until;
        until == length
    }

    fn decode(&mut self) -> Result<Option<&[u8]>, Text> {
        if self.unmasked == 0 && !self.unmask(1) {
            return Ok(None);
        }
        let length = usize::from(self.buffer.unread()[0]);
        if length > self.longest {
            return Err(Text(format!("{length} bytes are too many")));
        }
        if !self.unmask(1 + length) {
            self.buffer.expect(1 + length);
            return Ok(None);
        }
        if length == 0 {
            self.key = 0;
        }
        self.unmasked = 0;
        Ok(Some(&self.buffer.take(1 + length)[1..]))
    }
}
