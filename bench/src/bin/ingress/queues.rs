//! Push, pop and handler on one thread: the inbox, and a bare `ArrayQueue` with the same handler.

use std::hint::black_box;
use std::time::Instant;

use bench::harness::{Budget, Measured, Timed};
use crossbeam_queue::ArrayQueue;
use nexus_rt::inbox::{Full, Inbox, InboxInstaller};
use nexus_rt::wait::Doorbell;
use nexus_rt::{Handler, IntoHandler, ResMut, World, WorldBuilder};

const EVENTS: u64 = 100_000;

pub fn compare(rounds: usize) -> (Vec<Measured>, String) {
    ([1, 16, 64].map(|burst| row(rounds, burst)).into(), String::new())
}

fn handler(world: &World) -> impl Handler<u64> + use<> {
    (|mut sum: ResMut<u64>, n: u64| *sum = sum.wrapping_add(n)).into_handler(world.registry())
}

fn row(rounds: usize, burst: u64) -> Measured {
    let bell = Doorbell::new(|| {});
    let mut builder = WorldBuilder::new();
    let mut inbox = builder.install_driver(InboxInstaller::<u64>::new(256, Full::Refuse, &bell));
    let sender = builder.resource_mut::<Inbox<u64>>().sender();
    builder.register(0_u64);
    let mut world = builder.build();
    let mut add = handler(&world);
    let mut ours = || {
        for first in (0..EVENTS).step_by(burst as usize) {
            (first..first + burst).for_each(|n| sender.push(black_box(n)).expect("there is room"));
            sender.ring();
            inbox.poll(&mut world, 64, &mut add);
            bell.answer();
        }
        *world.resource::<u64>()
    };
    let queue = ArrayQueue::new(256);
    let mut builder = WorldBuilder::new();
    builder.register(0_u64);
    let mut world = builder.build();
    let mut add = handler(&world);
    let mut bare = || {
        for first in (0..EVENTS).step_by(burst as usize) {
            (first..first + burst).for_each(|n| queue.push(black_box(n)).expect("there is room"));
            while let Some(n) = queue.pop() {
                world.next_sequence();
                add.run(&mut world, n);
            }
        }
        *world.resource::<u64>()
    };
    assert_eq!(ours(), bare());
    let mut ns = [Vec::new(), Vec::new()];
    for _ in 0..rounds {
        for (ns, run) in ns.iter_mut().zip([&mut ours as &mut dyn FnMut() -> u64, &mut bare]) {
            let started = Instant::now();
            black_box(run());
            ns.push(started.elapsed().as_nanos() as f64 / EVENTS as f64);
        }
    }
    let [ours, bare] = ns;
    Measured {
        group: "inbox: push, pop and handler, per event".into(),
        row: format!("{burst} at once"),
        timed: vec![Timed::new("ours", ours), Timed::new("ArrayQueue", bare)],
        budgets: if burst == 1 { vec![] } else { vec![Budget { against: "ArrayQueue", at_most: 1.5, or_more: 0.0 }] },
    }
}
