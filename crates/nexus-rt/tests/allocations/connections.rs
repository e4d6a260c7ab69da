//! No allocation per frame or turn of connections whose replies are held.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream as Peer;
use std::time::Duration;

use nexus_rt::connections::{Client, Connections, ConnectionsInstaller, Lines};
use nexus_rt::mio::net::UnixStream;
use nexus_rt::{MioInstaller, PipelineStart, ResMut, WorldBuilder};

use crate::counting::allocations;

/// More than the driver once kept buffers for.
const PEERS: usize = 100;

const REPLY: usize = 20;

#[test]
fn replies_that_are_held_do_not_allocate() {
    let mut builder = WorldBuilder::new();
    let mut io = builder.install_driver(MioInstaller::new().expect("there are files left"));
    let net = ConnectionsInstaller::<(), _>::new(&io, Lines::new(100)).expect("there are files left");
    let mut net = builder.install_driver(net);
    let mut world = builder.build();
    let echo = |client: &mut Client<()>, mut net: ResMut<Connections<()>>, line: &[u8]| match line {
        b"a" => client.send(&[b'x'; REPLY]),
        // By its id, as one of those that all are sent something.
        _ => assert!(net.send(client.id(), &[b'x'; REPLY])),
    };
    let start = PipelineStart::<&[u8]>::borrowed().with_context::<Client<()>>();
    let mut chain = start.then(echo, world.registry()).build();
    let mut peers: Vec<_> = (0..PEERS)
        .map(|_| {
            let (peer, own) = Peer::pair().expect("there are files left");
            own.set_nonblocking(true).expect("it is open");
            world.resource_mut::<Connections<()>>().adopt(UnixStream::from_std(own), ()).expect("there is room");
            peer
        })
        .collect();
    let (mut number, mut received) = (0, 0);
    let mut turn = |behind: u64| {
        number += 1;
        world.resource_mut::<Connections<()>>().hold(number);
        peers.iter_mut().for_each(|peer| peer.write_all(b"a\nb\n").expect("it is open"));
        io.poll(&mut world, Some(Duration::from_secs(30))).expect("it polls");
        net.poll(&mut world, usize::MAX, &mut chain);
        let before = world.resource::<Connections<()>>().stats().sent;
        world.resource_mut::<Connections<()>>().release(number.saturating_sub(behind));
        let sent = world.resource::<Connections<()>>().stats().sent - before;
        received += sent;
        let each = sent as usize / PEERS;
        peers.iter_mut().for_each(|peer| peer.read_exact(&mut [0; 20 * REPLY][..each]).expect("it was released"));
    };
    for behind in [0, 1, 3] {
        (0..20).for_each(|_| turn(behind));
        assert_eq!(allocations(|| (0..200).for_each(|_| turn(behind))), 0, "{behind}");
    }
    turn(0);
    assert_eq!(received, 661 * 2 * (PEERS * REPLY) as u64);
}
