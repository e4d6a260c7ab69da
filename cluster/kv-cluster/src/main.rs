//! kv-server on several machines: [`kv_server`] with a JetStream stream as its shared log.

mod args;
mod stream;

use std::process::ExitCode;

use clap::Parser;
use kv_server::ReplicaOptions;

use crate::args::ClusterArgs;
use crate::stream::Stream;

fn main() -> ExitCode {
    let args = ClusterArgs::parse();
    let (options, every) = (args.options(), args.snapshot_every);
    let (shard, announce) = (args.shard, args.announce);
    let replica = ReplicaOptions { linearizable: args.linearizable, shard };
    kv_server::run(args.server, |server, world| {
        let Some(options) = options else { return Ok(String::new()) };
        let (servers, node) = (options.servers.clone(), options.node.clone());
        let own = server.address();
        let address = if shard.is_some() { args::announced(announce, own)? } else { own };
        let log = Stream::new(options, every, shard, address);
        server.replicate(world, Box::new(log), replica).map_err(|lost| lost.to_string())?;
        Ok(format!("  node {node} of the cluster at {servers}\n"))
    })
}
