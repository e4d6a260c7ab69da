//! Watches on real threads: each test waits for the report itself.

use std::sync::mpsc;
use std::time::Duration;

use nexus_gauge::{Board, Stall};
use nexus_rt::{Handler, IntoHandler, PipelineStart, WorldBuilder};

const LIMIT: Duration = Duration::from_millis(2);

#[test]
fn who_does_not_return_is_told_of_before_it_does_and_after() {
    let mut world = WorldBuilder::new().build();
    let board = Board::new();
    let (report, reports) = mpsc::channel::<Stall>();
    let (found, stalls) = mpsc::channel();
    let watch = board.watch(LIMIT, move |stall| _ = report.send(stall));
    let reg = world.registry();
    let quick = board.named("quick").timed((|_: u64| {}).into_handler(reg));
    // Returns once it is told of.
    let wait = move |_: u64| {
        // A busy machine may hold up the quick one too.
        let stall = reports.iter().find(|stall| stall.handler == "stuck").unwrap();
        found.send(stall).unwrap();
    };
    let stuck = board.named("stuck").timed(wait.into_handler(reg));
    let outer = PipelineStart::<u64>::new().then(|x: u64| x, reg).dispatch(stuck).build();
    let (mut quick, mut outer) = (quick, board.named("outer").timed(outer));
    for x in 0..1_000 {
        world.next_sequence();
        quick.run(&mut world, x);
    }
    let event = world.next_sequence();
    outer.run(&mut world, 1);
    let stall = stalls.recv().unwrap();
    assert_eq!((&stall.handler[..], stall.sequence, stall.ended), ("stuck", event, false));
    assert!(stall.lasted >= LIMIT);
    assert!(stall.to_string().starts_with("`stuck` has stalled the loop for "));
    drop(watch);
}

#[test]
fn a_stall_that_ends_is_told_of_too() {
    let mut world = WorldBuilder::new().build();
    let board = Board::new();
    let (report, reports) = mpsc::channel::<Stall>();
    let (begins, begun) = mpsc::channel();
    let told = move |stall: Stall| {
        if !stall.ended {
            begins.send(()).unwrap();
        }
        report.send(stall).unwrap();
    };
    let _watch = board.watch(LIMIT, told);
    let wait = move |_: u64| begun.recv().unwrap();
    board.named("stuck").timed(wait.into_handler(world.registry())).run(&mut world, 1);
    let [began, ended] = [(); 2].map(|()| reports.recv().unwrap());
    assert_eq!((began.ended, ended.ended), (false, true));
    assert!(ended.handler == "stuck" && ended.lasted >= began.lasted);
}

#[test]
fn a_watch_that_is_dropped_reports_no_more() {
    let (report, reports) = mpsc::channel::<Stall>();
    drop(Board::new().watch(LIMIT, move |stall| _ = report.send(stall)));
    assert!(reports.recv().is_err(), "its thread has ended");
}

#[test]
fn a_report_may_end_its_own_watch() {
    let mut world = WorldBuilder::new().build();
    let board = Board::new();
    let (report, reports) = mpsc::channel();
    let (give, given) = mpsc::channel::<nexus_gauge::Watch>();
    let watch = board.watch(LIMIT, move |_| {
        drop(given.recv().unwrap());
        report.send(()).unwrap();
    });
    give.send(watch).unwrap();
    let wait = move |_: u64| reports.recv().unwrap();
    board.named("stuck").timed(wait.into_handler(world.registry())).run(&mut world, 1);
}

#[test]
#[should_panic(expected = "a limit of zero would report every run")]
fn no_time_is_no_limit() {
    _ = Board::new().watch(Duration::ZERO, |_| {});
}
