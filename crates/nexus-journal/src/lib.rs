//! Records the inputs of a [nexus-rt](nexus_rt) program and replays them: recovery after a crash, and deterministic
//! replay, bit for bit.
//!
//! A program is a function of its inputs. A [`Recorder`] writes each input to a journal and applies it by one function,
//! [`Program::apply`]. A replay reads the inputs and applies them by the same function, at the same times and in the
//! same sequence. A program that was killed therefore continues from its last state, a bug can be examined after it
//! happened, and a new version can run on the inputs of the old one.
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
//! # Where to look
//!
//! - [`inputs!`] declares the inputs of a program, as an enum that [`Program::apply`] matches on. [`Input`] is the
//!   trait of that enum, and [`Payload`] that of a value in it.
//! - [`Recorder`] is the live side: [`open`](Recorder::open) replays the journal and continues it,
//!   [`input`](Recorder::input) writes and applies an input, and [`commit`](Recorder::commit) makes a turn safe. A
//!   program holds each reply until the input that it answers is safe.
//! - [`Options`] configure a journal. [`Durability`] defines *safe*: the OS has the input, the disk has it, or the disk
//!   has it and a thread waited for it instead of the loop.
//! - [`Digests`] fingerprint the state. The journal notes them at intervals, and a replay compares them. If the replay
//!   differs, [`Divergence`] names the resource, and the two checks between which it diverged.
//! - [`compact`] replaces old inputs with a [`Snapshot`]: a shorter journal whose inputs lead to the same state. A
//!   second world proves that before anything is removed.
//! - [`Reader`] reads a journal, [`Record`] by record, and [`Reader::replay`] applies it up to any sequence.
//!   [`FileInfo`] lists the files. [`Cut`] discards everything after a sequence, such as after damage, and keeps a
//!   copy.
//! - [`Journal`] writes records without applying them. [`Disk`] and [`File`] are the storage; [`Dir`] is a directory.
//! - [`Error`] is what can go wrong, each with a message that says how to fix it.
//!
//! # What it promises
//!
//! - An input up to the sequence that [`commit`](Recorder::commit) returned survives, as [`Durability`] defines.
//! - A replay applies the same inputs, at the same times and in the same sequence. Digests detect a program that
//!   depends on anything else.
//! - A tail that was never safe is cut off. Damage to bytes that were once safe is an [`Error`], with two exceptions:
//!   damage to the last commit before a crash looks like a tail that was never safe, and a missing last file is not
//!   noticed. With [`Durability::Behind`], the first holds for every commit that was not yet safe when the last one was
//!   written: damage to one of them drops it and those after it.
//! - There is no unsafe code.
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `postcard` | [`Postcard`]: payloads that serde writes |
//! | `zerocopy` | [`Plain`]: payloads that are their own bytes |
//! | `testing` | [`testing::FakeDisk`]: a disk that tears, reorders and forgets what was not synced; [`testing::run_twice`] |
//! | `tool` | the command-line tool `nexus-journal` |
//!
// Where a feature is off, its names lead to the table of features.
#![cfg_attr(not(feature = "postcard"), doc = "[`Postcard`]: #features")]
#![cfg_attr(not(feature = "testing"), doc = "[`testing::FakeDisk`]: #features\n[`testing::run_twice`]: #features")]
#![cfg_attr(not(feature = "zerocopy"), doc = "[`Plain`]: #features")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod behind;
mod compact;
mod cursor;
mod cut;
mod digest;
mod digests;
mod disk;
mod error;
mod files;
mod format;
mod inputs;
mod journal;
mod listing;
mod options;
mod reader;
mod recorder;
mod replay;
#[cfg(feature = "testing")]
pub mod testing;
mod torn;

pub use compact::{Compacted, Snapshot, compact};
pub use cut::{Cut, CutFile};
pub use digest::Digest;
pub use digests::Digests;
pub use disk::{Dir, Disk, File};
pub use error::{Divergence, Error};
pub use format::{Kind, OWN_SOURCES, Record, VERSION};
#[cfg(feature = "zerocopy")]
pub use inputs::Plain;
#[cfg(feature = "postcard")]
pub use inputs::Postcard;
pub use inputs::{Input, Payload};
pub use journal::Journal;
pub use listing::FileInfo;
pub use options::{Durability, Options};
pub use reader::Reader;
pub use recorder::Recorder;
pub use replay::{Program, Replayed};
pub use torn::Torn;
