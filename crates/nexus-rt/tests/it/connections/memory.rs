//! What connections hold, and what the driver keeps for the next ones.

use std::convert::Infallible;
use std::sync::Arc;

use nexus_rt::chain::ByReference;
use nexus_rt::connections::{Address, Buffer, Client, Connections, ConnectionsInstaller, ConnectionsPoller, Framing};
use nexus_rt::{BoxedPipeline, MioInstaller, MioPoller, PipelineStart, World, WorldBuilder};

use super::Peer;

/// Lines whose framing is large, and says that it holds something more.
#[derive(Clone)]
struct Heavy {
    buffer: Buffer,
    holds: usize,
    _alive: Arc<()>,
    _large: [u8; 4_096],
}

impl Framing for Heavy {
    type Frame = [u8];
    type Error = Infallible;

    fn buffer(&mut self) -> &mut Buffer {
        &mut self.buffer
    }

    fn decode(&mut self) -> Result<Option<&[u8]>, Infallible> {
        let end = self.buffer.unread().iter().position(|byte| *byte == b'\n');
        Ok(end.map(|end| self.buffer.take(end + 1)))
    }

    fn holds(&self) -> usize {
        self.holds
    }
}

struct Rig {
    world: World,
    io: MioPoller,
    net: ConnectionsPoller<(), Heavy>,
    chain: BoxedPipeline<[u8], (), Client<()>, ByReference>,
    address: Address,
    alive: Arc<()>,
    /// The framings of a driver without connections.
    idle: usize,
}

impl Rig {
    fn new(holds: usize) -> Self {
        let mut builder = WorldBuilder::new();
        let io = builder.install_driver(MioInstaller::new().unwrap());
        let alive = Arc::new(());
        let heavy = Heavy { buffer: Buffer::default(), holds, _alive: alive.clone(), _large: [0; 4_096] };
        let net = builder.install_driver(ConnectionsInstaller::<(), _>::new(&io, heavy).unwrap());
        let connections = builder.resource_mut::<Connections<()>>();
        let listener = connections.listen("127.0.0.1:0".parse::<Address>().unwrap()).unwrap();
        let address = connections.address(listener).unwrap();
        let world = builder.build();
        let note = |client: &mut Client<()>, frame: &[u8]| client.send(frame);
        let chain = PipelineStart::<&[u8]>::borrowed().with_context().then(note, world.registry()).build().boxed();
        let idle = Arc::strong_count(&alive);
        Self { world, io, net, chain, address, alive, idle }
    }

    /// Turns until the connections hold a frame, or none does. Returns the memory of all.
    fn until(&mut self, holds: bool) -> usize {
        loop {
            self.io.poll(&mut self.world, None).unwrap();
            self.net.poll(&mut self.world, usize::MAX, &mut self.chain);
            let memory = self.world.resource::<Connections<()>>().stats().memory;
            if (memory > 4_096) == holds {
                return memory;
            }
        }
    }
}

#[test]
fn an_incomplete_frame_holds_its_bytes_its_framing_and_what_that_says() {
    let memory = |holds| {
        let mut rig = Rig::new(holds);
        let mut peer = Peer::connect(&rig.address);
        peer.send("half a li");
        rig.until(true)
    };
    let (without, with) = (memory(0), memory(1_000));
    assert!(without >= size_of::<Heavy>() + "half a li".len(), "{without}");
    assert_eq!(with - without, 1_000);
}

#[test]
fn a_framing_is_kept_for_the_next_connection_unless_it_holds_much() {
    for (holds, spare) in [(0, 1), (30_000, 1), (200_000, 0)] {
        let mut rig = Rig::new(holds);
        let mut peer = Peer::connect(&rig.address);
        for _ in 0..3 {
            peer.send("half a li");
            rig.until(true);
            assert_eq!(Arc::strong_count(&rig.alive), rig.idle + 1);
            peer.send("ne\n");
            rig.until(false);
            assert_eq!(Arc::strong_count(&rig.alive), rig.idle + spare, "it holds {holds}");
        }
    }
}
