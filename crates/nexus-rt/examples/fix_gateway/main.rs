//! How is a protocol server built: a FIX 4.4 gateway with sessions, risk checks and heartbeats?
//!
//! `cargo run --example fix_gateway --features mio,signals,timer -- --port 9878`
//!
//! It serves the CompIDs `CLIENT` and `SECOND` over TCP until Ctrl-C or SIGTERM, and a simulated market fills their
//! orders. It then answers the messages that have arrived, logs out all sessions, and ends. `--plan` prints the steps
//! that a message runs through.

pub(crate) mod message;
mod orders;
pub(crate) mod session;

use std::env;
use std::error::Error;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use message::Message;
use nexus_rt::chain::ByReference;
use nexus_rt::connections::{ConnectionsInstaller, Ended, Limits};
use nexus_rt::{
    BoxedPipeline, CallbackTemplate, Clock, Describe, MioInstaller, PipelineStart, Registry, TimerInstaller, World,
    WorldBuilder,
};
use orders::{Fill, Market, Orders, Risk};
use session::{Beat, Net, Peer, Request, Session, SessionId};

/// Registers the state of a gateway whose drivers are installed.
pub(crate) fn register(builder: &mut WorldBuilder) {
    builder.register(Vec::from(["CLIENT", "SECOND"].map(|name| Session { name, ..Session::default() })));
    builder.register_default::<Orders>();
    builder.register(Risk { quantity: 1_000, collar: 0.05, open: 10 });
    builder.register(Market([("ACME", 100.0), ("NEXS", 25.5)].into()));
    builder.register(CallbackTemplate::<Beat>::new(session::on_beat, builder.registry()));
    builder.register(CallbackTemplate::<Fill>::new(orders::on_fill, builder.registry()));
}

/// Whether a message has this type.
fn is<const KIND: char>(request: &Request) -> bool {
    request.1.text(35).chars().eq([KIND])
}

/// Builds the pipeline of a message.
pub(crate) fn messages(reg: &Registry) -> BoxedPipeline<Message, (), Peer, ByReference> {
    PipelineStart::<&Message>::borrowed()
        .with_context::<Peer>()
        .then(session::identify, reg)
        .and_then(session::in_sequence, reg)
        .and_then(session::complete, reg)
        .each(|request| {
            request.route(|r| {
                r.case(is::<'D'>, reg, |m| {
                    m.then(orders::read, reg)
                        .and_then(orders::is_new, reg)
                        .and_then(orders::within_quantity, reg)
                        .and_then(orders::within_collar, reg)
                        .and_then(orders::within_open_orders, reg)
                        .catch(orders::refuse, reg)
                        .map(orders::accept, reg)
                        .unwrap_or(())
                })
                .case(is::<'F'>, reg, |m| m.then(orders::cancel, reg))
                .or(|m| m.then(session::administer, reg))
            })
        })
        .build()
        .boxed()
}

fn main() -> Result<(), Box<dyn Error>> {
    let port = env::args().skip_while(|it| it != "--port").nth(1).map_or(Ok(0), |port| port.parse())?;
    let mut builder = WorldBuilder::new();
    builder.shutdown_handle().enable_signals()?;
    let clock = Clock::realtime();
    let mut timers = builder.install_driver(TimerInstaller::new(clock.now()));
    builder.register(clock);
    let mut io = builder.install_driver(MioInstaller::new()?);
    let mut limits = Limits::default();
    // Ends connections that never log on. It exceeds the silence after which a session is logged out.
    limits.silent = Some(Duration::from_secs(3 * session::SLOWEST as u64));
    let net = ConnectionsInstaller::<Option<SessionId>, _>::new(&io, Message::default())?.limits(limits);
    let mut net = builder.install_driver(net);
    register(&mut builder);
    let mut world = builder.build();
    let mut chain = messages(world.registry());
    if env::args().any(|it| it == "--plan") {
        print!("{}", chain.plan());
        return Ok(());
    }
    let ended = PipelineStart::<Ended<io::Error>>::new().with_context::<Peer>();
    net.on_ended(ended.then(session::ended, world.registry()).build());

    let mut connections = world.resource_mut::<Net>();
    let listener = connections.listen(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    println!("listening on {}", connections.address(listener).ok_or("it has an address")?);

    let mut turn = |world: &mut World| {
        let now = world.resource::<Clock>().now();
        let next = |world: &World| [timers.next_deadline(world), net.next_deadline(world)].into_iter().flatten().min();
        io.poll_until(world, now, next)?;
        // Messages that have arrived run before a timer can find their session silent.
        net.poll(world, usize::MAX, &mut chain);
        let now = world.resource::<Clock>().now();
        timers.poll(world, now);
        Ok::<(), io::Error>(())
    };
    world.run(&mut turn)?;
    // Counterparties have five seconds to leave.
    let deadline = Instant::now() + Duration::from_secs(5);
    world.resource_mut::<Net>().drain(deadline);
    world.drain(deadline, |world| world.resource::<Net>().is_empty(), turn)?;
    Ok(())
}
