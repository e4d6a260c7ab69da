//! A [`nexus_rt`] program on several machines: its inputs are a NATS JetStream stream, and every replica applies them.
//!
//! A program is a function of its inputs, as for [`nexus_journal`]: the same inputs, at the same times and in the same
//! order, lead to the same state. The stream gives all nodes that order. A node does not apply what it is asked. It
//! publishes it, and applies what comes back, as all others do. So no node leads, each takes inputs, and each answers
//! what it has published.
//!
//! - [`Replica`] is a node in its loop: [`open`](Replica::open) applies what the stream has,
//!   [`publish`](Replica::publish) hands an input over, [`flush`](Replica::flush) lets those of a turn leave, and
//!   [`poll`](Replica::poll) applies what has come.
//! - [`Applied`] says which input is applied: how many inputs there were with it, which is the same on every node, and
//!   on the node that published it also the number that [`publish`](Replica::publish) returned.
//! - [`Options`] name the servers, the stream, the program and the node.
//! - [`snapshot()`] stores inputs that lead to the present state, and purges the stream. It runs beside the loop.
//! - [`Digests`](nexus_journal::Digests) tell states apart. Nodes publish theirs now and then. A node that differs from
//!   most stops with [`Error::Diverged`], and the others get an [`Alarm`].
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
//!     /// What reaches the counter.
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
//!         replica.flush(); // what was published in this turn leaves
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
//! # What an input that came back means
//!
//! A majority of the stream's servers has it, in memory and in the cache of files, and every node applies it in the
//! same place. That a disk has it is not said: with [`Options::replicas`] of 3, on three machines, the stream survives
//! the loss of one of them. An input whose node ended before it came back may be in the stream or not.
//!
//! # A turn
//!
//! [`flush`](Replica::flush) also publishes again what was lost, at most every 200 milliseconds. While something is
//! [pending](Status::pending), a loop therefore turns a few times a second, even if nothing comes.

mod batch;
mod checks;
mod error;
mod link;
mod order;
mod replica;
#[cfg(test)]
mod simulation;
mod snapshot;

pub use error::{Alarm, Error, Refused};
pub use order::Position;
pub use replica::{Applied, Options, Replica, Status};
pub use snapshot::{Taken, snapshot};

/// The pages whose examples are those of this crate.
#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../README.md")]
    struct Readme;
    #[doc = include_str!("../../../docs/src/beyond-one-machine.md")]
    struct Guide;
}
