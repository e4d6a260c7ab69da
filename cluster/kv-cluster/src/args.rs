//! The command line of a server that shares a log.

use std::time::Duration;

use clap::Parser;
use nexus_jetstream::Options;

/// The name and the version of the program in the description of its stream.
const PROGRAM: &str = "kv-server 1";

/// The subject on which servers announce their addresses for clients.
const MEMBERS: &str = "kv-members";

/// A key-value server that speaks the Redis protocol. With `--cluster`, several servers hold the same keys.
#[derive(Parser, Debug)]
#[command(name = "kv-server", version)]
pub(crate) struct ClusterArgs {
    #[command(flatten)]
    pub(crate) server: kv_server::Args,

    /// Share a log with other servers: a JetStream stream at these NATS servers, such as
    /// `nats://10.0.0.1,nats://10.0.0.2`. Every acknowledged change is in the log, and every server applies it
    #[arg(long, value_name = "SERVERS", conflicts_with_all = ["journal", "replay", "plan"])]
    pub(crate) cluster: Option<String>,

    /// The name of this server, which must be unique
    #[arg(long, value_name = "NAME", requires = "cluster", default_value = "")]
    pub(crate) node: String,

    /// The number of NATS servers that store the log, if this server creates it: 1, 3 or 5
    #[arg(long, value_name = "N", requires = "cluster", default_value_t = 3)]
    pub(crate) replicas: usize,

    /// Serve only a part of the keys, such as `1/3`: the first of three parts. Redis Cluster clients find the others
    #[arg(long, value_name = "I/N", requires = "cluster", value_parser = shard)]
    pub(crate) shard: Option<(u16, u16)>,

    /// Make reads wait until this server has applied every change that was acknowledged anywhere before them
    #[arg(long, requires = "cluster")]
    pub(crate) linearizable: bool,

    /// Refuse changes at once while no NATS server can be reached, instead of making them wait
    #[arg(long, requires = "cluster")]
    pub(crate) refuse: bool,

    /// Take a snapshot of the keys after this many messages of the log, which is then purged; 0 is never
    #[arg(long, value_name = "N", requires = "cluster", default_value_t = 1_000_000)]
    pub(crate) snapshot_every: u64,

    /// The number of changes after which servers compare their keys
    #[arg(long, value_name = "N", requires = "cluster", default_value_t = 1_000)]
    pub(crate) check_every: u64,

    /// The longest time to reach a NATS server at the start, in milliseconds
    #[arg(long, value_name = "MS", requires = "cluster", default_value_t = 10_000)]
    pub(crate) patience_ms: u64,
}

impl ClusterArgs {
    /// Returns the options of the replica. `None` without `--cluster`.
    pub(crate) fn options(&self) -> Option<Options> {
        let servers = self.cluster.as_deref()?;
        let stream = self.shard.map_or("kv".into(), |(part, of)| format!("kv-{}-of-{of}", part + 1));
        let mut options = Options::new(servers, &stream, PROGRAM, &self.node);
        options.replicas = self.replicas;
        options.queue = !self.refuse;
        options.check_every = self.check_every;
        options.patience = Duration::from_millis(self.patience_ms);
        options.gossip = Some(MEMBERS.into());
        Some(options)
    }
}

/// Parses a part and the number of parts, such as `1/3`.
fn shard(text: &str) -> Result<(u16, u16), String> {
    let read = || {
        let (part, of) = text.split_once('/')?;
        let (part, of): (u16, u16) = (part.trim().parse().ok()?, of.trim().parse().ok()?);
        (part >= 1 && part <= of && of <= kv_server::SLOTS).then(|| (part - 1, of))
    };
    read().ok_or_else(|| "expected a part and the number of parts, such as `1/3`, `2/3` or `3/3`".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_begin_with_one() {
        assert_eq!(shard("1/3"), Ok((0, 3)));
        assert_eq!(shard("3/3"), Ok((2, 3)));
        for text in ["0/3", "4/3", "1", "/", "a/b", "1/99999"] {
            assert!(shard(text).is_err(), "{text}");
        }
    }
}
