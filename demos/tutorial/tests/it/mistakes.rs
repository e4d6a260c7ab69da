//! The mistakes that the pages show, made: the texts are those that a reader gets.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use nexus_journal::testing::run_twice;
use nexus_journal::{Digests, Program, Recorder, inputs};
use nexus_rt::connections::{ConnectionsInstaller, Lines};
use nexus_rt::testing::VirtualClock;
use nexus_rt::{Clock, MioInstaller, PipelineStart, ResMut, World, WorldBuilder};

use crate::page::{STEPS, blocks};
use crate::sessions::start_twice;

#[derive(Default)]
struct Book {
    quotes: u64,
}

struct Quote;

fn count(mut book: ResMut<Book>, _quote: &Quote) {
    book.quotes += 1;
}

fn forgets_the_book() {
    let world = WorldBuilder::new().build();
    _ = PipelineStart::<Option<Quote>>::new().inspect(count, world.registry()).build();
}

fn registers_the_clock_last() {
    let mut builder = WorldBuilder::new();
    let io = builder.install_driver(MioInstaller::new().expect("files"));
    let net = ConnectionsInstaller::<(), _>::new(&io, Lines::new(100)).expect("files");
    let _net = builder.install_driver(net);
    builder.register(Clock::realtime());
}

fn forgets_to_update() {
    let time = VirtualClock::new();
    let clock = Clock::test(time.clone(), Duration::ZERO);
    let start = clock.now();
    time.advance(Duration::from_secs(2));
    let sent = if clock.now() > start { "CANCEL ALL\n" } else { "" };
    assert_eq!(sent, "CANCEL ALL\n");
}

inputs! {
    enum Input {
        1 = Timers,
    }
}

struct App;

impl Program for App {
    type Input<'a> = Input;

    fn apply(&mut self, _: &mut World, _: Input) {}
}

fn records_on_a_realtime_clock() {
    let make = || {
        let mut builder = WorldBuilder::new();
        builder.register(Clock::realtime());
        (builder.build(), App, Digests::new())
    };
    let live = |world: &mut World, app: &mut App, recorder: &mut Recorder| {
        recorder.input(world, app, Input::Timers);
    };
    run_twice(make, live).expect("it does not come so far");
}

fn forgets_the_tag() {
    let mut builder = WorldBuilder::new();
    let io = builder.install_driver(MioInstaller::new().expect("files"));
    let open = || ConnectionsInstaller::<(), _>::new(&io, Lines::new(100)).expect("files");
    let _net = builder.install_driver(open());
    let _pages = builder.install_driver(open());
}

/// The message of a panic, as the crate of a reader would show it.
fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
    text.expect("a panic with a message").replace("it::mistakes::", "gateway::")
}

#[test]
fn each_mistake_is_reported_as_shown() {
    let panics: [fn(); 5] =
        [forgets_the_book, registers_the_clock_last, forgets_to_update, records_on_a_realtime_clock, forgets_the_tag];
    let panics = panics.map(|mistake| message(&*catch_unwind(AssertUnwindSafe(mistake)).expect_err("a panic")));
    let made: Vec<String> = std::iter::once(start_twice()).chain(panics).collect();
    let shown: Vec<String> = (1..=STEPS)
        .flat_map(blocks)
        .filter(|block| block.language == "text" && !block.text.starts_with("$ "))
        .map(|block| block.text.lines().collect::<Vec<_>>().join("\n"))
        .collect();
    // A page breaks long lines.
    let joined = |text: &String| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(shown.iter().map(joined).collect::<Vec<_>>(), made.iter().map(joined).collect::<Vec<_>>());
}
