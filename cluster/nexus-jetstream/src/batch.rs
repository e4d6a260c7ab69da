//! `Batch`: the inputs that one node publishes together, as one message of the stream.
//!
//! A message is a header and records. The header contains the name of the node that published it, the epoch, which is
//! the life of that node, the counter, which is the number of the message in that epoch, and the number of its first
//! input. A record is the source of an input, the length of its payload, and the payload.

use nexus_journal::OWN_SOURCES;

/// The first byte of each message, which is the version of this format.
const VERSION: u8 = 1;

/// The size of a record without its payload, in bytes.
pub(crate) const RECORD: usize = 8;

/// The source of a record that is not an input but the digests of a node at a sequence.
pub(crate) const CHECK: u32 = OWN_SOURCES;

/// One process of a node. Later ones are greater, and no two are equal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(crate) struct Epoch {
    /// When the process began to publish, in nanoseconds since 1970, or later, to be above earlier processes.
    pub(crate) since: u64,
    /// A random number, which orders two processes that begin at the same time.
    pub(crate) nonce: u64,
}

/// The header of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Header<'a> {
    pub(crate) node: &'a str,
    pub(crate) epoch: Epoch,
    pub(crate) counter: u64,
    pub(crate) first: u64,
}

impl<'a> Header<'a> {
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        out.push(VERSION);
        out.push(u8::try_from(self.node.len()).expect("names of nodes are checked to be short"));
        out.extend_from_slice(self.node.as_bytes());
        [self.epoch.since, self.epoch.nonce, self.counter, self.first]
            .iter()
            .for_each(|word| out.extend_from_slice(&word.to_le_bytes()));
    }

    /// Reads the header of a message. Returns it with the records.
    pub(crate) fn decode(message: &'a [u8]) -> Option<(Self, Records<'a>)> {
        let (&[VERSION, length], rest) = message.split_first_chunk()? else { return None };
        let (node, rest) = rest.split_at_checked(length.into())?;
        let (since, rest) = word(rest)?;
        let (nonce, rest) = word(rest)?;
        let epoch = Epoch { since, nonce };
        let (counter, rest) = word(rest)?;
        let (first, rest) = word(rest)?;
        Some((Self { node: str::from_utf8(node).ok()?, epoch, counter, first }, Records(rest)))
    }
}

/// Writes a record.
pub(crate) fn record(out: &mut Vec<u8>, source: u32, payload: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&source.to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    payload(out);
    let length = u32::try_from(out.len() - start - RECORD).expect("an input has less than 4 GiB");
    out[start + 4..start + RECORD].copy_from_slice(&length.to_le_bytes());
}

/// The records of a message: the source and the payload of each, or `None` once the rest is not a record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Records<'a>(pub(crate) &'a [u8]);

impl<'a> Iterator for Records<'a> {
    type Item = Option<(u32, &'a [u8])>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let read = || {
            let (source, rest) = self.0.split_first_chunk()?;
            let (length, rest) = rest.split_first_chunk()?;
            let (payload, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
            Some((u32::from_le_bytes(*source), payload, rest))
        };
        let Some((source, payload, rest)) = read() else {
            self.0 = &[];
            return Some(None);
        };
        self.0 = rest;
        Some(Some((source, payload)))
    }
}

/// Reads a number.
pub(crate) fn word(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (word, rest) = bytes.split_first_chunk()?;
    Some((u64::from_le_bytes(*word), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_no_prefix_of_it_passes_for_all() {
        let header = Header { node: "a", epoch: Epoch { since: 7, nonce: 6 }, counter: 8, first: 9 };
        let mut message = Vec::new();
        header.encode(&mut message);
        let start = message.len();
        record(&mut message, 3, |out| out.extend_from_slice(b"hello"));
        record(&mut message, 4, |_| {});
        let (read, records) = Header::decode(&message).expect("a header");
        assert_eq!(read, header);
        assert_eq!(records.collect::<Vec<_>>(), [Some((3, &b"hello"[..])), Some((4, b""))]);
        for end in 0..message.len() {
            let whole = Header::decode(&message[..end]).is_some_and(|(_, mut records)| records.all(|it| it.is_some()));
            assert_eq!(whole, end == start || end == start + RECORD + 5, "{end}");
        }
    }
}
