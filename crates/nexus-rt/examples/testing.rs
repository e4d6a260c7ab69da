//! How is a wired program tested, with its drivers and its clock?
//!
//! `cargo run --example testing`
//!
//! It runs the tests below and reports what each one shows. In your own program, they are `#[test]` functions.

use std::time::{Duration, Instant};

use nexus_rt::testing::TestHarness;
use nexus_rt::{
    CatchAssertUnwindSafe, Describe, Handler, IntoHandler, PipelineStart, Registry, Res, ResMut, WorldBuilder,
};

// The program under test checks orders against a limit and notices a missed heartbeat.

struct Limit(u64);

#[derive(Default)]
struct Position(u64);

#[derive(Default)]
struct Alerts(Vec<String>);

struct LastSeen(Instant);

fn check(limit: Res<Limit>, position: Res<Position>, quantity: u64) -> Result<u64, String> {
    let after = position.0 + quantity;
    if after <= limit.0 { Ok(quantity) } else { Err(format!("{after} is above {}", limit.0)) }
}

fn orders(reg: &Registry) -> impl Handler<u64> + use<> {
    PipelineStart::<u64>::new()
        .then(check, reg)
        .catch(|mut alerts: ResMut<Alerts>, error: String| alerts.0.push(error), reg)
        .map(|mut position: ResMut<Position>, quantity: u64| position.0 += quantity, reg)
        .build()
}

fn watch(last: Res<LastSeen>, mut alerts: ResMut<Alerts>, now: Instant) {
    if now - last.0 > Duration::from_secs(30) {
        alerts.0.push(format!("silent for {:?}", now - last.0));
    }
}

fn harness() -> TestHarness {
    let mut builder = WorldBuilder::new();
    builder.register(Limit(100));
    builder.register_default::<Position>();
    builder.register_default::<Alerts>();
    builder.register(LastSeen(Instant::now()));
    TestHarness::new(builder)
}

// The tests.

fn an_order_changes_the_position_and_nothing_else() {
    let mut test = harness();
    let mut orders = orders(test.registry());
    test.dispatch(&mut orders, 60).changes::<Position>().nothing_else();
    test.dispatch(&mut orders, 60).changes::<Alerts>().leaves::<Position>();
    test.dispatch_many(&mut orders, [30, 20]).changes::<Position>().changes::<Alerts>();
    assert_eq!(test.world().resource::<Alerts>().0, ["120 is above 100", "110 is above 100"]);
}

fn silence_is_noticed_after_half_a_minute() {
    let mut test = harness();
    let mut watch = watch.into_handler(test.registry());
    let start = test.clock().now();
    test.world_mut().resource_mut::<LastSeen>().0 = start;
    let now = test.clock().advance(Duration::from_secs(30));
    test.dispatch(&mut watch, now).nothing_else();
    let now = test.clock().advance(Duration::from_millis(1));
    test.dispatch(&mut watch, now).changes::<Alerts>();
    assert_eq!(test.world().resource::<Alerts>().0, ["silent for 30.001s"]);
}

fn the_wiring_is_what_was_agreed() {
    let agreed = "\
check
├─ check                 reads Limit, Position  -> Result<u64, String>
├─ catch                                        -> Option<u64>
│  └─ closure in orders  writes Alerts
└─ map                                          -> Option<()>
   └─ closure in orders  writes Position
";
    assert_eq!(orders(harness().registry()).plan().to_string(), agreed);
}

fn a_panic_leaves_the_rest_running() {
    let mut test = harness();
    let divide = |mut position: ResMut<Position>, by: u64| position.0 = 100 / by;
    let mut divide = CatchAssertUnwindSafe::new(divide.into_handler(test.registry()));
    std::panic::set_hook(Box::new(|_| {}));
    test.dispatch_many(&mut divide, [0, 4]).changes::<Position>();
    assert_eq!((divide.panics(), test.world().resource::<Position>().0), (1, 25));
}

fn a_failed_assertion_says_what_happened_instead() {
    let mut test = harness();
    let mut orders = orders(test.registry());
    let failed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        test.dispatch(&mut orders, 500).changes::<Position>();
    }));
    let message = failed.expect_err("an order of 500 is refused");
    println!("  {}", message.downcast_ref::<String>().expect("a text"));
}

fn main() {
    let tests: [(&str, fn()); 5] = [
        ("an order changes the position and nothing else", an_order_changes_the_position_and_nothing_else),
        ("silence is noticed after half a minute", silence_is_noticed_after_half_a_minute),
        ("the wiring is what was agreed", the_wiring_is_what_was_agreed),
        ("a panic leaves the rest running", a_panic_leaves_the_rest_running),
        ("a failed assertion says what happened instead", a_failed_assertion_says_what_happened_instead),
    ];
    for (name, test) in tests {
        test();
        println!("ok: {name}");
    }
}
