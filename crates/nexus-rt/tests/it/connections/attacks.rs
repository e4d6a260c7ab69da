//! Worlds and resources in places where they do not belong.

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};

use nexus_rt::MioDriver;

use super::{Net, Rig};

#[test]
fn a_poll_on_another_world_is_refused() {
    let (mut one, mut other) = (Rig::new(), Rig::new());
    let refused = catch_unwind(AssertUnwindSafe(|| one.net.poll(&mut other.world, 1, &mut one.chain)));
    assert!(refused.is_err());
}

#[test]
fn connections_whose_resource_is_away_wait_for_it() {
    let (mut one, mut other) = (Rig::new(), Rig::new());
    let (_, address) = one.listen();
    let (mut peer, id) = one.peer(&address, "a");
    mem::swap(&mut *one.world.resource_mut::<Net>(), &mut *other.world.resource_mut::<Net>());
    peer.send("log waits\n");
    (0..20).for_each(|_| assert_eq!(one.turn() + other.turn(), 0));
    assert!(!one.net().send(id, b"x") && one.net().client(id).is_none());
    mem::swap(&mut *one.world.resource_mut::<Net>(), &mut *other.world.resource_mut::<Net>());
    one.until_logged("a says waits");
}

#[test]
fn events_of_a_mio_driver_that_is_away_wait_for_it() {
    let (mut one, mut other) = (Rig::new(), Rig::new());
    let (_, address) = one.listen();
    let (mut peer, _) = one.peer(&address, "a");
    let swap = |one: &mut Rig, other: &mut Rig| {
        mem::swap(&mut *one.world.resource_mut::<MioDriver>(), &mut *other.world.resource_mut::<MioDriver>());
    };
    swap(&mut one, &mut other);
    peer.send("log waits\n");
    (0..20).for_each(|_| assert_eq!(one.turn() + other.turn(), 0));
    swap(&mut one, &mut other);
    one.until_logged("a says waits");
}

#[test]
fn ids_are_names_and_not_places() {
    let mut rig = Rig::new();
    let (_, address) = rig.listen();
    let (one, first) = rig.peer(&address, "one");
    drop(one);
    rig.until("it is gone", |rig| rig.net().is_empty());
    let (_two, second) = rig.peer(&address, "two");
    assert_ne!(first, second);
    assert!(!rig.net().contains(first) && rig.net().client_mut(first).is_none());
    assert!(!rig.net().close(first, "gone") && rig.net().contains(second));
    assert!(rig.net().address(first).is_none() && !rig.net().stop_listening(second));
}
