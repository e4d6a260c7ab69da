//! What goes wrong, each with what to do about it.

use std::fmt;
use std::time::Duration;

use nexus_rt::Sequence;

/// Why an input was not published.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refused {
    /// Too much waits for the stream.
    #[error("too many inputs wait for the stream; try again later")]
    Full,
    /// The stream cannot be reached, and [`Options::queue`](crate::Options::queue) says not to wait.
    #[error("the stream cannot be reached; try again later")]
    Away,
    /// The input has more bytes than a message may have.
    #[error("the input is longer than {} bytes", crate::order::LONGEST)]
    TooLong,
}

/// A replica that is not worth what another is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Alarm {
    /// The other replica.
    pub node: String,
    /// The resources that differ.
    pub resources: Vec<String>,
    /// The last sequence at which all agreed.
    pub after: Sequence,
    /// The sequence at which they differ.
    pub at: Sequence,
}

impl fmt::Display for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { node, resources, after, at } = self;
        write!(f, "{} of `{node}` differs at sequence {at}; all agreed at {after}", resources.join(", "))
    }
}

/// Why a replica cannot start, or cannot go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No server answers.
    #[error("no NATS server answers at {servers} within {patience:?}: {source}")]
    Unreachable {
        /// The addresses.
        servers: String,
        /// How long it was tried.
        patience: Duration,
        /// What the client says.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The server refuses what is asked of JetStream.
    #[error("JetStream cannot {doing}: {source}")]
    JetStream {
        /// What was tried.
        doing: &'static str,
        /// What the client says.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The stream is that of another program, or of another version.
    #[error(
        "the stream `{stream}` belongs to {found:?}, but this is {expected:?}: use another stream, \
         or that program"
    )]
    Program {
        /// The stream.
        stream: String,
        /// What its description says.
        found: String,
        /// What it would say of this program.
        expected: String,
    },
    /// A message is none of this library, or of a later version of it.
    #[error("message {stream} of the stream has an unknown format: another program or a newer version publishes to it")]
    Foreign {
        /// The message.
        stream: u64,
    },
    /// An input is none of this program.
    #[error(
        "the input of source {source_number} in message {stream} is unknown: a node of another version \
         published it; update this node"
    )]
    Unknown {
        /// The number of its source.
        source_number: u32,
        /// The message.
        stream: u64,
    },
    /// Another process publishes under the name of this node.
    #[error("another process is running as node `{node}`: give each process its own name")]
    Replaced {
        /// The name.
        node: String,
    },
    /// The stream does not have what comes next.
    #[error(
        "the stream continues at message {found}, but this node stopped at {after}, and what is between was purged: start \
         the node again, and it begins with the latest snapshot"
    )]
    Gap {
        /// The last message that was taken.
        after: u64,
        /// The message that came.
        found: u64,
    },
    /// This replica is not worth what others are.
    #[error(
        "this node has diverged and no longer serves: {against} other(s) disagree; {alarm}; start it again from the \
         latest snapshot, and look for code that depends on anything but inputs"
    )]
    Diverged {
        /// How many disagree.
        against: usize,
        /// What differs, and since when.
        alarm: Box<Alarm>,
    },
    /// A snapshot does not lead to the state that it was made of.
    #[error("the snapshot does not restore the same {}: nothing was purged", resources.join(", "))]
    Snapshot {
        /// The resources that differ.
        resources: Vec<String>,
    },
    /// A snapshot cannot be read.
    #[error("the snapshot `{name}` cannot be read: {why}")]
    Unreadable {
        /// Its name.
        name: String,
        /// What is wrong.
        why: String,
    },
    /// The name of a node or of a stream cannot be one.
    #[error("{what} is {name:?}, but must have 1 to 32 letters, digits, `-` or `_`")]
    Name {
        /// What it names.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// The stream was deleted, or has lost its end.
    #[error("the stream was deleted or has lost messages: {0}; restore it from a backup, or begin with another stream")]
    Gone(String),
    /// The thread that talks to the servers has ended.
    #[error("the connection to NATS has ended: {0}")]
    Ended(String),
}

impl Error {
    /// Whether it may be gone by itself.
    pub(crate) fn may_pass(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::JetStream { .. })
    }
}
