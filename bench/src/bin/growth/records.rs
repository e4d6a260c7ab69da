//! What is kept of a program: its journal, and its numbers.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use nexus_gauge::Board;
use nexus_journal::{Digests, Dir, Durability, Options, Program, Reader, Recorder, inputs};
use nexus_rt::{Clock, Describe, IntoHandler, Registry, ResMut, World, WorldBuilder};

use super::{Case, time};

/// What is asked of a board is asked while a program is set up. A meter takes some KiB.
const FEWER: &[(&str, usize)] = &[("10 k", 10_000), ("1 k", 1_000), ("100", 100)];

inputs! {
    /// What reaches the program.
    #[derive(Clone, Copy)]
    enum Input<'a> {
        /// Adds these bytes.
        1 = Add(&'a [u8]),
    }
}

#[derive(Default, Hash)]
struct Sum(u64);

struct Adder;

impl Program for Adder {
    type Input<'a> = Input<'a>;

    fn apply(&mut self, world: &mut World, Input::Add(bytes): Input<'_>) {
        world.resource_mut::<Sum>().0 += bytes.len() as u64;
    }
}

fn make() -> (World, Digests) {
    let mut builder = WorldBuilder::new();
    builder.register(Clock::historical(Duration::ZERO));
    builder.register_default::<Sum>();
    let world = builder.build();
    let mut digests = Digests::new();
    digests.watch::<Sum>(world.registry());
    (world, digests)
}

/// A folder that is removed.
struct Room(PathBuf);

impl Room {
    fn new() -> Self {
        let room = Self(std::env::temp_dir().join(format!("growth-{}", std::process::id())));
        std::fs::create_dir_all(&room.0).expect("a folder for the journal");
        room
    }

    fn recorder(&self) -> (World, Recorder) {
        let (mut world, digests) = make();
        let options = Options { durability: Durability::Process, ..Options::new("growth") };
        let opened = Recorder::open(Dir::new(&self.0), options, (&mut world, &mut Adder), digests);
        (world, opened.expect("the folder is there").0)
    }

    /// Writes so many inputs, a turn for each 64.
    fn record(&self, count: usize) -> (World, Recorder) {
        let (mut world, mut recorder) = self.recorder();
        for n in 0..count {
            recorder.input(&mut world, &mut Adder, Input::Add(&n.to_le_bytes()));
            if n % 64 == 63 {
                recorder.commit(&world).expect("the disk has room");
            }
        }
        (world, recorder)
    }

    fn recorded(&self, count: usize) {
        let (world, recorder) = self.record(count);
        recorder.close(&world).expect("the disk has room");
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        _ = std::fs::remove_dir_all(&self.0);
    }
}

fn journal() -> Vec<Case> {
    let case = |name, time: fn(usize) -> Duration| Case::new("journal", name, time);
    vec![
        case("record", |count| {
            let room = Room::new();
            time(|| room.record(count))
        }),
        case("replay", |count| {
            let room = Room::new();
            room.recorded(count);
            let (mut world, digests) = make();
            let disk = Arc::new(Dir::new(&room.0));
            time(|| {
                let mut reader = Reader::open(disk, Some("growth")).expect("it was written");
                reader.replay(&mut world, &mut Adder, &digests, None).expect("it is the same program");
            })
        }),
        case("start after them", |count| {
            let room = Room::new();
            room.recorded(count);
            time(|| room.recorder())
        }),
        case("all in one turn", |count| {
            let room = Room::new();
            let (mut world, mut recorder) = room.recorder();
            time(|| {
                for n in 0..count {
                    recorder.input(&mut world, &mut Adder, Input::Add(&n.to_le_bytes()));
                }
                recorder.commit(&world).expect("the disk has room");
            })
        }),
    ]
}

fn count(mut n: ResMut<u64>, x: u64) {
    *n += x;
}

fn world() -> World {
    let mut builder = WorldBuilder::new();
    builder.register(0_u64);
    builder.build()
}

/// A board with so many meters, each with a name of its own.
fn meters(registry: &Registry, count_: usize) -> Board {
    let board = Board::new();
    (0..count_).for_each(|n| drop(board.named(format!("m{n}")).timed(count.into_handler(registry))));
    board
}

/// A board with so many counters of one name.
fn numbers(count: usize) -> Board {
    let board = Board::new();
    (0..count).for_each(|n| drop(board.counter_with("n", "Numbers.", &[("of", &n.to_string())])));
    board
}

fn boards() -> Vec<Case> {
    let case = |name, time: fn(usize) -> Duration| Case::new("Board", name, time).of_sizes(FEWER);
    vec![
        case("named(..).timed", |count| {
            let world = world();
            time(|| meters(world.registry(), count))
        }),
        case("timed, all of one function", |count_| {
            let (world, board) = (world(), Board::new());
            time(|| (0..count_).for_each(|_| drop(board.timed(count.into_handler(world.registry())))))
        }),
        case("counter_with", |count| time(|| numbers(count))),
        case("meters", |count| {
            let board = meters(world().registry(), count);
            time(|| board.meters())
        }),
        case("prometheus, of meters", |count| {
            let board = meters(world().registry(), count);
            time(|| board.prometheus())
        }),
        case("prometheus, of numbers", |count| {
            let board = numbers(count);
            time(|| board.prometheus())
        }),
        case("json, of meters", |count| {
            let board = meters(world().registry(), count);
            time(|| board.json())
        }),
        case("table", |count| {
            let board = meters(world().registry(), count);
            time(|| board.table())
        }),
        case("annotate a plan of as many", |count_| {
            let (world, board) = (world(), Board::new());
            let mut broadcast = nexus_rt::Broadcast::new();
            for n in 0..count_ {
                let add = (|mut n: ResMut<u64>, x: &u64| *n += x).into_handler(world.registry());
                broadcast.add(board.named(format!("m{n}")).timed(add));
            }
            let mut plan = broadcast.plan();
            time(|| board.annotate(&mut plan))
        }),
    ]
}

pub(super) fn cases() -> Vec<Case> {
    [journal(), boards()].into_iter().flatten().collect()
}
