//! The datagrams driver as `check_driver` wants it.
#![expect(clippy::unwrap_used, reason = "a test that fails says where by its line")]

use std::collections::HashMap;
use std::mem;
use std::os::unix::net::UnixDatagram as Client;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use nexus_rt::datagrams::{Datagrams, DatagramsInstaller, Socket, SocketId};
use nexus_rt::testing::{DriverRig, Probe};
use nexus_rt::{MioInstaller, MioPoller, PipelineStart, World, WorldBuilder};

type State = Probe<SocketId>;

/// Those who send to the sockets of the driver.
type Clients = HashMap<SocketId, Client>;

/// A path that no other socket of the tests has.
pub(crate) fn path() -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    std::env::temp_dir().join(format!("nexus-rt-datagrams-{}-{number}", std::process::id()))
}

pub(crate) struct DatagramRig {
    world: World,
    io: MioPoller,
    #[expect(clippy::type_complexity, reason = "the type of a chain cannot be named")]
    poll: Box<dyn FnMut(&mut World, usize) -> usize>,
}

impl DriverRig for DatagramRig {
    type Key = SocketId;

    fn new() -> Self {
        let mut builder = WorldBuilder::new();
        let io = builder.install_driver(MioInstaller::new().unwrap());
        let mut net = builder.install_driver(DatagramsInstaller::<State>::new(&io).unwrap());
        builder.register(Clients::new());
        let world = builder.build();
        let probe = |socket: &mut Socket<State>, world: &mut World, _: &[u8]| {
            let id = socket.id();
            (socket.state)(world, id);
        };
        let start = PipelineStart::<&[u8]>::borrowed().with_context::<Socket<State>>();
        let mut chain = start.then(probe, world.registry()).build();
        Self { world, io, poll: Box::new(move |world, budget| net.poll(world, budget, &mut chain)) }
    }

    fn world(&mut self) -> &mut World {
        &mut self.world
    }

    fn poll(&mut self, budget: usize) -> usize {
        self.io.poll(&mut self.world, Some(Duration::ZERO)).unwrap();
        (self.poll)(&mut self.world, budget)
    }

    fn register(world: &mut World, probe: Probe<SocketId>) -> SocketId {
        let path = path();
        let id = world.resource_mut::<Datagrams<State>>().bind(path.clone(), probe).unwrap();
        let client = Client::unbound().unwrap();
        client.connect(path).unwrap();
        world.resource_mut::<Clients>().insert(id, client);
        id
    }

    fn fire(world: &mut World, key: SocketId) {
        if let Some(client) = world.resource_mut::<Clients>().get_mut(&key) {
            // Fails if the driver has closed the other end.
            let _ = client.send(b"x");
        }
    }

    fn end(world: &mut World, key: SocketId) -> bool {
        world.resource_mut::<Datagrams<State>>().close(key)
    }

    fn panicked(world: &World) -> u64 {
        world.resource::<Datagrams<State>>().stats().panicked
    }

    fn swap(one: &mut World, other: &mut World) {
        mem::swap(&mut *one.resource_mut::<Datagrams<State>>(), &mut *other.resource_mut::<Datagrams<State>>());
    }

    fn allocations() -> Option<u64> {
        crate::allocated()
    }
}
