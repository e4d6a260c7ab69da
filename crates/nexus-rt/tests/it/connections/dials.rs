//! Connections that are made from here.

use std::net::TcpListener;
use std::time::Duration;

use nexus_rt::Clock;
use nexus_rt::connections::{Address, Retry};

use super::{Peer, Rig, State};

pub(super) fn named(name: &str) -> State {
    State { name: name.into(), paused: false }
}

/// An address where nobody listens.
pub(super) fn nowhere() -> Address {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().into()
}

#[test]
fn what_is_sent_before_it_stands_is_sent_then() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut rig = Rig::new();
    let address: Address = listener.local_addr().unwrap().into();
    let id = rig.net().connect(address, named("dialed"), Retry::once()).unwrap();
    assert!(rig.net().send(id, b"early"));
    rig.until_logged("opened, accepted: false");
    let mut peer = Peer::of(listener.accept().unwrap().0);
    rig.expect(&mut peer, "early");
    peer.send("echo hello\n");
    rig.expect(&mut peer, "hello");
    drop(peer);
    rig.until_logged("dialed ended: the other side has finished");
}

#[test]
fn it_is_tried_again_with_longer_waits_and_given_up() {
    let mut rig = Rig::new();
    let mut retry = Retry::once();
    (retry.attempts, retry.first, retry.most) = (5, Duration::from_secs(1), Duration::from_secs(4));
    retry.patience = Duration::from_secs(1_000);
    rig.net().connect(nowhere(), named("dialed"), retry).unwrap();
    let mut waits = Vec::new();
    while rig.log().is_empty() {
        rig.turn();
        let now = rig.world.resource::<Clock>().now();
        if let Some(deadline) = rig.net.next_deadline(&rig.world)
            && let Some(step) = deadline.checked_duration_since(now)
            // Not to the end of an attempt that is under way.
            && step < Duration::from_secs(5)
        {
            rig.time.advance(step);
            waits.push(step);
        }
    }
    assert_eq!(*rig.log(), ["dialed unreachable"]);
    rig.until("it is gone", |rig| rig.net().is_empty());
    let all: Duration = waits.iter().sum();
    // 1 + 2 + 4 + 4 s, each less up to half.
    assert!((Duration::from_millis(5_500)..=Duration::from_millis(11_100)).contains(&all), "{waits:?}");
}

#[test]
fn a_peer_that_comes_late_is_found() {
    let address = nowhere();
    let mut rig = Rig::new();
    let mut retry = Retry::once();
    (retry.attempts, retry.first) = (u32::MAX, Duration::from_secs(1));
    rig.net().connect(address.clone(), named("dialed"), retry).unwrap();
    (0..20).for_each(|_| _ = rig.turn());
    let Address::Ip(at) = address else { unreachable!() };
    let listener = TcpListener::bind(at).unwrap();
    rig.time.advance(Duration::from_secs(10));
    rig.until_logged("opened, accepted: false");
    drop(listener);
}

#[test]
fn a_dialed_connection_may_be_closed_before_it_stands() {
    let mut rig = Rig::new();
    let mut retry = Retry::once();
    retry.attempts = 10;
    let id = rig.net().connect(nowhere(), named("dialed"), retry).unwrap();
    (0..5).for_each(|_| _ = rig.turn());
    assert!(rig.net().close(id, "changed its mind"));
    rig.until_logged("dialed ended: changed its mind");
    rig.until("it is gone", |rig| rig.net().is_empty());
    assert_eq!(rig.net.next_deadline(&rig.world), None);
}

#[test]
fn dialed_connections_count() {
    let mut rig = Rig::with(|limits| limits.connections = 1);
    rig.net().connect(nowhere(), named("one"), Retry::once()).unwrap();
    let refused = rig.net().connect(nowhere(), named("two"), Retry::once()).unwrap_err();
    assert_eq!(refused.to_string(), "all 1 places are taken: raise `Limits::connections`");
}

/// Of so many attempts at once, the last get no answer: as long as nobody accepts, the OS keeps few.
#[cfg(target_os = "linux")]
#[test]
fn an_attempt_that_hangs_lasts_as_long_as_its_patience() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address: Address = listener.local_addr().unwrap().into();
    let mut rig = Rig::new();
    for patience in [4, 5] {
        let mut retry = Retry::once();
        retry.patience = Duration::from_secs(patience);
        (0..150).for_each(|_| _ = rig.net().connect(address.clone(), named("dialed"), retry).unwrap());
    }
    rig.until("some stand", |rig| rig.net().stats().connected > 0);
    rig.rests();
    rig.time.advance(Duration::from_secs(3));
    // Each has a turn meanwhile.
    let ids: Vec<_> = rig.net().ids().collect();
    ids.into_iter().for_each(|id| assert!(rig.net().client_mut(id).is_some()));
    rig.rests();
    assert_eq!(rig.net().stats().ended.unreachable, 0);
    rig.time.advance(Duration::from_secs(2));
    rig.until("all that hang are given up", |rig| {
        let net = rig.net();
        net.stats().ended.unreachable + net.stats().connected == 300
    });
    let stand = rig.net().stats().connected;
    assert!(stand < 150, "some of both kinds hang, but {stand} of 300 stand");
}
