//! The example `udp_feed`, with datagrams that a test chooses.
#![cfg(all(feature = "mio", feature = "timer"))]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../examples/udp_feed.rs"]
#[expect(dead_code, reason = "its `main` runs in a process of its own")]
mod udp_feed;

use nexus_rt::{Handler, WorldBuilder};

/// A datagram of words.
fn datagram<const N: usize>(words: [u64; N]) -> Vec<u8> {
    words.map(u64::to_be_bytes).concat()
}

#[test]
fn a_number_far_ahead_is_broken_and_later_datagrams_of_udp_feed_count() {
    let mut builder = WorldBuilder::new();
    builder.register_default::<udp_feed::Feed>();
    builder.register_default::<udp_feed::Prices>();
    let mut world = builder.build();
    let mut feed = udp_feed::pipeline(world.registry());
    for number in [0, u64::MAX, u64::MAX - 1, 1_000_002, 1, 1_000_002, 1_000_003] {
        feed.run(&mut world, &datagram([number, 7]));
    }
    let (feed, prices) = (world.resource::<udp_feed::Feed>(), world.resource::<udp_feed::Prices>());
    assert_eq!((prices.ticks, feed.lost, feed.expected), (4, 1_000_000, 1_000_004));
    let broken = [u64::MAX, u64::MAX - 1, 1_000_002].map(|number| format!("number {number} instead of 1"));
    assert_eq!(feed.broken, broken);
}
