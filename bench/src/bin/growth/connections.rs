//! Sockets: as many as a process may have files.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use nexus_rt::connections::{Client, Connections, ConnectionsInstaller, ConnectionsPoller, Lines};
use nexus_rt::io::{MioEvent, MioToken};
use nexus_rt::mio::Interest;
use nexus_rt::{IntoHandler, MioDriver, MioInstaller, MioPoller, PipelineStart, ResMut, World, WorldBuilder, mio};

use super::{Case, one_of, time};

/// Each takes two files, of which many systems allow 20,000 or fewer.
const SIZES: &[(&str, usize)] = &[("5 k", 5_000), ("500", 500), ("50", 50)];

type Poll = Box<dyn FnMut(&mut World) -> usize>;

/// A world with sockets, and the other ends of these.
struct Rig {
    world: World,
    poll: Poll,
    peers: Vec<UnixStream>,
    tokens: Vec<MioToken>,
}

fn pair() -> (mio::net::UnixStream, UnixStream) {
    let (ours, theirs) = UnixStream::pair().expect("there are enough files: see `ulimit -n`");
    ours.set_nonblocking(true).expect("a socket");
    (mio::net::UnixStream::from_std(ours), theirs)
}

impl Rig {
    /// With the sockets at the mio driver.
    fn registered(count: usize) -> Self {
        let mut builder = WorldBuilder::new();
        let mut io: MioPoller = builder.install_driver(MioInstaller::new().expect("the system gives a poll"));
        builder.register(0_u64);
        let poll: Poll = Box::new(move |world| io.poll(world, Some(Duration::ZERO)).expect("it polls"));
        let mut rig = Self { world: builder.build(), poll, peers: Vec::new(), tokens: Vec::new() };
        rig.register((0..count).map(|_| pair()).collect());
        rig
    }

    fn register(&mut self, pairs: Vec<(mio::net::UnixStream, UnixStream)>) {
        for (ours, theirs) in pairs {
            let handler = (|mut n: ResMut<u64>, _: MioEvent| *n += 1).into_handler(self.world.registry());
            let mut driver = self.world.resource_mut::<MioDriver>();
            let token = driver.register(ours, Interest::READABLE, Box::new(handler));
            self.tokens.push(token.expect("it is a socket"));
            self.peers.push(theirs);
        }
    }

    /// With connections that answer each line with itself.
    fn connected(count: usize) -> Self {
        let mut builder = WorldBuilder::new();
        let mut io = builder.install_driver(MioInstaller::new().expect("the system gives a poll"));
        let installer = ConnectionsInstaller::<u64, _>::new(&io, Lines::new(1_000)).expect("there are files");
        let mut net: ConnectionsPoller<u64, Lines> = builder.install_driver(installer);
        let world = builder.build();
        let answer = |client: &mut Client<u64>, line: &[u8]| client.send(line);
        let chain = PipelineStart::<&[u8]>::borrowed().with_context::<Client<u64>>();
        let mut answer = chain.then(answer, world.registry()).build();
        let poll: Poll = Box::new(move |world| {
            io.poll(world, Some(Duration::ZERO)).expect("it polls");
            net.poll(world, usize::MAX, &mut answer)
        });
        let mut rig = Self { world, poll, peers: Vec::new(), tokens: Vec::new() };
        rig.adopt((0..count).map(|_| pair()).collect());
        rig
    }

    fn adopt(&mut self, pairs: Vec<(mio::net::UnixStream, UnixStream)>) {
        for (ours, theirs) in pairs {
            self.world.resource_mut::<Connections<u64>>().adopt(ours, 0).expect("there is room");
            self.peers.push(theirs);
        }
        self.poll();
    }

    fn poll(&mut self) -> usize {
        (self.poll)(&mut self.world)
    }

    /// Each peer writes, and the world polls until as much has run.
    fn all(&mut self) {
        self.peers.iter_mut().for_each(|peer| peer.write_all(b"x\n").expect("there is room"));
        let mut ran = 0;
        while ran < self.peers.len() {
            ran += self.poll();
        }
    }

    /// The first peer writes, and the world polls until that has run.
    fn first(&mut self) {
        self.peers[0].write_all(b"x\n").expect("there is room");
        while self.poll() == 0 {}
    }
}

pub(super) fn cases() -> Vec<Case> {
    let case = |group, name, time: fn(usize) -> Duration| Case::new(group, name, time).of_sizes(SIZES);
    let (driver, connections) = ("MioDriver, with sockets", "Connections");
    vec![
        case(driver, "register", |count| {
            let mut rig = Rig::registered(0);
            let pairs = (0..count).map(|_| pair()).collect();
            time(|| rig.register(pairs))
        }),
        case(driver, "remove", |count| {
            let mut rig = Rig::registered(count);
            let mut driver = rig.world.resource_mut::<MioDriver>();
            time(|| rig.tokens.iter().for_each(|token| _ = driver.remove(*token)))
        }),
        case(driver, "poll, each is ready", |count| {
            let mut rig = Rig::registered(count);
            time(|| rig.all())
        }),
        case(driver, "one event, the others idle", |count| {
            let mut rig = Rig::registered(count);
            one_of(count, || rig.first())
        }),
        case(connections, "adopt", |count| {
            let mut rig = Rig::connected(0);
            let pairs = (0..count).map(|_| pair()).collect();
            time(|| rig.adopt(pairs))
        }),
        case(connections, "a frame and its reply for each", |count| {
            let mut rig = Rig::connected(count);
            time(|| rig.all())
        }),
        case(connections, "one frame and its reply, the others idle", |count| {
            let mut rig = Rig::connected(count);
            one_of(count, || {
                rig.first();
                rig.peers[0].read_exact(&mut [0; 1]).expect("it was answered");
            })
        }),
        case(connections, "close and end", |count| {
            let mut rig = Rig::connected(count);
            time(|| {
                let mut table = rig.world.resource_mut::<Connections<u64>>();
                let ids: Vec<_> = table.ids().collect();
                ids.into_iter().for_each(|id| _ = table.close(id, "done"));
                rig.peers.clear();
                while !rig.world.resource::<Connections<u64>>().is_empty() {
                    rig.poll();
                }
            })
        }),
        case(connections, "each peer leaves", |count| {
            let mut rig = Rig::connected(count);
            time(|| {
                rig.peers.clear();
                while !rig.world.resource::<Connections<u64>>().is_empty() {
                    rig.poll();
                }
            })
        }),
    ]
}
