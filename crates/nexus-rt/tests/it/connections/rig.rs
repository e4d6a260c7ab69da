//! The driver by the rules of all drivers: each connection is an end of a pair.

use std::collections::HashMap;
use std::io::Write;
use std::mem;
use std::os::unix::net::UnixStream as Peer;
use std::time::Duration;

use nexus_rt::chain::ByReference;
use nexus_rt::connections::{
    Client, ConnectionId, Connections, ConnectionsInstaller, ConnectionsPoller, LengthPrefixed, Limits,
};
use nexus_rt::mio::net::UnixStream;
use nexus_rt::testing::{DriverRig, Probe};
use nexus_rt::{BoxedPipeline, MioInstaller, MioPoller, PipelineStart, World, WorldBuilder};

/// What a connection does, until it ends.
type State = Option<Probe<ConnectionId>>;

type Acts = Connections<State>;

/// The other ends.
type Peers = HashMap<ConnectionId, Peer>;

/// Those that are sent something in the next poll.
#[derive(Default)]
struct Sent(Vec<ConnectionId>);

/// Whether the connection whose frame runs has ended itself.
#[derive(Default)]
struct Left(bool);

pub(crate) struct NetRig {
    world: World,
    io: MioPoller,
    net: ConnectionsPoller<State, LengthPrefixed>,
    chain: BoxedPipeline<[u8], (), Client<State>, ByReference>,
}

impl DriverRig for NetRig {
    type Key = ConnectionId;

    fn new() -> Self {
        let mut builder = WorldBuilder::new();
        let io = builder.install_driver(MioInstaller::new().unwrap());
        let mut limits = Limits::default();
        // Connections take turns by frames, as the events of other drivers do.
        limits.frames = 1;
        let net = ConnectionsInstaller::new(&io, LengthPrefixed::u16(8)).unwrap().limits(limits);
        let net = builder.install_driver(net);
        builder.register(Peers::new());
        builder.register_default::<Sent>();
        builder.register_default::<Left>();
        let world = builder.build();
        let act = |client: &mut Client<State>, world: &mut World, _: &[u8]| {
            let (id, mut probe) = (client.id(), client.state.take().expect("it has not ended"));
            probe(world, id);
            let left = mem::take(&mut world.resource_mut::<Left>().0);
            client.state = if left { None } else { Some(probe) };
        };
        let chain = PipelineStart::<&[u8]>::borrowed().with_context().then(act, world.registry()).build().boxed();
        Self { world, io, net, chain }
    }

    fn world(&mut self) -> &mut World {
        &mut self.world
    }

    fn poll(&mut self, budget: usize) -> usize {
        // The OS reports first that new sockets have room, and then what is sent, in its order.
        self.io.poll(&mut self.world, Some(Duration::ZERO)).unwrap();
        for key in mem::take(&mut self.world.resource_mut::<Sent>().0) {
            if let Some(peer) = self.world.resource_mut::<Peers>().get_mut(&key) {
                // Fails if the driver has closed the other end.
                let _ = peer.write_all(b"\0\x01x");
            }
        }
        self.io.poll(&mut self.world, Some(Duration::ZERO)).unwrap();
        self.net.poll(&mut self.world, budget, &mut self.chain)
    }

    fn register(world: &mut World, probe: Probe<ConnectionId>) -> ConnectionId {
        let (peer, own) = Peer::pair().unwrap();
        own.set_nonblocking(true).unwrap();
        let id = world.resource_mut::<Acts>().adopt(UnixStream::from_std(own), Some(probe)).unwrap();
        world.resource_mut::<Peers>().insert(id, peer);
        id
    }

    fn fire(world: &mut World, key: ConnectionId) {
        world.resource_mut::<Sent>().0.push(key);
    }

    fn end(world: &mut World, key: ConnectionId) -> bool {
        let mut net = world.resource_mut::<Acts>();
        let ended = net.close(key, "it was ended");
        if let Some(client) = net.client_mut(key).filter(|_| ended) {
            let state = client.state.take();
            drop(net);
            drop(state);
        } else if ended {
            world.resource_mut::<Left>().0 = true;
        }
        ended
    }

    fn panicked(world: &World) -> u64 {
        world.resource::<Acts>().stats().ended.panicked
    }

    fn swap(one: &mut World, other: &mut World) {
        mem::swap(&mut *one.resource_mut::<Acts>(), &mut *other.resource_mut::<Acts>());
    }

    fn allocations() -> Option<u64> {
        crate::allocated()
    }
}
