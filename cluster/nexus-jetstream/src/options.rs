//! `Options`: the settings of a replica.

use std::time::Duration;

use crate::error::Error;

/// The settings of a replica.
#[derive(Clone, Debug)]
pub struct Options {
    /// The addresses of NATS servers, separated by commas: `nats://127.0.0.1:4222`.
    pub servers: String,
    /// The name of the stream, and its subject. The stream is created if it does not exist.
    pub stream: String,
    /// The name of the program, with the version of its inputs. Only the program that created a stream can use it.
    pub program: String,
    /// The name of this node, unique among the nodes of the stream.
    pub node: String,
    /// The number of servers that store the stream: 1, 3 or 5. A stream that fewer store is refused. Default: 1.
    pub replicas: usize,
    /// The number of bytes that may wait to come back. Above it, [`Replica::publish`](crate::Replica::publish) refuses.
    /// Default: 64 MiB.
    pub most: usize,
    /// Whether inputs wait, up to [`most`](Self::most), while no server is connected, or are refused. Default: `true`.
    pub queue: bool,
    /// The number of inputs after which nodes publish and compare their digests; 0 counts as 1. Default: 100,000.
    pub check_every: u64,
    /// How long a start may take to reach a server and the stream. Default: 10 s.
    pub patience: Duration,
    /// A subject for [`Replica::announce`](crate::Replica::announce), which nodes of other streams may share. Default:
    /// `None`.
    pub gossip: Option<String>,
}

impl Options {
    /// Returns the default settings, for a stream that one server stores.
    #[must_use]
    pub fn new(servers: &str, stream: &str, program: &str, node: &str) -> Self {
        Self {
            servers: servers.into(),
            stream: stream.into(),
            program: program.into(),
            node: node.into(),
            replicas: 1,
            most: 64 << 20,
            queue: true,
            check_every: 100_000,
            patience: Duration::from_secs(10),
            gossip: None,
        }
    }

    pub(crate) fn description(&self) -> String {
        format!("nexus-jetstream 1: {}", self.program)
    }

    /// Checks the names.
    pub(crate) fn check(&self) -> Result<(), Error> {
        for (what, name) in [("the node", &self.node), ("the stream", &self.stream)] {
            let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
            if !(1..=32).contains(&name.len()) || !name.bytes().all(is_name) {
                return Err(Error::Name { what, name: name.clone() });
            }
        }
        Ok(())
    }
}
