//! Listeners when the process has no files left: whoever comes waits, and is let in when there are files again.
//!
//! It changes a limit of its process, and so has one to itself.
#![cfg(all(feature = "mio", target_os = "linux"))]
#![expect(clippy::unwrap_used, reason = "a test that fails says where by its line")]

use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use nexus_rt::connections::{Address, Client, Connections, ConnectionsInstaller, ConnectionsPoller, Lines};
use nexus_rt::{BoxedPipeline, MioInstaller, MioPoller, PipelineStart, World, WorldBuilder};

type Echo = BoxedPipeline<[u8], (), Client<()>, nexus_rt::chain::ByReference>;

struct Server {
    world: World,
    io: MioPoller,
    net: ConnectionsPoller<(), Lines>,
    echo: Echo,
}

impl Server {
    fn until(&mut self, what: &str, mut holds: impl FnMut(&World) -> bool) {
        let started = Instant::now();
        while !holds(&self.world) {
            let accepted = self.world.resource::<Connections<()>>().stats().accepted;
            assert!(started.elapsed() < Duration::from_secs(60), "waited in vain until {what}: {accepted}");
            let deadline = self.net.next_deadline(&self.world);
            let timeout = deadline.map_or(Duration::from_millis(1), |deadline| deadline - Instant::now());
            self.io.poll(&mut self.world, Some(timeout.min(Duration::from_millis(1)))).unwrap();
            self.net.poll(&mut self.world, usize::MAX, &mut self.echo);
        }
    }
}

fn open_files() -> u64 {
    std::fs::read_dir("/proc/self/fd").unwrap().count() as u64 - 1
}

#[test]
fn whoever_finds_no_file_is_let_in_when_there_is_one() {
    const CLIENTS: usize = 20;
    let mut builder = WorldBuilder::new();
    let io = builder.install_driver(MioInstaller::new().unwrap());
    let net = builder.install_driver(ConnectionsInstaller::<(), _>::new(&io, Lines::new(100)).unwrap());
    let connections = builder.resource_mut::<Connections<()>>();
    let listener = connections.listen("127.0.0.1:0".parse::<Address>().unwrap()).unwrap();
    let Some(Address::Ip(address)) = connections.address(listener) else { unreachable!() };
    let world = builder.build();
    let echo = |client: &mut Client<()>, line: &[u8]| client.send(line);
    let echo =
        PipelineStart::<&[u8]>::borrowed().with_context::<Client<()>>().then(echo, world.registry()).build().boxed();
    let mut server = Server { world, io, net, echo };

    let mut clients: Vec<_> = (0..CLIENTS).map(|_| TcpStream::connect(address).unwrap()).collect();
    let mut others: Vec<_> = (0..5).map(|_| File::open("/dev/null").unwrap()).collect();
    let limit = open_files() + 3;
    let mut set = Command::new("prlimit");
    set.args(["--pid", &std::process::id().to_string(), &format!("--nofile={limit}:")]);
    assert!(set.status().unwrap().success());
    let accepted = |world: &World| world.resource::<Connections<()>>().stats().accepted;
    server.until("some are let in", |world| accepted(world) >= 3);
    (0..20).for_each(|_| _ = server.net.poll(&mut server.world, usize::MAX, &mut server.echo));
    let first = accepted(&server.world);
    assert!((3..=4).contains(&first), "{first} with room for 3, and one more if a number below the limit was free");
    // Files of which the driver does not know.
    others.clear();
    server.until("they are used", |world| accepted(world) == first + 5);
    // Two files for each client that leaves.
    for left in 1..=6 {
        drop(clients.remove(0));
        server.until("the next ones are let in", |world| accepted(world) >= (first + 5 + 2 * left).min(CLIENTS as u64));
    }
    let last = clients.last_mut().unwrap();
    last.write_all(b"hello\n").unwrap();
    server.until("it is served", |world| world.resource::<Connections<()>>().stats().sent == 5);
    let mut reply = [0; 5];
    last.read_exact(&mut reply).unwrap();
    assert_eq!((accepted(&server.world), &reply), (CLIENTS as u64, b"hello"));
}
