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

/// Whether the connection whose frame runs has ended itself, and what it did, to be dropped after the poll.
#[derive(Default)]
enum Left {
    #[default]
    Not,
    Itself,
    With(Probe<ConnectionId>),
}

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
        let io = builder.install_driver(MioInstaller::new().expect("the system has room"));
        let mut limits = Limits::default();
        // Connections take turns by frames, as the events of other drivers do.
        limits.frames = 1;
        let net = ConnectionsInstaller::new(&io, LengthPrefixed::u16(8)).expect("the system has room").limits(limits);
        let net = builder.install_driver(net);
        builder.register(Peers::new());
        builder.register_default::<Sent>();
        builder.register_default::<Left>();
        let world = builder.build();
        let act = |client: &mut Client<State>, world: &mut World, _: &[u8]| {
            let (id, mut probe) = (client.id(), client.state.take().expect("it has not ended"));
            probe(world, id);
            match &mut *world.resource_mut::<Left>() {
                left @ Left::Itself => *left = Left::With(probe),
                _ => client.state = Some(probe),
            }
        };
        let chain = PipelineStart::<&[u8]>::borrowed().with_context().then(act, world.registry()).build().boxed();
        Self { world, io, net, chain }
    }

    fn world(&mut self) -> &mut World {
        &mut self.world
    }

    fn poll(&mut self, budget: usize) -> usize {
        // The OS reports first that new sockets have room, and then what is sent, in its order.
        self.io.poll(&mut self.world, Some(Duration::ZERO)).expect("the system has room");
        let mut sent = mem::take(&mut self.world.resource_mut::<Sent>().0);
        for key in sent.drain(..) {
            if let Some(peer) = self.world.resource_mut::<Peers>().get_mut(&key) {
                // Fails if the driver has closed the other end.
                let _ = peer.write_all(b"\0\x01x");
            }
        }
        self.world.resource_mut::<Sent>().0 = sent;
        self.io.poll(&mut self.world, Some(Duration::ZERO)).expect("the system has room");
        let ran = self.net.poll(&mut self.world, budget, &mut self.chain);
        let left = mem::take(&mut *self.world.resource_mut::<Left>());
        if let Left::With(probe) = left {
            drop(probe);
        }
        ran
    }

    fn register(world: &mut World, probe: Probe<ConnectionId>) -> ConnectionId {
        let (peer, own) = Peer::pair().expect("the system has room");
        own.set_nonblocking(true).expect("the system has room");
        let id =
            world.resource_mut::<Acts>().adopt(UnixStream::from_std(own), Some(probe)).expect("the system has room");
        world.resource_mut::<Peers>().insert(id, peer);
        id
    }

    fn fire(world: &mut World, key: ConnectionId) {
        world.resource_mut::<Sent>().0.push(key);
    }

    fn end(world: &mut World, key: ConnectionId) -> bool {
        let mut net = world.resource_mut::<Acts>();
        let ended = net.close(key, "it was ended");
        let state = match net.client_mut(key).filter(|_| ended) {
            Some(client) => client.state.take(),
            None if ended => {
                *world.resource_mut::<Left>() = Left::Itself;
                None
            }
            None => None,
        };
        // Its drop may do anything to the world.
        drop(state);
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
