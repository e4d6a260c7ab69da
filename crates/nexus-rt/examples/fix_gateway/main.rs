//! A FIX 4.4 gateway: sessions over TCP, whose orders pass risk checks and are filled by a simulated market.
//!
//! `cargo run --example fix_gateway --features mio,signals,timer -- --port 9878` serves the CompIDs `CLIENT` and
//! `SECOND`, until Ctrl-C or SIGTERM. Then it answers what has come, logs everybody out, and ends. `--plan` prints
//! what a message runs through.

mod gateway;
mod message;
mod orders;
mod protocol;
mod session;

use std::error::Error;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use nexus_rt::connections::{Client, Connections, ConnectionsInstaller, Ended, Limits};
use nexus_rt::{Clock, Describe, MioInstaller, PipelineStart, TimerInstaller, World, WorldBuilder};

use crate::message::{Message, Unframed};
use crate::protocol::{Ignored, Link};

/// How long counterparties may take to leave after a shutdown was requested.
const DRAIN: Duration = Duration::from_secs(5);

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let (port, plan) = match *arguments {
        [] => (0, false),
        ["--port", port] => (port.parse()?, false),
        ["--plan"] => (0, true),
        _ => return Err("use `--port N` or `--plan`".into()),
    };
    let mut builder = WorldBuilder::new();
    builder.shutdown_handle().enable_signals()?;
    let clock = Clock::realtime();
    let mut timers = builder.install_driver(TimerInstaller::new(clock.now()));
    builder.register(clock);
    let mut io = builder.install_driver(MioInstaller::new()?);
    let mut limits = Limits::default();
    limits.connections = 100;
    // Longer than a session is silent before it is logged out: it ends those that never log on.
    limits.silent = Some(Duration::from_secs(3 * protocol::SLOWEST));
    let net = ConnectionsInstaller::<Link, _>::new(&io, Message::default())?.limits(limits);
    let mut net = builder.install_driver(net);
    gateway::register(&mut builder, &["CLIENT", "SECOND"]);
    let mut world = builder.build();
    let mut messages = gateway::messages(world.registry());
    if plan {
        print!("{}", messages.plan());
        return Ok(());
    }
    let ended = PipelineStart::<Ended<Unframed>>::new().with_context::<Client<Link>>();
    net.on_ended(ended.then(protocol::ended, world.registry()).build());

    let mut connections = world.resource_mut::<Connections<Link>>();
    let listener = connections.listen(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    println!("listening on {}", connections.address(listener).ok_or("it has an address")?);

    let mut turn = |world: &mut World| {
        let now = world.resource::<Clock>().now();
        let next = |world: &World| [timers.next_deadline(world), net.next_deadline(world)].into_iter().flatten().min();
        io.poll_until(world, now, next)?;
        let now = world.resource::<Clock>().now();
        // What has come is heard before a timer finds its session silent.
        net.poll(world, usize::MAX, &mut messages);
        timers.poll(world, now);
        Ok::<(), io::Error>(())
    };
    world.run(&mut turn)?;
    let deadline = Instant::now() + DRAIN;
    world.resource_mut::<Connections<Link>>().drain(deadline);
    world.drain(deadline, |world| world.resource::<Connections<Link>>().is_empty(), turn)?;
    println!("{} messages were ignored", world.resource::<Ignored>().0);
    Ok(())
}
