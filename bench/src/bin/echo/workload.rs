//! What is sent: messages of so many bytes, or lines, one or several at once.

/// The bytes of a message that is no line.
const MESSAGE: usize = 64;

/// The bytes of a line, with its end.
const LINE: usize = 32;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Workload {
    Bytes,
    /// So many lines in one write.
    Lines(u64),
}

impl Workload {
    /// What one client sends at once.
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

    /// How many messages that is.
    pub(crate) fn messages(self) -> u64 {
        match self {
            Self::Bytes => 1,
            Self::Lines(count) => count,
        }
    }
}
