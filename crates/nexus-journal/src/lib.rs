//! A journal of the inputs of a [`nexus_rt`] program: what happened can be run again, to the bit.
//!
//! A program is a function of its inputs. Each input is written down and applied by one function,
//! [`Program::apply`]; a replay reads inputs and applies them by the same function, at the same times and in the same
//! sequence. A program that is killed therefore goes on where it was, a bug can be looked at after it happened, and a
//! new version can be run on what the old one saw.
//!
//! - [`inputs!`] declares what can reach the program, as an enum that `apply` matches on.
//! - [`Recorder`] is the live side: [`open`](Recorder::open) runs again what there is and goes on after it,
//!   [`input`](Recorder::input) writes down and applies, and [`commit`](Recorder::commit) makes a turn safe. What a
//!   program sends waits until the input that it answers is safe.
//! - [`Durability`] says what safe means: the system has it, the disk has it, or the disk has it and the loop does not
//!   wait for it.
//! - [`Digests`] say what the world is worth. The journal notes that now and then, and a replay compares. If the
//!   program does not do again what it did, [`Divergence`] names the resource, and the two checks between which it went
//!   wrong.
//! - [`compact`] puts a snapshot in the place of what is old: a shorter journal, whose inputs lead to the same state,
//!   which is proved before anything is removed.
//! - [`Reader`] reads the records, and [`Reader::replay`] applies them up to any sequence. [`FileInfo`] lists the
//!   files, and [`Cut`] gives up what comes after a sequence, such as after damage.
//!
//! ```
//! use std::time::Duration;
//!
//! use nexus_journal::{Digests, Dir, Options, Program, Recorder, inputs};
//! use nexus_rt::{Clock, Handler, IntoHandler, ResMut, World, WorldBuilder};
//!
//! inputs! {
//!     /// What reaches the counter.
//!     pub enum Call {
//!         /// Adds a number.
//!         1 = Add(u64),
//!     }
//! }
//!
//! #[derive(Default, Hash)]
//! struct Sum(u64);
//!
//! struct Counter {
//!     add: Box<dyn Handler<u64>>,
//! }
//!
//! impl Program for Counter {
//!     type Input<'a> = Call;
//!
//!     fn apply(&mut self, world: &mut World, input: Call) {
//!         match input {
//!             Call::Add(number) => self.add.run(world, number),
//!         }
//!     }
//! }
//!
//! fn counter() -> (World, Counter, Digests) {
//!     let mut builder = WorldBuilder::new();
//!     builder.register(Clock::historical(Duration::ZERO));
//!     builder.register_default::<Sum>();
//!     let world = builder.build();
//!     let add = |mut sum: ResMut<Sum>, number: u64| sum.0 += number;
//!     let add = Box::new(add.into_handler(world.registry()));
//!     let mut digests = Digests::new();
//!     digests.watch::<Sum>(world.registry());
//!     (world, Counter { add }, digests)
//! }
//!
//! # let directory = tempfile::tempdir()?;
//! # let directory = directory.path();
//! for run in 1..=3 {
//!     let (mut world, mut counter, digests) = counter();
//!     let options = Options::new("counter");
//!     let (mut recorder, replayed) =
//!         Recorder::open(Dir::new(directory), options, (&mut world, &mut counter), digests)?;
//!     assert_eq!(replayed.inputs, run - 1);
//!
//!     recorder.update(&mut world); // once per turn
//!     recorder.input(&mut world, &mut counter, Call::Add(7));
//!     recorder.commit(&world)?;
//!     assert_eq!(world.resource::<Sum>().0, 7 * run);
//!     // The process may be killed here.
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Features
//!
//! | feature | gives |
//! |---|---|
//! | `postcard` | [`Postcard`]: inputs that serde writes |
//! | `zerocopy` | [`Plain`]: inputs that are their own bytes |
//! | `testing` | [`testing::FakeDisk`]: a disk that tears, reorders and forgets what was not synced; [`testing::run_twice`] |
//! | `tool` | the command-line tool `nexus-journal` |

mod behind;
mod compact;
mod cursor;
mod cut;
mod digests;
mod disk;
mod error;
mod files;
mod format;
mod inputs;
mod journal;
mod listing;
mod reader;
mod recorder;
mod replay;
#[cfg(feature = "testing")]
pub mod testing;

pub use compact::{Compacted, Snapshot, compact};
pub use cut::{Cut, CutFile};
pub use digests::{Digest, Digests};
pub use disk::{Dir, Disk, File};
pub use error::{Divergence, Error};
pub use format::{Kind, OWN_SOURCES, Record, VERSION};
#[cfg(feature = "zerocopy")]
pub use inputs::Plain;
#[cfg(feature = "postcard")]
pub use inputs::Postcard;
pub use inputs::{Input, Payload};
pub use journal::{Durability, Journal, Options};
pub use listing::FileInfo;
pub use reader::{Reader, Torn};
pub use recorder::Recorder;
pub use replay::{Program, Replayed};
