//! Datagrams, over real sockets.
#![expect(clippy::unwrap_used, reason = "a test that fails says where by its line")]

use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use nexus_rt::chain::ByReference;
use nexus_rt::connections::Address;
use nexus_rt::datagrams::{Datagrams, DatagramsInstaller, DatagramsPoller, Socket, SocketId};
use nexus_rt::{BoxedPipeline, MioDriver, MioInstaller, MioPoller, PipelineStart, ResMut, World, WorldBuilder};

use crate::socket_rig::LONG;
use crate::support::{Log, until};

/// Sockets have a name.
pub(crate) type Named = Socket<&'static str>;
pub(crate) type Sockets = Datagrams<&'static str>;
type Chain = BoxedPipeline<[u8], (), Named, ByReference>;

pub(crate) struct Net {
    pub(crate) world: World,
    io: MioPoller,
    net: DatagramsPoller<&'static str>,
}

/// A port of this machine that the OS chooses.
fn any() -> Address {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()
}

pub(crate) fn peer() -> UdpSocket {
    let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
    peer.set_read_timeout(LONG).unwrap();
    peer
}

pub(crate) fn received(socket: &UdpSocket) -> String {
    let mut room = [0; 100];
    let length = socket.recv(&mut room).unwrap();
    String::from_utf8(room[..length].to_vec()).unwrap()
}

pub(crate) fn note(socket: &mut Named, mut log: ResMut<Log>, datagram: &[u8]) {
    log.push(format!("{}:{}", socket.state, str::from_utf8(datagram).unwrap()));
}

/// A chain of one function.
macro_rules! chain {
    ($net:expr, $function:expr) => {
        nexus_rt::PipelineStart::<&[u8]>::borrowed()
            .with_context::<$crate::datagrams::Named>()
            .then($function, $net.world.registry())
            .build()
            .boxed()
    };
}

pub(crate) use chain;

impl Net {
    pub(crate) fn new(set: impl FnOnce(DatagramsInstaller<&'static str>) -> DatagramsInstaller<&'static str>) -> Self {
        let mut builder = WorldBuilder::new();
        let io = builder.install_driver(MioInstaller::new().unwrap());
        let net = builder.install_driver(set(DatagramsInstaller::new(&io).unwrap()));
        builder.register(Log::new());
        builder.register(Vec::<SocketId>::new());
        Self { world: builder.build(), io, net }
    }

    pub(crate) fn sockets(&mut self) -> ResMut<'_, Sockets> {
        self.world.resource_mut::<Sockets>()
    }

    pub(crate) fn bind(&mut self, name: &'static str) -> (SocketId, SocketAddr) {
        let mut sockets = self.sockets();
        let id = sockets.bind(any(), name).unwrap();
        let Some(Address::Ip(address)) = sockets.address(id) else { panic!("it is bound") };
        (id, address)
    }

    /// Looks what is there, and runs at most `budget` datagrams.
    pub(crate) fn turn(&mut self, budget: usize, chain: &mut Chain) -> usize {
        self.io.poll(&mut self.world, Some(Duration::ZERO)).unwrap();
        self.net.poll(&mut self.world, budget, chain)
    }

    /// Polls until this many datagrams have run.
    pub(crate) fn run(&mut self, datagrams: usize, chain: &mut Chain) {
        let mut ran = 0;
        until("all have run", || {
            ran += self.turn(usize::MAX, chain);
            ran >= datagrams
        });
        assert_eq!(ran, datagrams);
    }

    /// Waits until something has come, without reading it.
    pub(crate) fn until_waiting(&mut self, id: SocketId) {
        let sockets = self.sockets();
        let socket = sockets.udp(id).unwrap();
        until("something has come", || socket.peek(&mut [0]).is_ok());
    }

    /// Whether the loop polls again before it sleeps.
    pub(crate) fn is_rung(&mut self) -> bool {
        let bell = self.world.resource_mut::<MioDriver>().doorbell();
        let rung = !bell.may_sleep();
        bell.answer();
        rung
    }

    pub(crate) fn logged(&mut self) -> String {
        std::mem::take(&mut *self.world.resource_mut::<Log>()).join(" ")
    }
}

#[test]
fn a_socket_answers_whoever_sent() {
    let mut net = Net::new(|net| net);
    let (id, address) = net.bind("echo");
    let mut echo = chain!(net, |socket: &mut Named, mut log: ResMut<Log>, datagram: &[u8]| {
        log.push(socket.from().to_string());
        socket.reply(datagram).unwrap();
    });
    let peers = [peer(), peer()];
    for (peer, text) in peers.iter().zip(["one", ""]) {
        peer.send_to(text.as_bytes(), address).unwrap();
        net.run(1, &mut echo);
        assert_eq!((received(peer), net.logged()), (text.to_owned(), peer.local_addr().unwrap().to_string()));
    }
    let stats = net.sockets().stats();
    assert_eq!((stats.received, stats.received_bytes, stats.sent, stats.sent_bytes), (2, 3, 2, 3));
    let sockets = net.sockets();
    let socket = sockets.socket(id).unwrap();
    assert_eq!((socket.stats(), socket.from()), (stats, peers[1].local_addr().unwrap().into()));
    assert!(format!("{socket:?} {sockets:?}").contains("received: 2"), "{socket:?}");
}

#[test]
fn a_sequence_begins_with_each_datagram() {
    let mut net = Net::new(|net| net);
    let (_, address) = net.bind("");
    let mut chain = chain!(net, |_: &mut Named, sequence: nexus_rt::Sequence, mut log: ResMut<Log>, _: &[u8]| {
        log.push(sequence.get().to_string());
    });
    let before = net.world.current_sequence().get();
    let peer = peer();
    (0..2).for_each(|_| _ = peer.send_to(b"x", address).unwrap());
    net.run(2, &mut chain);
    assert_eq!(net.logged(), format!("{} {}", before + 1, before + 2));
}

#[test]
fn a_socket_that_only_sends_needs_nothing_else() {
    let mut net = Net::new(|net| net);
    let mut nothing = chain!(net, note);
    let peer = peer();
    let sender = net.sockets().sender(peer.local_addr().unwrap(), "sender").unwrap();
    net.sockets().send(sender, b"hello").unwrap();
    let mut room = [0; 10];
    let (length, from) = peer.recv_from(&mut room).unwrap();
    assert_eq!(&room[..length], b"hello");
    // What comes to it ends no wait, and is not read.
    peer.send_to(b"ignored", from).unwrap();
    net.until_waiting(sender);
    assert_eq!((net.turn(usize::MAX, &mut nothing), net.sockets().stats().received), (0, 0));
    assert!(net.sockets().close(sender) && net.sockets().is_empty());
}

#[test]
fn a_connected_socket_hears_only_its_peer() {
    let mut net = Net::new(|net| net);
    let mut chain = chain!(net, |socket: &mut Named, mut log: ResMut<Log>, datagram: &[u8]| {
        log.push(str::from_utf8(datagram).unwrap().to_owned());
        socket.reply(b"reply").unwrap();
    });
    let (friend, stranger) = (peer(), peer());
    let connected = net.sockets().connect(friend.local_addr().unwrap(), "").unwrap();
    net.sockets().send(connected, b"hello").unwrap();
    let (_, address) = friend.recv_from(&mut [0; 10]).unwrap();
    let (bound, bound_address) = net.bind("");
    net.sockets().set_peer(bound, friend.local_addr().unwrap()).unwrap();
    for address in [address, bound_address] {
        stranger.send_to(b"stranger", address).unwrap();
        friend.send_to(b"friend", address).unwrap();
        net.run(1, &mut chain);
        assert_eq!((net.logged(), received(&friend)), ("friend".to_owned(), "reply".to_owned()));
    }
    net.sockets().set_peer(bound, stranger.local_addr().unwrap()).unwrap();
    net.sockets().send(bound, b"changed").unwrap();
    net.sockets().send_to(bound, &stranger.local_addr().unwrap().into(), b"named").unwrap();
    assert_eq!([received(&stranger), received(&stranger)], ["changed", "named"]);
}

#[test]
fn a_datagram_that_is_too_long_is_counted_and_not_run() {
    let mut net = Net::new(|net| net.largest(4));
    let (id, address) = net.bind("a");
    let mut chain = chain!(net, note);
    let peer = peer();
    for text in ["12345", "1234", "123456789", ""] {
        peer.send_to(text.as_bytes(), address).unwrap();
    }
    net.run(2, &mut chain);
    assert_eq!(net.logged(), "a:1234 a:");
    let stats = net.sockets().socket(id).unwrap().stats();
    assert_eq!((stats.received, stats.truncated, stats.errors), (2, 2, 0));
}

#[test]
fn a_peer_that_refuses_ends_nothing() {
    let mut net = Net::new(|net| net);
    let (_, address) = net.bind("a");
    let mut chain = chain!(net, note);
    let gone = peer().local_addr().unwrap();
    let socket = net.sockets().connect(gone, "refused").unwrap();
    net.sockets().send(socket, b"anybody there?").unwrap();
    until("the refusal is known", || {
        assert_eq!(net.turn(100, &mut chain), 0);
        net.sockets().socket(socket).unwrap().stats().errors == 1
    });
    // Without a poll between them, the next one that is sent finds the refusal of the last, and does not leave.
    net.sockets().send(socket, b"lost").unwrap();
    let mut refused = None;
    until("it is refused", || {
        refused = net.sockets().send(socket, b"not sent").err();
        refused.is_some()
    });
    assert_eq!(refused.unwrap().kind(), io::ErrorKind::ConnectionRefused);

    let peer = UdpSocket::bind(gone).unwrap();
    peer.set_read_timeout(LONG).unwrap();
    until("it is sent", || net.sockets().send(socket, b"now").is_ok());
    assert_eq!(received(&peer), "now");
    peer.send_to(b"other", address).unwrap();
    net.run(1, &mut chain);
    assert_eq!(net.logged(), "a:other");
}

#[test]
fn ids_of_closed_sockets_match_nothing() {
    let mut net = Net::new(|net| net);
    let (id, _) = net.bind("first");
    assert!(net.sockets().close(id));
    let (next, address) = net.bind("second");
    assert_ne!(id, next);
    let mut sockets = net.sockets();
    assert!(!sockets.close(id) && !sockets.contains(id) && sockets.socket(id).is_none() && sockets.udp(id).is_none());
    assert!(sockets.state_mut(id).is_none() && sockets.address(id).is_none());
    let errors = [
        sockets.send(id, b"x"),
        sockets.send_to(id, &address.into(), b"x"),
        sockets.set_peer(id, address),
        sockets.join(id, Ipv4Addr::new(239, 1, 2, 3), Ipv4Addr::LOCALHOST),
    ];
    assert!(errors.iter().all(|error| error.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::NotFound)));
    assert_eq!(sockets.ids().collect::<Vec<_>>(), [next]);
    assert_eq!(sockets.stats(), nexus_rt::datagrams::Stats::default());
}

#[test]
fn others_send_from_a_socket_whose_own_datagram_runs() {
    let mut net = Net::new(|net| net);
    let (_, address) = net.bind("a");
    let mut chain = chain!(net, |socket: &mut Named, mut sockets: ResMut<Sockets>, _: &[u8]| {
        assert!(sockets.socket(socket.id()).is_none() && sockets.state_mut(socket.id()).is_none());
        socket.reply(b"first").unwrap();
        sockets.send_to(socket.id(), &socket.from(), b"second").unwrap();
        socket.reply(b"third").unwrap();
    });
    let peer = peer();
    peer.send_to(b"x", address).unwrap();
    net.run(1, &mut chain);
    assert_eq!([(); 3].map(|()| received(&peer)), ["first", "second", "third"]);
    assert_eq!(net.sockets().stats().sent, 3);
}

#[test]
fn a_socket_that_was_made_elsewhere_is_taken_over() {
    let mut net = Net::new(|net| net);
    let mut chain = chain!(net, note);
    let (socket, peer) = (peer(), peer());
    let (other_handle, address) = (socket.try_clone().unwrap(), socket.local_addr().unwrap());
    peer.send_to(b"early", address).unwrap();
    let id = net.sockets().add(socket, "a").unwrap();
    net.run(1, &mut chain);
    assert_eq!(net.logged(), "a:early");
    // It stays open by the other handle, and its driver does not hear of it any more.
    assert!(net.sockets().close(id));
    peer.send_to(b"late", address).unwrap();
    until("it has come", || other_handle.peek(&mut [0; 4]).is_ok());
    assert_eq!(net.turn(100, &mut chain), 0);
}

#[test]
fn a_group_is_joined() {
    let mut net = Net::new(|net| net);
    let mut chain = chain!(net, note);
    let group = Ipv4Addr::new(239, 255, 7, 9);
    let id = net.sockets().bind(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)), "a").unwrap();
    let Some(Address::Ip(address)) = net.sockets().address(id) else { panic!("it is bound") };
    net.sockets().join(id, group, Ipv4Addr::LOCALHOST).unwrap();
    // Bound to the address of the loopback, it sends there.
    peer().send_to(b"all", (group, address.port())).unwrap();
    net.run(1, &mut chain);
    assert_eq!(net.logged(), "a:all");
    net.sockets().udp(id).unwrap().leave_multicast_v4(&group, &Ipv4Addr::LOCALHOST).unwrap();
}

#[test]
fn two_drivers_of_a_world_are_told_apart_by_a_tag() {
    struct Other;
    let mut builder = WorldBuilder::new();
    let mut io = builder.install_driver(MioInstaller::new().unwrap());
    let mut one = builder.install_driver(DatagramsInstaller::<&'static str>::new(&io).unwrap());
    let mut two = builder.install_driver(DatagramsInstaller::<&'static str>::new(&io).unwrap().tagged::<Other>());
    builder.register(Log::new());
    let mut world = builder.build();
    let start = || PipelineStart::<&[u8]>::borrowed().with_context::<Named>();
    let mut chain = start().then(note, world.registry()).build();
    let first = world.resource_mut::<Sockets>().bind(any(), "one").unwrap();
    let mut others = world.resource_mut::<Datagrams<&'static str, Other>>();
    assert!(others.send(first, b"x").is_err(), "an id of another driver matches nothing");
    let second = others.bind(any(), "two").unwrap();
    let Some(Address::Ip(address)) = others.address(second) else { panic!("it is bound") };
    peer().send_to(b"x", address).unwrap();
    until("it has run", || {
        io.poll(&mut world, Some(Duration::ZERO)).unwrap();
        assert_eq!(one.poll(&mut world, 100, &mut chain), 0);
        two.poll(&mut world, 100, &mut chain) == 1
    });
    assert_eq!(*world.resource::<Log>(), ["two:x"]);
}

#[test]
fn a_timer_reaches_a_socket_by_its_id() {
    use std::time::Instant;

    use nexus_rt::timer::TimerEvent;
    use nexus_rt::{IntoCallback, TimerInstaller, TimerWheel};

    fn tick(id: &mut SocketId, mut sockets: ResMut<Sockets>, _: TimerEvent) {
        *sockets.state_mut(*id).unwrap() = "ticked";
        sockets.send(*id, b"tick").unwrap();
    }
    let now = Instant::now();
    let mut builder = WorldBuilder::new();
    let io = builder.install_driver(MioInstaller::new().unwrap());
    let _net = builder.install_driver(DatagramsInstaller::<&'static str>::new(&io).unwrap());
    let mut timers = builder.install_driver(TimerInstaller::new(now));
    let mut world = builder.build();
    let peer = peer();
    let id = world.resource_mut::<Sockets>().connect(peer.local_addr().unwrap(), "waits").unwrap();
    let tick = Box::new(tick.into_callback(id, world.registry()));
    world.resource_mut::<TimerWheel>().schedule(now, tick);
    assert_eq!((timers.poll(&mut world, now), received(&peer)), (1, "tick".to_owned()));
    assert_eq!(world.resource::<Sockets>().socket(id).unwrap().state, "ticked");
}
