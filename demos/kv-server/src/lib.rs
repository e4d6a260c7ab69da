//! A key-value server that speaks the protocol of Redis, on nexus-rt.
//!
//! [`Server`] is the whole of it; [`Engine`] and [`Commands`] are the part without sockets.

mod args;
mod changes;
mod channels;
mod commands;
mod db;
mod digest;
mod encoded;
mod engine;
mod error;
mod float;
mod glob;
mod history;
mod http;
mod keys;
mod limits;
mod log;
mod number;
mod pages;
mod pause;
mod replies;
mod request;
mod server;
mod session;
mod settings;
mod snapshot;
mod stats;
mod store;
mod system;
mod trace;
mod watch;
mod watched;

pub use args::{Args, Safe};
pub use changes::Changes;
pub use commands::{Commands, Spec, Specs};
pub use db::OnExpiry;
pub use encoded::Malformed;
pub use engine::{Engine, ExpiryPoller};
pub use error::{CommandError, Failure, ProtocolError};
pub use history::History;
pub use keys::Keys;
pub use limits::Limits;
pub use log::{Kept, Log, LogOptions};
pub use replies::{Protocol, Replies};
pub use request::{Request, RequestLimits};
pub use server::Server;
pub use session::{Client, Reply, Session};
pub use settings::{Options, Settings};
pub use stats::Stats;
pub use store::{Change, PROGRAM, Past, Store, digests};
