//! Events from other threads.

use nexus_rt::inbox::{Full, Inbox, InboxInstaller};
use nexus_rt::wait::Doorbell;
use nexus_rt::{IntoHandler, ResMut, WorldBuilder};

use crate::counting::allocations;

#[test]
fn events_from_other_threads_do_not_allocate() {
    let mut builder = WorldBuilder::new();
    let bell = Doorbell::new(|| {});
    let mut inbox = builder.install_driver(InboxInstaller::<u64>::new(16, Full::DropOldest, &bell));
    let sender = builder.resource_mut::<Inbox<u64>>().sender();
    builder.register(0_u64);
    let mut world = builder.build();
    let mut add = (|mut sum: ResMut<u64>, n: u64| *sum += n).into_handler(world.registry());
    let mut turn = || {
        (0..32).for_each(|n| sender.send(n).expect("the world is there"));
        assert_eq!(inbox.poll(&mut world, 64, &mut add), 16);
    };
    turn();
    assert_eq!(allocations(|| (0..1_000).for_each(|_| turn())), 0);
}
