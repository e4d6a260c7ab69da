//! The command line of a server that shares a log.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use clap::Parser;
use nexus_jetstream::Options;

/// The name and the version of the program in the description of its stream.
const PROGRAM: &str = "kv-server 1";

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

    /// The number of NATS servers that store the log: 1, 3 or 5. A log that fewer store is refused
    #[arg(long, value_name = "N", requires = "cluster", default_value_t = 3)]
    pub(crate) replicas: usize,

    /// Serve only a part of the keys, such as `1/3`: the first of three parts. Redis Cluster clients find the others
    #[arg(long, value_name = "I/N", requires = "cluster", value_parser = shard)]
    pub(crate) shard: Option<(u16, u16)>,

    /// The address at which clients of the other shards reach this server, such as `10.0.0.1` or `10.0.0.1:7000`, if it
    /// is not the one of `--bind` and `--port`
    #[arg(long, value_name = "ADDRESS", requires = "shard", value_parser = reached)]
    pub(crate) announce: Option<(IpAddr, Option<u16>)>,

    /// Make reads wait until this server has applied every change that was acknowledged anywhere before them
    #[arg(long, requires = "cluster")]
    pub(crate) linearizable: bool,

    /// Refuse changes at once while no NATS server can be reached, instead of making them wait
    #[arg(long, requires = "cluster")]
    pub(crate) refuse: bool,

    /// Take a snapshot of the keys after this many messages of the log, which is then purged; 0 is never
    #[arg(long, value_name = "N", requires = "cluster", default_value_t = 1_000_000)]
    pub(crate) snapshot_every: u64,

    /// The number of changes after which servers compare their keys, at least 1
    #[arg(long, value_name = "N", requires = "cluster", default_value_t = 1_000,
          value_parser = clap::value_parser!(u64).range(1..))]
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
        // Servers with another number of shards, or none, are another cluster, which may use the same NATS servers.
        options.gossip = self.shard.map(|(_, of)| format!("kv-members-of-{of}"));
        Some(options)
    }
}

/// Parses an address of this server for clients, with or without its port.
fn reached(text: &str) -> Result<(IpAddr, Option<u16>), String> {
    let whole = || text.parse().map(|address: SocketAddr| (address.ip(), Some(address.port())));
    match text.parse().map(|ip| (ip, None)).or_else(|_| whole()) {
        Ok((ip, port)) if !ip.is_unspecified() && port != Some(0) => Ok((ip, port)),
        _ => Err("expected an address that clients can connect to, such as `10.0.0.1` or `10.0.0.1:7000`".into()),
    }
}

/// Returns the address that a server with a shard announces to the others.
pub(crate) fn announced(announce: Option<(IpAddr, Option<u16>)>, listens: SocketAddr) -> Result<SocketAddr, String> {
    match announce {
        Some((ip, port)) => Ok((ip, port.unwrap_or(listens.port())).into()),
        None if listens.ip().is_unspecified() => Err(format!(
            "clients of the other shards cannot be sent to {listens}: name the address that reaches this server with \
             `--announce`, or listen at it with `--bind`"
        )),
        None => Ok(listens),
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

    #[test]
    fn servers_that_compare_their_keys_after_no_changes_are_refused() {
        let parsed = ClusterArgs::try_parse_from(["kv-server", "--cluster", "nats://127.0.0.1", "--check-every", "0"]);
        assert!(parsed.is_err_and(|why| why.to_string().contains("'--check-every <N>': 0 is not in 1..")));
    }

    #[test]
    fn clusters_with_different_numbers_of_shards_do_not_hear_each_other() {
        let gossip = |words: &[&str]| {
            let all = ["kv-server", "--cluster", "nats://127.0.0.1", "--node", "a"].iter().chain(words);
            ClusterArgs::parse_from(all).options().and_then(|options| options.gossip)
        };
        let of_three = gossip(&["--shard", "1/3"]);
        assert!(of_three.is_some());
        assert_eq!(of_three, gossip(&["--shard", "3/3"]));
        assert_ne!(of_three, gossip(&["--shard", "1/2"]));
        assert_eq!(gossip(&[]), None);
    }

    #[test]
    fn the_address_for_clients_is_one_that_they_can_reach() {
        let (any, own): (SocketAddr, SocketAddr) = (([0, 0, 0, 0], 7000).into(), ([10, 0, 0, 1], 7000).into());
        let named = |text, listens| announced(Some(reached(text).unwrap()), listens).unwrap().to_string();
        assert_eq!(named("10.0.0.2", any), "10.0.0.2:7000");
        assert_eq!(named("10.0.0.2:80", own), "10.0.0.2:80");
        assert_eq!(named("::1", any), "[::1]:7000");
        assert_eq!(announced(None, own), Ok(own));
        assert!(announced(None, any).is_err_and(|why| why.contains("--announce")));
        for text in ["0.0.0.0", "::", "[::]:80", "10.0.0.1:0", "name:80", ""] {
            assert!(reached(text).is_err(), "{text}");
        }
    }
}
