//! Replicates a [nexus-rt](nexus_rt) program on several machines: a NATS JetStream stream orders its inputs, and
//! every node applies them.
//!
//! A program is a function of its inputs, as for [`nexus_journal`]: the same inputs, at the same times and in the same
//! order, lead to the same state. The stream provides that order for all nodes. A node does not apply an input when it
//! receives it. The node publishes the input, and applies what comes back, as all other nodes do. No node leads: each
//! one accepts inputs, and answers those that it has published.
//!
//! ```no_run
//! use std::thread;
//! use std::time::Duration;
//!
//! use nexus_jetstream::{Applied, Options, Replica};
//! use nexus_journal::{Digests, Program, inputs};
//! use nexus_rt::{Clock, World, WorldBuilder};
//!
//! inputs! {
//!     /// The inputs of the counter.
//!     enum Call {
//!         1 = Add(u64),
//!     }
//! }
//!
//! struct Counter;
//!
//! impl Program for Counter {
//!     type Input<'a> = Call;
//!
//!     fn apply(&mut self, world: &mut World, Call::Add(number): Call) {
//!         *world.resource_mut::<u64>() += number;
//!     }
//! }
//!
//! fn counter() -> (World, Counter, Digests) {
//!     let mut builder = WorldBuilder::new();
//!     builder.register(Clock::historical(Duration::ZERO));
//!     builder.register(0_u64);
//!     let world = builder.build();
//!     let mut digests = Digests::new();
//!     digests.watch::<u64>(world.registry());
//!     (world, Counter, digests)
//! }
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let (mut world, mut counter, digests) = counter();
//!     let options = Options::new("nats://127.0.0.1:4222", "counter", "counter 1", "a");
//!     let mut replica = Replica::open(&options, (&mut world, &mut counter), digests, None)?;
//!
//!     let asked = replica.publish(&Call::Add(7))?;
//!     let mut answered = false;
//!     while !answered {
//!         replica.flush(); // sends the inputs published in this turn
//!         replica.poll::<Counter>(&mut world, 256, |world, Applied { own, .. }, input| {
//!             counter.apply(world, input);
//!             if own == Some(asked) {
//!                 println!("the sum of all nodes is {}", world.resource::<u64>());
//!                 answered = true;
//!             }
//!         })?;
//!         thread::sleep(Duration::from_millis(1)); // a loop with sockets sleeps in their poll until the replica rings
//!     }
//!     Ok(())
//! }
//! ```
//!
//! # Where to look
//!
//! - [`Replica`] is a node in its loop: [`open`](Replica::open) applies the stream so far,
//!   [`publish`](Replica::publish) queues an input, [`flush`](Replica::flush) sends the inputs of a turn, and
//!   [`poll`](Replica::poll) applies the inputs that have arrived.
//! - [`Applied`] identifies the input that is applied: by its number, which is the same on every node and, on the node
//!   that published it, by the number that [`publish`](Replica::publish) returned.
//! - [`Options`] name the servers, the stream, the program and the node. [`Status`] is what a node knows of the stream.
//! - [`snapshot()`] stores inputs that lead to the present state, and purges the stream. It runs next to the loop.
//! - [`Digests`](nexus_journal::Digests) fingerprint the state. Nodes publish theirs at intervals. A node that differs
//!   from most stops with [`Error::Diverged`], and the others get an [`Alarm`].
//!
//! # What it promises
//!
//! When an input comes back, a majority of the stream's servers has it, in memory and in the file cache, and every node
//! applies it at the same position. This does not mean that a disk has it: with [`Options::replicas`] of 3, on three
//! machines, the stream survives the loss of one machine. If a node ends before its input came back, the input may or
//! may not be in the stream.
//!
//! # How often a loop turns
//!
//! [`flush`](Replica::flush) also republishes lost inputs, at most every 200 milliseconds. While inputs are
//! [pending](Status::pending), a loop must therefore turn a few times a second, even if nothing arrives.

mod batch;
mod checks;
mod error;
mod follow;
mod link;
mod options;
mod order;
mod replica;
#[cfg(test)]
mod simulation;
mod snapshot;
#[cfg(test)]
mod turns;

pub use error::{Alarm, Error, Refused};
pub use options::Options;
pub use order::Position;
pub use replica::{Applied, Replica, Status};
pub use snapshot::{Taken, snapshot};

/// The pages whose examples are those of this crate.
#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../README.md")]
    struct Readme;
    #[doc = include_str!("../../../docs/src/beyond-one-machine.md")]
    struct Guide;
}
