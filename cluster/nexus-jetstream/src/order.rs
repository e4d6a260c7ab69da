//! `Order`: decides which messages of the stream count, in the same way on every replica. It does no IO.
//!
//! A node publishes several messages without waiting for each, so one may be lost while a later one arrives. The node
//! then republishes all messages, from the first that has not come back. Every replica takes the messages of a node in
//! the order of their counters and ignores the others, so each message counts once, and none before its predecessor. A
//! node that restarts chooses an epoch above those that it has read; messages that its former process still publishes
//! are ignored.

use std::cmp::Ordering;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use nexus_rt::Sequence;

use crate::batch::{self, Epoch, Header, RECORD, Records};
use crate::error::{Error, Refused};

/// The largest number of messages in flight.
const WINDOW: usize = 8;

/// The largest size of a message's records, in bytes. By default, a server accepts messages of 1 MiB.
const MOST: usize = 512 << 10;

/// The largest size of an input, in bytes.
pub(crate) const LONGEST: usize = 1_000_000;

/// The largest size of a message, in bytes: an input and a header.
pub(crate) const LARGEST: usize = LONGEST + 1024;

/// The position of a replica in the stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Position {
    /// The number of the last message taken from the stream.
    pub stream: u64,
    /// The number of the last input.
    pub sequence: Sequence,
    /// The time of the last message, since 1970. It is the time of the stream, which never goes back.
    pub at: Duration,
}

/// The state of a node, as known from its messages.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Node {
    pub(crate) epoch: Epoch,
    /// The counter of its next message.
    pub(crate) next: u64,
    /// The time of its last message.
    pub(crate) heard: Duration,
}

/// A message that was sent and has not come back.
struct Message {
    first: u64,
    counter: u64,
    bytes: Arc<[u8]>,
}

/// The result of taking a message.
pub(crate) enum Taken<'a> {
    /// The inputs, the number of the first if this process published them, and the name of the node.
    Inputs(Records<'a>, Option<u64>, &'a str),
    /// The message does not count.
    Ignored,
}

pub(crate) struct Order {
    node: Box<str>,
    /// `None` until this node may publish.
    epoch: Option<Epoch>,
    pub(crate) position: Position,
    /// The time of the last input. Messages without inputs may have followed.
    pub(crate) input_at: Duration,
    pub(crate) nodes: BTreeMap<Box<str>, Node>,
    /// The records of the next message, the number of the first, and their count.
    filling: (Vec<u8>, u64, u64),
    /// Records that wait to be sent, each with the number of the first.
    waiting: VecDeque<(Vec<u8>, u64)>,
    sent: VecDeque<Message>,
    /// The number of the next input.
    next: u64,
    counter: u64,
    /// The number of bytes that have not come back, and its limit.
    held: usize,
    most: usize,
    /// Whether a message of this process arrived before one that was lost.
    pub(crate) lost: bool,
}

impl Order {
    pub(crate) fn new(node: &str, most: usize) -> Self {
        Self {
            node: node.into(),
            epoch: None,
            position: Position::default(),
            input_at: Duration::ZERO,
            nodes: BTreeMap::new(),
            filling: (Vec::new(), 1, 0),
            waiting: VecDeque::new(),
            sent: VecDeque::new(),
            next: 1,
            counter: 0,
            held: 0,
            most,
            lost: false,
        }
    }

    /// Begins to publish, in an epoch above all that were read.
    pub(crate) fn begin(&mut self, now: Duration, nonce: u64) {
        let before = self.nodes.get(&self.node).map_or(0, |node| node.epoch.since);
        let since = u64::try_from(now.as_nanos()).unwrap_or(0).max(before + 1);
        self.epoch = Some(Epoch { since, nonce });
    }

    /// Returns whether this node may publish.
    pub(crate) fn has_begun(&self) -> bool {
        self.epoch.is_some()
    }

    /// Returns the name of this node.
    pub(crate) fn node(&self) -> &str {
        &self.node
    }

    /// Adds a record to the next message. Returns its number.
    pub(crate) fn push(&mut self, source: u32, payload: impl FnOnce(&mut Vec<u8>)) -> Result<u64, Refused> {
        if self.held >= self.most {
            return Err(Refused::Full);
        }
        let before = self.filling.0.len();
        batch::record(&mut self.filling.0, source, payload);
        let length = self.filling.0.len() - before;
        if length - RECORD > LONGEST {
            self.filling.0.truncate(before);
            return Err(Refused::TooLong);
        }
        if before > 0 && before + length > MOST {
            let own = self.filling.0.split_off(before);
            let full = std::mem::replace(&mut self.filling.0, own);
            self.waiting.push_back((full, self.filling.1));
            self.filling.1 = self.next;
        }
        self.held += length;
        self.next += 1;
        Ok(self.next - 1)
    }

    /// Returns the number of inputs that have not come back.
    pub(crate) fn pending(&self) -> u64 {
        let first = self.sent.front().map(|message| message.first);
        let first = first.or(self.waiting.front().map(|(_, first)| *first)).unwrap_or(self.filling.1);
        self.next - first
    }

    /// Sends the messages for which there is room in the window.
    pub(crate) fn flush(&mut self, mut send: impl FnMut(u64, Arc<[u8]>)) {
        let Some(epoch) = self.epoch else { return };
        if !self.filling.0.is_empty() && self.sent.len() + self.waiting.len() < WINDOW {
            self.waiting.push_back((std::mem::take(&mut self.filling.0), self.filling.1));
            self.filling.1 = self.next;
        }
        while self.sent.len() < WINDOW
            && let Some((records, first)) = self.waiting.pop_front()
        {
            let header = Header { node: &self.node, epoch, counter: self.counter, first };
            let mut bytes = Vec::with_capacity(records.len() + 64);
            header.encode(&mut bytes);
            bytes.extend_from_slice(&records);
            let message = Message { first, counter: self.counter, bytes: bytes.into() };
            send(message.counter, message.bytes.clone());
            self.sent.push_back(message);
            self.counter += 1;
        }
    }

    /// Sends again, in order, the messages that have not come back.
    pub(crate) fn again(&mut self, mut send: impl FnMut(u64, Arc<[u8]>)) {
        self.lost = false;
        self.sent.iter().for_each(|message| send(message.counter, message.bytes.clone()));
    }

    /// Returns whether the message of this process with this counter has not come back.
    pub(crate) fn is_out(&self, counter: u64) -> bool {
        self.sent.iter().any(|message| message.counter == counter)
    }

    /// Takes the next message of the stream.
    pub(crate) fn take<'a>(&mut self, stream: u64, at: Duration, bytes: &'a [u8]) -> Result<Taken<'a>, Error> {
        if stream <= self.position.stream {
            return Ok(Taken::Ignored);
        }
        if stream != self.position.stream + 1 {
            return Err(Error::Gap { after: self.position.stream, found: stream });
        }
        let Some((header, records)) = Header::decode(bytes) else { return Err(Error::Foreign { stream }) };
        self.position.stream = stream;
        self.position.at = self.position.at.max(at);
        let Header { node, epoch, counter, first } = header;
        // Compares the message's process with this one, if both have the same name.
        let own = self.epoch.filter(|_| *node == *self.node).map(|own| epoch.cmp(&own));
        if own == Some(Ordering::Greater) {
            return Err(Error::Replaced { node: node.into() });
        }
        let known = self.nodes.get_mut(node);
        let counts = match &known {
            Some(known) if epoch == known.epoch => counter == known.next,
            Some(known) => epoch > known.epoch && counter == 0,
            None => counter == 0,
        };
        if !counts {
            let ahead = known.is_none_or(|known| epoch > known.epoch || epoch == known.epoch && counter > known.next);
            self.lost |= own == Some(Ordering::Equal) && ahead;
            return Ok(Taken::Ignored);
        }
        let heard = Node { epoch, next: counter + 1, heard: self.position.at };
        match known {
            Some(known) => *known = heard,
            None => _ = self.nodes.insert(node.into(), heard),
        }
        if own != Some(Ordering::Equal) {
            return Ok(Taken::Inputs(records, None, node));
        }
        let sent = self.sent.pop_front();
        debug_assert!(sent.is_some_and(|sent| (sent.counter, sent.first) == (counter, first)));
        self.held -= records.0.len();
        Ok(Taken::Inputs(records, Some(first), node))
    }

    /// Returns the names of the nodes that have published since a time of the stream.
    pub(crate) fn alive(&self, since: Duration) -> impl Iterator<Item = &str> {
        self.nodes.iter().filter(move |(_, node)| node.heard >= since).map(|(name, _)| &**name)
    }
}
