//! How many inputs per second does a replica publish, receive back and apply?
//!
//! `cargo run --release --example throughput -- SERVERS [REPLICAS]`
//!
//! It also prints how many such messages per second plain publishing reaches.

use std::time::{Duration, Instant};

use async_nats::jetstream;
use futures_util::{StreamExt, stream};
use nexus_jetstream::{Applied, Options, Replica};
use nexus_journal::{Digests, Program, inputs};
use nexus_rt::{Clock, World, WorldBuilder};

/// The length of an input in bytes.
const LENGTH: usize = 64;

/// The duration of each measurement.
const TIME: Duration = Duration::from_secs(3);

/// The number of messages in flight.
const WINDOW: usize = 8;

inputs! {
    enum Call<'a> {
        1 = Bytes(&'a [u8]),
    }
}

struct Counter;

impl Program for Counter {
    type Input<'a> = Call<'a>;

    fn apply(&mut self, world: &mut World, Call::Bytes(bytes): Call<'_>) {
        *world.resource_mut::<u64>() += bytes.len() as u64;
    }
}

/// Publishes messages of `batch` inputs each, without a replica.
fn bare(servers: &str, replicas: usize, batch: usize) -> f64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let client = async_nats::connect(servers).await.expect("a server");
        let context = jetstream::new(client);
        let name = format!("bare-{replicas}");
        let config = jetstream::stream::Config {
            name: name.clone(),
            subjects: vec![name.clone()],
            num_replicas: replicas,
            ..Default::default()
        };
        context.get_or_create_stream(config).await.expect("a stream");
        let message = bytes::Bytes::from(vec![7; batch * (LENGTH + 8) + 30]);
        let began = Instant::now();
        let published = stream::repeat_with(|| async {
            context.publish(name.clone(), message.clone()).await.expect("it is sent").await.expect("it is stored");
        });
        let running = published.buffered(WINDOW).take_while(|()| std::future::ready(began.elapsed() < TIME));
        let count = running.count().await;
        context.delete_stream(name).await.expect("it is there");
        (count * batch) as f64 / began.elapsed().as_secs_f64()
    })
}

/// Publishes `batch` inputs per turn, and applies what comes back.
fn replica(servers: &str, replicas: usize, batch: usize) -> f64 {
    let mut builder = WorldBuilder::new();
    builder.register(Clock::historical(Duration::ZERO));
    builder.register(0_u64);
    let mut world = builder.build();
    let name = format!("inputs-{replicas}-{batch}-{}", std::process::id());
    let options = Options { replicas, ..Options::new(servers, &name, "counter 1", "a") };
    let opened = Replica::open(&options, (&mut world, &mut Counter), Digests::new(), None);
    let mut replica = opened.expect("a server");
    let (began, mut back) = (Instant::now(), 0);
    while began.elapsed() < TIME {
        // Enough clients wait to fill the window.
        while replica.status().pending < (WINDOW * batch) as u64 {
            (0..batch).for_each(|_| _ = replica.publish(&Call::Bytes(&[7; LENGTH])).expect("there is room"));
            replica.flush();
        }
        let polled = replica.poll::<Counter>(&mut world, usize::MAX, |world, Applied { own, .. }, input| {
            back += u64::from(own.is_some());
            Counter.apply(world, input);
        });
        if polled.expect("it goes on") == 0 {
            std::thread::yield_now();
        }
    }
    back as f64 / began.elapsed().as_secs_f64()
}

fn main() {
    let mut args = std::env::args().skip(1);
    let servers = args.next().expect("the addresses of servers: nats://127.0.0.1:4222");
    let replicas = args.next().map_or(1, |count| count.parse().expect("a number of replicas"));
    println!("{LENGTH} bytes, {replicas} replica(s), {WINDOW} messages on their way; inputs per second");
    println!("{:>8} {:>12} {:>12} {:>6}", "batch", "bare", "applied", "ratio");
    for batch in [1, 16, 128, 1024, 4096] {
        let mut ratios: Vec<_> = (0..3)
            .map(|_| (bare(&servers, replicas, batch), replica(&servers, replicas, batch)))
            .map(|(bare, ours)| (ours / bare, bare, ours))
            .collect();
        ratios.sort_by(|one, other| one.0.total_cmp(&other.0));
        let (ratio, bare, ours) = ratios[1];
        println!("{batch:>8} {bare:>12.0} {ours:>12.0} {ratio:>6.2}");
    }
}
