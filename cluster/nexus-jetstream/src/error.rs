//! What can go wrong, and how to fix it.

use std::fmt;
use std::time::Duration;

use nexus_rt::Sequence;

use crate::link::OLDEST;
use crate::order::LARGEST;

/// Why an input was not published.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refused {
    /// [`Options::most`](crate::Options::most) bytes already wait for the stream.
    #[error("too many inputs wait for the stream; try again later")]
    Full,
    /// No server is connected, and [`Options::queue`](crate::Options::queue) is `false`.
    #[error("the stream cannot be reached; try again later")]
    Away,
    /// The input is longer than 1,000,000 bytes.
    #[error("the input is longer than {} bytes", crate::order::LONGEST)]
    TooLong,
}

/// Another replica whose state differs: see [`Replica::alarm`](crate::Replica::alarm).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Alarm {
    /// The other replica.
    pub node: String,
    /// The resources that differ.
    pub resources: Vec<String>,
    /// The last sequence at which all nodes agreed.
    pub after: Sequence,
    /// The sequence at which they differ.
    pub at: Sequence,
}

impl fmt::Display for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { node, resources, after, at } = self;
        let differ = if resources.len() == 1 { "differs" } else { "differ" };
        write!(f, "{} of `{node}` {differ} at sequence {at}; all agreed at {after}", resources.join(", "))
    }
}

/// Why a replica cannot start or continue.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No server answers.
    #[error("no NATS server answers at {servers} within {patience:?}: {source}")]
    Unreachable {
        /// The addresses.
        servers: String,
        /// How long the replica tried.
        patience: Duration,
        /// The error of the NATS client.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The server is too old for a stream with several replicas.
    #[error(
        "the NATS server at {servers} is version {found}: versions before {}.{}.{} may keep different messages under one number of a stream after a machine was cut off; install a newer one, or use a stream with `replicas` 1",
        OLDEST.0, OLDEST.1, OLDEST.2
    )]
    OldServer {
        /// The addresses.
        servers: String,
        /// Its version.
        found: String,
    },
    /// The server does not accept messages as long as those of a stream may be.
    #[error(
        "the NATS server at {servers} accepts messages of up to {found} bytes, and those of a stream may have {LARGEST}: \
         set its `max_payload` to 1MB, which is the default, or more"
    )]
    SmallMessages {
        /// The addresses.
        servers: String,
        /// The longest message that it accepts, in bytes.
        found: usize,
    },
    /// JetStream refused a request.
    #[error("JetStream cannot {doing}: {source}")]
    JetStream {
        /// The failed operation.
        doing: &'static str,
        /// The error of the NATS client.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The stream belongs to another program, or to another version.
    #[error(
        "the stream `{stream}` belongs to {found:?}, but this is {expected:?}: use another stream, \
         or that program"
    )]
    Program {
        /// The stream.
        stream: String,
        /// The description of the stream.
        found: String,
        /// The description that this program expects.
        expected: String,
    },
    /// Fewer servers store the stream than this node expects.
    #[error(
        "{found} server(s) store the stream `{stream}` instead of {expected}: give it more replicas, such as with `nats \
         stream edit`, or set `replicas` to {found}"
    )]
    Replicas {
        /// The stream.
        stream: String,
        /// The number of servers that store it.
        found: usize,
        /// The number that this node expects.
        expected: usize,
    },
    /// A message was not published by this library, or was published by a newer version of it.
    #[error("message {stream} of the stream has an unknown format: another program or a newer version publishes to it")]
    Foreign {
        /// The message.
        stream: u64,
    },
    /// The program does not know an input.
    #[error(
        "the input of source {source_number} in message {stream} is unknown: a node of another version \
         published it; update this node"
    )]
    Unknown {
        /// The number of the input's variant.
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
    /// The stream does not have the next message.
    #[error(
        "the stream continues at message {found}, but this node stopped at {after}, and what is between was purged or lost: \
         start the node again, and it begins with the latest snapshot"
    )]
    Gap {
        /// The last message that this node took.
        after: u64,
        /// The first message that the stream has.
        found: u64,
    },
    /// The state of this replica differs from that of most others.
    #[error(
        "this node has diverged and no longer serves: {against} other(s) disagree; {alarm}; start it again from the \
         latest snapshot, and look for code that depends on anything but inputs"
    )]
    Diverged {
        /// The number of replicas that disagree.
        against: usize,
        /// The resources that differ, and the sequences between which they diverged.
        alarm: Box<Alarm>,
    },
    /// A snapshot leads to a different state than the stream.
    #[error("the snapshot does not restore the same {}: nothing was stored or purged", resources.join(", "))]
    Snapshot {
        /// The resources that differ.
        resources: Vec<String>,
    },
    /// Another snapshot was stored while this one was taken, which is therefore not needed.
    #[error("a snapshot up to message {stream} was stored meanwhile: this one is not needed, and nothing was stored")]
    Newer {
        /// The last message in the other snapshot.
        stream: u64,
    },
    /// A snapshot cannot be read.
    #[error("the snapshot `{name}` cannot be read: {why}")]
    Unreadable {
        /// The name of the snapshot.
        name: String,
        /// What is wrong.
        why: String,
    },
    /// The name of a node or of a stream is not valid.
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

/// Prints the message, since a `main` that returns the error prints it in this form.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error {
    /// Returns whether a later attempt may succeed.
    pub(crate) fn may_pass(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::JetStream { .. })
    }
}
