//! How does a server use several cores when a world belongs to one thread?
//!
//! `cargo run --example many_worlds --features mio`, with `-- --worlds N` and `--clients N`
//!
//! It runs one world per thread, each with its own selector, connections and listener. All listeners share a port: with
//! `SO_REUSEPORT`, the OS spreads the clients over them. The worlds share no data, so nothing is locked. A shutdown
//! ends all worlds, and each first answers the requests that have arrived.

mod options;

use std::error::Error;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use nexus_rt::connections::{Client, Connections, ConnectionsInstaller, Lines};
use nexus_rt::{Clock, MioInstaller, PipelineStart, Res, ShutdownHandle, World, WorldBuilder};
use socket2::{Domain, Protocol, Socket, Type};

use crate::options::{options, parsed};

/// One of this many clients stays until the shutdown.
const STAYS: usize = 10;

/// The longest line that a world accepts.
const LONGEST: usize = 1_000;

/// How long a world waits for its clients after the shutdown.
const PATIENCE: Duration = Duration::from_secs(5);

/// The number of this world.
struct Number(usize);

/// Totals of a world, reported when it ends.
struct Served {
    connections: u64,
    lines: u64,
}

fn answer(client: &mut Client<()>, number: Res<Number>, line: &[u8]) {
    client.send(line);
    client.send(format!(" from world {}\n", number.0).as_bytes());
}

/// Listens at an address that other sockets with `SO_REUSEPORT` may share.
fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // This must happen before `bind`, so the driver cannot do it later.
    socket.set_reuse_port(true)?;
    socket.bind(&address.into())?;
    socket.listen(1_024)?;
    Ok(socket.into())
}

/// Runs one world on the current thread until its shutdown.
fn serve(number: usize, listener: TcpListener, hand_over: mpsc::Sender<ShutdownHandle>) -> io::Result<Served> {
    let mut builder = WorldBuilder::new();
    let mut io = builder.install_driver(MioInstaller::new()?);
    let mut net = builder.install_driver(ConnectionsInstaller::<(), _>::new(&io, Lines::new(LONGEST))?);
    let shutdown = builder.shutdown_handle();
    builder.register(Number(number));
    let mut world = builder.build();
    let mut answer =
        PipelineStart::<&[u8]>::borrowed().with_context::<Client<()>>().then(answer, world.registry()).build();
    world.resource_mut::<Connections<()>>().listen_on(listener)?;
    hand_over.send(shutdown).expect("main() waits for it");
    drop(hand_over);

    let mut turn = |world: &mut World| {
        let now = world.resource::<Clock>().now();
        io.poll_until(world, now, |world| net.next_deadline(world))?;
        net.poll(world, usize::MAX, &mut answer);
        Ok::<(), io::Error>(())
    };
    world.run(&mut turn)?;
    let deadline = Instant::now() + PATIENCE;
    world.resource_mut::<Connections<()>>().drain(deadline);
    world.drain(deadline, |world| world.resource::<Connections<()>>().is_empty(), turn)?;
    let stats = world.resource::<Connections<()>>().stats();
    Ok(Served { connections: stats.accepted, lines: stats.frames })
}

/// Connects, sends a line, and reads the answer.
fn ask(address: SocketAddr, number: usize) -> io::Result<BufReader<TcpStream>> {
    let mut client = BufReader::new(TcpStream::connect(address)?);
    writeln!(client.get_mut(), "hello {number}")?;
    let mut answer = String::new();
    client.read_line(&mut answer)?;
    assert!(answer.starts_with(&format!("hello {number} from world ")), "{answer}");
    Ok(client)
}

fn main() -> Result<(), Box<dyn Error>> {
    let [worlds, clients] = options(["--worlds", "--clients"])?;
    let (worlds, clients) = (parsed(worlds, 4_usize)?.max(1), parsed(clients, 400_usize)?);
    // All worlds listen before the first client connects. The OS chooses the port of the first listener.
    let first = listen(([127, 0, 0, 1], 0).into())?;
    let address = first.local_addr()?;
    let mut listeners = vec![first];
    for _ in 1..worlds {
        listeners.push(listen(address)?);
    }
    let (hand_over, handed) = mpsc::channel();
    let threads: Vec<_> = (0..)
        .zip(listeners)
        .map(|(number, listener)| {
            let hand_over = hand_over.clone();
            thread::spawn(move || serve(number, listener, hand_over))
        })
        .collect();
    drop(hand_over);
    let shutdowns: Vec<ShutdownHandle> = handed.iter().collect();

    let mut guests = Vec::new();
    for number in 0..clients {
        let client = ask(address, number)?;
        if number % STAYS == 0 {
            guests.push(client);
        }
    }
    let staying = guests.len();
    shutdowns.iter().for_each(ShutdownHandle::shutdown);
    for mut guest in guests {
        // The world has closed the connection, and no reply was lost.
        assert_eq!(guest.read(&mut [0])?, 0);
    }
    let mut all = Served { connections: 0, lines: 0 };
    for (number, thread) in threads.into_iter().enumerate() {
        let Served { connections, lines } = thread.join().expect("a world does not panic")?;
        println!("world {number}: {connections} connections, {lines} lines");
        all = Served { connections: all.connections + connections, lines: all.lines + lines };
    }
    println!("{worlds} worlds: {} connections, {} lines", all.connections, all.lines);
    println!("the shutdown ended {staying} that were still there");
    Ok(())
}
