//! The errors of requests. Their texts are those that clients of Redis know.

use std::borrow::Cow;
use std::fmt;
use std::io;

use memchr::memchr;

use crate::shared_log::{Lost, Refused};

/// Why a command was refused. The client is told, and may go on.
#[derive(Debug, PartialEq, Eq)]
pub enum CommandError {
    /// The command does not exist.
    Unknown {
        /// The name as it was sent.
        name: Box<[u8]>,
        /// The arguments, each in quotes and followed by a blank.
        arguments: Box<[u8]>,
    },
    /// The subcommand does not exist.
    UnknownSubcommand {
        /// The name as it was sent.
        name: Box<[u8]>,
        /// The command that it was sent for.
        of: &'static str,
    },
    /// The subcommand does not exist, or does not take this number of arguments.
    Subcommand {
        /// The name as it was sent.
        name: Box<[u8]>,
        /// The command that it was sent for.
        of: &'static str,
    },
    /// The command takes more or fewer arguments.
    Arity(&'static str),
    /// Options that do not exist, or that exclude each other.
    Syntax,
    /// An option that the command does not know.
    UnsupportedOption(Box<[u8]>),
    /// Options of EXPIRE that exclude each other.
    Incompatible(&'static str),
    /// An argument that should be an integer.
    NotAnInteger,
    /// A number that does not fit into 32 bits.
    NotAnInt,
    /// A count that should be positive.
    NotPositive,
    /// The result of INCR or a similar command does not fit.
    Overflow,
    /// The decrement cannot be negated.
    DecrementOverflow,
    /// The time to live is not valid for this command.
    InvalidExpire(&'static str),
    /// The value would exceed the limit on its length.
    ValueTooLong,
    /// The key exceeds the limit on its length, in bytes.
    KeyTooLong(usize),
    /// A database other than number 0, the only one.
    DbIndex,
    /// The cursor given to SCAN is not valid.
    InvalidCursor,
    /// The memory limit is reached, and this command may need more.
    OutOfMemory,
    /// The client is subscribed and waits for messages, so it cannot run this command.
    Subscribed(&'static str),
    /// The client has not given its password.
    Stranger,
    /// The password or the user is wrong.
    WrongPassword,
    /// An error of a single command: its code and its text.
    Other(Cow<'static, str>),
    /// SETRANGE at a negative offset.
    Offset,
    /// An argument that should be a number, with or without a fraction.
    NotAFloat,
    /// The result of INCRBYFLOAT is not a finite number.
    NotFinite,
    /// The key does not exist.
    NoSuchKey,
    /// COPY or MOVE of a key to itself.
    SameObject,
    /// LCS was asked for both the length and the matches.
    LcsBoth,
    /// The values given to LCS are too long.
    LcsTooLong,
    /// OBJECT FREQ: access frequency is not counted.
    NoFrequency,
    /// SSUBSCRIBE in a transaction.
    ShardInMulti,
    /// MULTI in a transaction.
    NestedMulti,
    /// WATCH in a transaction.
    WatchInMulti,
    /// A command that cannot be part of a transaction.
    NotInMulti,
    /// EXEC or DISCARD without a transaction.
    WithoutMulti(&'static str),
    /// The transaction does not run because one of its requests was refused.
    Aborted,
    /// The transaction does not run because EXEC itself was refused.
    AbortedBecause(Box<CommandError>),
    /// A client name that CLIENT LIST cannot show.
    ClientName,
    /// The keys are in different slots, where only keys of one slot are served.
    CrossSlot,
    /// The log shared by the servers did not take the request, for this reason. (A text, since errors are moved often,
    /// and moving a smaller variant takes longer.)
    Refused(&'static str),
    /// The request waits and has not been answered yet.
    Postponed,
    /// The first line of an HTTP request, or one of its headers. The client gets no answer and is disconnected.
    Http,
}

impl CommandError {
    /// Returns the error of a log that did not take a request.
    pub(crate) fn refused(why: Refused) -> Self {
        Self::Refused(why.text())
    }

    /// Returns an error of a single command.
    pub(crate) fn other(text: impl Into<Cow<'static, str>>) -> Self {
        Self::Other(text.into())
    }

    /// Returns what the client is told. Bytes that the client sent are returned unchanged.
    #[must_use]
    pub fn text(&self) -> Vec<u8> {
        match self {
            Self::Unknown { name, arguments } => {
                [b"ERR unknown command '", &**name, b"', with args beginning with: ", arguments].concat()
            }
            Self::UnknownSubcommand { name, of } => {
                let end = format!("'. Try {} HELP.", of.to_uppercase());
                [b"ERR unknown subcommand '", shown(name), end.as_bytes()].concat()
            }
            Self::Subcommand { name, of } => {
                let end = format!("'. Try {} HELP.", of.to_uppercase());
                let start = &b"ERR unknown subcommand or wrong number of arguments for '"[..];
                [start, shown(name), end.as_bytes()].concat()
            }
            Self::UnsupportedOption(option) => [b"ERR Unsupported option ", zero_ended(option)].concat(),
            other => other.to_string().into_bytes(),
        }
    }
}

/// Returns the part of a subcommand that is shown: at most 128 bytes, up to a zero byte.
fn shown(name: &[u8]) -> &[u8] {
    let name = zero_ended(name);
    &name[..name.len().min(128)]
}

/// Returns the text up to a zero byte.
fn zero_ended(text: &[u8]) -> &[u8] {
    &text[..memchr(0, text).unwrap_or(text.len())]
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { .. }
            | Self::UnknownSubcommand { .. }
            | Self::Subcommand { .. }
            | Self::UnsupportedOption(_) => f.write_str(&String::from_utf8_lossy(&self.text())),
            Self::Arity(name) => write!(f, "ERR wrong number of arguments for '{name}' command"),
            Self::Syntax => f.write_str("ERR syntax error"),
            Self::Incompatible(what) => write!(f, "ERR {what} options at the same time are not compatible"),
            Self::NotAnInteger => f.write_str("ERR value is not an integer or out of range"),
            Self::NotAnInt => f.write_str("ERR value is out of range, value must between -2147483648 and 2147483647"),
            Self::NotPositive => f.write_str("ERR value is out of range, must be positive"),
            Self::Overflow => f.write_str("ERR increment or decrement would overflow"),
            Self::DecrementOverflow => f.write_str("ERR decrement would overflow"),
            Self::InvalidExpire(name) => write!(f, "ERR invalid expire time in '{name}' command"),
            Self::ValueTooLong => f.write_str("ERR string exceeds maximum allowed size (proto-max-bulk-len)"),
            Self::KeyTooLong(limit) => write!(f, "ERR the key is longer than {limit} bytes (--max-key)"),
            Self::DbIndex => f.write_str("ERR DB index is out of range"),
            Self::InvalidCursor => f.write_str("ERR invalid cursor"),
            Self::OutOfMemory => f.write_str("OOM command not allowed when used memory > 'maxmemory'."),
            Self::Subscribed(name) => write!(
                f,
                "ERR Can't execute '{name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in \
                 this context"
            ),
            Self::Stranger => f.write_str("NOAUTH Authentication required."),
            Self::WrongPassword => f.write_str("WRONGPASS invalid username-password pair or user is disabled."),
            Self::Other(text) => f.write_str(text),
            Self::CrossSlot => f.write_str("CROSSSLOT Keys in request don't hash to the same slot"),
            Self::Refused(why) => write!(f, "CLUSTERDOWN {why}"),
            Self::Postponed => f.write_str("ERR the request waits"),
            Self::Http => f.write_str("ERR this is not an HTTP server"),
            Self::Offset => f.write_str("ERR offset is out of range"),
            Self::NotAFloat => f.write_str("ERR value is not a valid float"),
            Self::NotFinite => f.write_str("ERR increment would produce NaN or Infinity"),
            Self::NoSuchKey => f.write_str("ERR no such key"),
            Self::SameObject => f.write_str("ERR source and destination objects are the same"),
            Self::LcsBoth => f.write_str("ERR If you want both the length and indexes, please just use IDX."),
            Self::LcsTooLong => {
                f.write_str("ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len")
            }
            Self::NoFrequency => f.write_str(
                "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when \
                 switching between policies at runtime LRU and LFU data will take some time to adjust.",
            ),
            Self::ShardInMulti => f.write_str("ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client"),
            Self::NestedMulti => f.write_str("ERR MULTI calls can not be nested"),
            Self::WatchInMulti => f.write_str("ERR WATCH inside MULTI is not allowed"),
            Self::NotInMulti => f.write_str("ERR Command not allowed inside a transaction"),
            Self::WithoutMulti(name) => write!(f, "ERR {name} without MULTI"),
            Self::Aborted => f.write_str("EXECABORT Transaction discarded because of previous errors."),
            Self::AbortedBecause(error) => {
                let error = error.to_string();
                let error = error.strip_prefix("ERR ").unwrap_or(&error);
                write!(f, "EXECABORT Transaction discarded because of: {error}")
            }
            Self::ClientName => f.write_str("ERR Client names cannot contain spaces, newlines or special characters."),
        }
    }
}

/// Why the bytes of a client are not a request. The client is told, and its connection is closed, since the start of
/// the next request is unknown.
#[derive(Debug, PartialEq, Eq)]
pub enum ProtocolError {
    /// The number of arguments is invalid or too large.
    MultibulkLength,
    /// The length of an argument is invalid or too large.
    BulkLength,
    /// An argument begins with another byte.
    Expected(u8),
    /// A line has no end.
    LineTooLong(&'static str),
    /// The quotes of an inline request do not match.
    Quotes,
    /// The whole request exceeds the limit.
    RequestTooLong(usize),
    /// There are too many arguments for a client that has not given its password.
    StrangeMultibulkLength,
    /// An argument is too long for a client that has not given its password.
    StrangeBulkLength,
}

impl ProtocolError {
    /// Returns what the client is told. A byte that the client sent is returned unchanged.
    #[must_use]
    pub fn text(&self) -> Vec<u8> {
        match self {
            Self::Expected(found) => [b"ERR Protocol error: expected '$', got '", &[*found][..], b"'"].concat(),
            other => other.to_string().into_bytes(),
        }
    }
}

impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ERR Protocol error: ")?;
        match self {
            Self::MultibulkLength => f.write_str("invalid multibulk length"),
            Self::BulkLength => f.write_str("invalid bulk length"),
            Self::Expected(found) => write!(f, "expected '$', got '{}'", char::from(*found)),
            Self::LineTooLong(what) => write!(f, "too big {what}"),
            Self::Quotes => f.write_str("unbalanced quotes in request"),
            Self::StrangeMultibulkLength => f.write_str("unauthenticated multibulk length"),
            Self::StrangeBulkLength => f.write_str("unauthenticated bulk length"),
            Self::RequestTooLong(limit) => write!(f, "the request is longer than {limit} bytes (--max-request)"),
        }
    }
}

impl std::error::Error for ProtocolError {}

/// Why a server ends without having been asked to.
#[derive(Debug)]
pub enum Failure {
    /// The system cannot report socket events.
    System(io::Error),
    /// The journal cannot be written.
    Journal(nexus_journal::Error),
    /// The server cannot continue with the log that it shares.
    Log(Lost),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System(error) => write!(f, "cannot wait for sockets: {error}"),
            Self::Log(lost) => write!(f, "{lost}"),
            Self::Journal(error) => {
                write!(f, "{error}; no acknowledged change is lost: fix this and start again")
            }
        }
    }
}

impl std::error::Error for Failure {}
