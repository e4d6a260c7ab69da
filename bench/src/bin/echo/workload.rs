//! What clients send: messages of a fixed size, or lines, one or several at once.

/// The size of a message that is not a line, in bytes.
const MESSAGE: usize = 64;

/// The size of a line with its end, in bytes.
const LINE: usize = 32;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Workload {
    Bytes,
    /// This many lines in one write.
    Lines(u64),
}

impl Workload {
    /// Returns the bytes that a client sends at once.
    pub(crate) fn bytes(self, mark: u8) -> Vec<u8> {
        match self {
            Self::Bytes => vec![mark; MESSAGE],
            Self::Lines(count) => {
                let mut line = [b'a' + mark % 26; LINE];
                line[LINE - 1] = b'\n';
                line.repeat(count as usize)
            }
        }
    }

    /// Returns the number of messages in them.
    pub(crate) fn messages(self) -> u64 {
        match self {
            Self::Bytes => 1,
            Self::Lines(count) => count,
        }
    }
}
