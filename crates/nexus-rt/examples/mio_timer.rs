//! How do sockets and timers run in one loop?
//!
//! `cargo run --example mio_timer --features mio,timer,signals`
//!
//! This is an echo server that closes silent connections. It serves its own clients, reports what happened, and ends.
//! With `-- 127.0.0.1:7007`, it serves that address until Ctrl-C; try `nc 127.0.0.1 7007`. After Ctrl-C, it accepts no
//! new clients and serves the others for a few seconds. A second Ctrl-C ends it at once.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream as Client};
use std::thread;
use std::time::{Duration, Instant};

use nexus_rt::io::{MioEvent, MioToken};
use nexus_rt::mio::Interest;
use nexus_rt::mio::net::{TcpListener, TcpStream};
use nexus_rt::timer::{TimerEvent, TimerKey};
use nexus_rt::{
    CallbackTemplate, Clock, IntoCallback, MioDriver, MioInstaller, Res, ResMut, ShutdownHandle, TemplatedCallback,
    TimerInstaller, TimerWheel, World, WorldBuilder, callback_blueprint,
};

/// How long a connection may be silent before it is closed.
const IDLE: Duration = Duration::from_secs(1);

/// How long connected clients are still served after a shutdown request.
const DRAIN: Duration = Duration::from_secs(5);

/// How many bytes may wait to be written before no more are read.
const ROOM: usize = 65_536;

/// How many rounds of reading and writing a connection has in a row. A faster client would keep the others waiting.
const ROUNDS: usize = 16;

/// The driver reports what a connection can be read from, and when it can be written to.
const INTEREST: Interest = Interest::READABLE.add(Interest::WRITABLE);

#[derive(Default)]
struct Stats {
    accepted: u32,
    echoed: usize,
    left: u32,
    idle: u32,
}

callback_blueprint!(
    OnConnection,
    Context = Connection,
    Event = MioEvent,
    Params = (
        ResMut<'static, MioDriver>,
        ResMut<'static, IdleTimers>,
        Res<'static, Clock>,
        ResMut<'static, Stats>,
        ResMut<'static, Full>,
    ),
);

/// The listener, if it ran out of file descriptors while clients may be waiting. The OS does not report them again.
#[derive(Default)]
struct Full(Option<MioToken>);

/// Closes a connection, and calls the listener again if clients wait for a file descriptor.
fn close(io: &mut MioDriver, full: &mut Full, connection: MioToken) -> bool {
    let closed = io.close(connection);
    if let Some(listener) = full.0.take() {
        io.reregister(listener, Interest::READABLE).expect("the listener stays registered");
    }
    closed
}

/// What is left of a connection after an event.
enum After {
    Open,
    /// It is open, and its rounds were over before everything was read.
    Busy,
    Over,
}

struct Connection {
    idle: TimerKey,
    /// Bytes that were read but not yet written.
    waiting: Vec<u8>,
    /// Whether the client sends no more than what has arrived.
    ending: bool,
}

impl Connection {
    /// Reads what has arrived, and writes back as much as the socket accepts.
    fn echo(&mut self, stream: &mut TcpStream, event: MioEvent, echoed: &mut usize) -> io::Result<After> {
        self.ending |= event.is_read_closed();
        let mut buffer = [0; 4096];
        let (mut drained, mut over) = (false, false);
        for _ in 0..ROUNDS {
            // A client that does not read is not read from, either.
            while !drained && self.waiting.len() < ROOM {
                match stream.read(&mut buffer) {
                    Ok(0) => (drained, over) = (true, true),
                    Ok(n) => {
                        self.waiting.extend_from_slice(&buffer[..n]);
                        // A read that does not fill its buffer has drained the socket, but for the end of the stream.
                        drained = n < buffer.len() && !self.ending;
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => drained = true,
                    Err(error) => return Err(error),
                }
            }
            while !self.waiting.is_empty() {
                match stream.write(&self.waiting) {
                    Ok(n) => {
                        self.waiting.drain(..n);
                        *echoed += n;
                    }
                    // The driver reports when the socket accepts more.
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                    Err(error) => return Err(error),
                }
            }
            // The driver does not report again what is left to read: it is read once there is room.
            if drained || self.waiting.len() >= ROOM {
                return Ok(if over && self.waiting.is_empty() { After::Over } else { After::Open });
            }
        }
        Ok(After::Busy)
    }
}

fn on_connection(
    connection: &mut Connection,
    mut io: ResMut<MioDriver>,
    mut timers: ResMut<IdleTimers>,
    clock: Res<Clock>,
    mut stats: ResMut<Stats>,
    mut full: ResMut<Full>,
    event: MioEvent,
) {
    let Some(stream) = io.source::<TcpStream>(event.token) else { return };
    let is_open = match connection.echo(stream, event, &mut stats.echoed) {
        Ok(After::Open) => true,
        // The driver reports it once more, after the others.
        Ok(After::Busy) => io.reregister(event.token, INTEREST).is_ok(),
        Ok(After::Over) | Err(_) => false,
    };
    if is_open {
        timers.reschedule(connection.idle, clock.now() + IDLE);
    } else {
        stats.left += 1;
        timers.cancel(connection.idle);
        close(&mut io, &mut full, event.token);
    }
}

/// All timers have one type, so they are stored without a box and their contexts are accessible.
type IdleTimers = TimerWheel<TemplatedCallback<OnIdle>>;

callback_blueprint!(
    OnIdle,
    Context = Option<MioToken>,
    Event = TimerEvent,
    Params = (ResMut<'static, MioDriver>, ResMut<'static, Stats>, ResMut<'static, Full>),
);

fn on_idle(
    token: &mut Option<MioToken>,
    mut io: ResMut<MioDriver>,
    mut stats: ResMut<Stats>,
    mut full: ResMut<Full>,
    _: TimerEvent,
) {
    if token.is_some_and(|token| close(&mut io, &mut full, token)) {
        stats.idle += 1;
    }
}

/// The context of a listener.
struct Accept {
    connections: CallbackTemplate<OnConnection>,
    idle: CallbackTemplate<OnIdle>,
}

fn accept(
    ctx: &mut Accept,
    mut io: ResMut<MioDriver>,
    mut timers: ResMut<IdleTimers>,
    clock: Res<Clock>,
    mut stats: ResMut<Stats>,
    mut full: ResMut<Full>,
    event: MioEvent,
) {
    while let Some(accepted) = io.source::<TcpListener>(event.token).map(|listener| listener.accept()) {
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
            // The client left before it was accepted.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => continue,
            Err(error) => {
                eprintln!("clients have to wait until one leaves: {error}");
                full.0 = Some(event.token);
                return;
            }
        };
        let idle = timers.schedule(clock.now() + IDLE, ctx.idle.generate(None));
        let connection = ctx.connections.generate(Connection { idle, waiting: Vec::new(), ending: false });
        match io.register(stream, INTEREST, Box::new(connection)) {
            Ok(token) => {
                stats.accepted += 1;
                timers.get_mut(idle).into_iter().for_each(|timer| timer.ctx = Some(token));
            }
            Err(error) => {
                timers.cancel(idle);
                eprintln!("a connection could not be served: {error}");
            }
        }
    }
}

fn main() -> io::Result<()> {
    let address = std::env::args().nth(1);
    let mut builder = WorldBuilder::new();
    let clock = Clock::realtime();
    let mut timers = builder.install_driver(TimerInstaller::new(clock.now()).stored_as::<TemplatedCallback<OnIdle>>());
    let mut io = builder.install_driver(MioInstaller::new()?);
    builder.register(clock);
    builder.register_default::<Stats>();
    builder.register_default::<Full>();
    let shutdown = builder.shutdown_handle();
    shutdown.enable_signals()?;
    let mut world = builder.build();

    let listen = address.as_deref().unwrap_or("127.0.0.1:0").parse();
    let listener = TcpListener::bind(listen.map_err(|error| io::Error::other(format!("not an address: {error}")))?)?;
    let bound = listener.local_addr()?;
    let reg = world.registry();
    let templates =
        Accept { connections: CallbackTemplate::new(on_connection, reg), idle: CallbackTemplate::new(on_idle, reg) };
    let accept = Box::new(accept.into_callback(templates, reg));
    let listener = world.resource_mut::<MioDriver>().register(listener, Interest::READABLE, accept)?;

    let clients = match address {
        Some(_) => {
            println!("listening on {bound}, closing what is silent for {IDLE:?}");
            None
        }
        None => Some(thread::spawn(move || clients(bound, &shutdown))),
    };
    // A turn waits for sockets until the next timer, then runs due timers. The clock moves when the wait ends.
    let mut turn = |world: &mut World| {
        let now = world.resource::<Clock>().now();
        io.poll_until(world, now, |world| timers.next_deadline(world))?;
        let now = world.resource::<Clock>().now();
        timers.poll(world, now);
        Ok::<(), io::Error>(())
    };
    world.run(&mut turn)?;
    // No new clients are accepted. Connected ones are served until they leave or are silent for too long.
    world.resource_mut::<Full>().0 = None;
    world.resource_mut::<MioDriver>().close(listener);
    world.drain(Instant::now() + DRAIN, |world| world.resource::<MioDriver>().is_empty(), &mut turn)?;

    if let Some(clients) = clients {
        clients.join().expect("the clients do not panic")?;
    }
    let Stats { accepted, echoed, left, idle } = *world.resource::<Stats>();
    println!("{accepted} connections, {echoed} bytes echoed, {left} left, {idle} were silent for too long");
    Ok(())
}

/// Runs two clients: one talks and leaves, and the other is silent and is disconnected.
fn clients(address: SocketAddr, shutdown: &ShutdownHandle) -> io::Result<()> {
    let mut silent = Client::connect(address)?;
    let mut talking = Client::connect(address)?;
    for text in ["one", "two", "three"] {
        talking.write_all(text.as_bytes())?;
        let mut reply = vec![0; text.len()];
        talking.read_exact(&mut reply)?;
        println!("sent {text}, got {}", String::from_utf8_lossy(&reply));
    }
    drop(talking);
    let waited = Instant::now();
    let end = silent.read(&mut [0])?;
    assert!(end == 0 && waited.elapsed() < 100 * IDLE);
    println!("the silent one was closed");
    shutdown.shutdown();
    Ok(())
}
