//! No allocation per datagram.

use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use nexus_rt::connections::Address;
use nexus_rt::datagrams::{Datagrams, DatagramsInstaller, Socket};
use nexus_rt::{MioInstaller, PipelineStart, ResMut, WorldBuilder};

use crate::counting::allocations;

#[test]
fn datagrams_that_are_received_and_answered_do_not_allocate() {
    let mut builder = WorldBuilder::new();
    let mut io = builder.install_driver(MioInstaller::new().expect("there are files left"));
    let mut net = builder.install_driver(DatagramsInstaller::<u64>::new(&io).expect("there are files left"));
    let mut world = builder.build();
    let echo = |socket: &mut Socket<u64>, mut datagrams: ResMut<Datagrams<u64>>, datagram: &[u8]| {
        socket.state += 1;
        socket.reply(datagram).expect("there is room for a few bytes");
        datagrams.send_to(socket.id(), &socket.from(), b"by its id").expect("there is room for a few bytes");
    };
    let start = PipelineStart::<&[u8]>::borrowed().with_context::<Socket<u64>>();
    let mut chain = start.then(echo, world.registry()).build();
    let mut datagrams = world.resource_mut::<Datagrams<u64>>();
    let socket = datagrams.bind(SocketAddr::from(([127, 0, 0, 1], 0)), 0).expect("a free port");
    let Some(Address::Ip(address)) = datagrams.address(socket) else { panic!("it is bound") };
    let client = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let mut turn = || {
        client.send_to(b"ping", address).expect("it is open");
        io.poll(&mut world, Some(Duration::from_secs(30))).expect("it polls");
        net.poll(&mut world, usize::MAX, &mut chain);
        (0..2).for_each(|_| _ = client.recv(&mut [0; 16]).expect("an echo"));
    };
    (0..10).for_each(|_| turn());
    assert_eq!(allocations(|| (0..1_000).for_each(|_| turn())), 0);
    assert_eq!(world.resource::<Datagrams<u64>>().socket(socket).map(|socket| socket.state), Some(1_010));
}
