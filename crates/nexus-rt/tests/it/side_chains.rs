//! What runs beside a chain: side chains, views, other handlers.

use nexus_rt::chain::ViewAt;
use nexus_rt::{ByRef, Describe, Handler, IntoHandler, PipelineStart, Res, ResMut, Virtual, World};

use crate::support::{Log, notices_replacement, panic_of, refuses_world, world};

#[test]
fn tee_runs_a_side_chain() {
    let mut world = world();
    let reg = world.registry();
    let mut chain = PipelineStart::<String>::new()
        .tee(|s| {
            s.then(|s: &String| s.len(), reg)
                .guard(|limit: Res<u64>, n: &usize| *n as u64 > *limit, reg)
                .map(|mut log: ResMut<Log>, n: usize| log.push(format!("{n} is long")), reg)
        })
        .then(|s: String| s + "!", reg)
        .build();
    assert_eq!(chain.run(&mut world, "short".into()), "short!");
    assert_eq!(chain.run(&mut world, "long enough".into()), "long enough!");
    assert_eq!(*world.resource::<Log>(), ["11 is long"]);
}

#[derive(Clone)]
struct Order {
    symbol: String,
    quantity: u64,
}

struct View<'a> {
    symbol: &'a str,
}

struct AsView;

impl<'a> ViewAt<'a, Order> for AsView {
    type Item = View<'a>;
    fn view(order: &'a Order) -> View<'a> {
        View { symbol: &order.symbol }
    }
}

struct Quantity;

impl<'a> ViewAt<'a, Order> for Quantity {
    type Item = &'a u64;
    fn view(order: &'a Order) -> &'a u64 {
        &order.quantity
    }
}

#[test]
fn a_view_decides_how_its_value_goes_on() {
    let mut world = world();
    let reg = world.registry();
    let mut chain = PipelineStart::<Order>::new()
        .view::<AsView, _, _>(|v| v.then(|mut log: ResMut<Log>, view: &View| log.push(view.symbol.into()), reg))
        .view::<AsView, _, _>(|v| v.then(|view: View| view.symbol.len() == 3, reg))
        .map(|order: Order| order, reg)
        .unwrap_or(Order { symbol: "none".into(), quantity: 0 })
        .view::<Quantity, _, _>(|q| {
            q.cloned().guard(|limit: Res<u64>, q: &u64| *q <= *limit, reg).map(|_: u64| {}, reg)
        })
        .ok_or("too many")
        .and_then(|order: Order| Ok::<_, &str>(order.quantity), reg)
        .build();
    let mut run = |symbol: &str, quantity| chain.run(&mut world, Order { symbol: symbol.into(), quantity });
    assert_eq!((run("BTC", 4), run("LONG", 4), run("ETH", 40)), (Ok(4), Ok(0), Err("too many")));
    assert_eq!(*world.resource::<Log>(), ["BTC", "LONG", "ETH"]);

    let reg = world.registry();
    let mut checked = PipelineStart::<Order>::new()
        .view::<Quantity, _, _>(|q| q.then(|q: &u64| if *q > 0 { Ok(()) } else { Err("nothing") }, reg))
        .map(|order: Order| order.symbol, reg)
        .build();
    assert_eq!(checked.run(&mut world, Order { symbol: "A".into(), quantity: 1 }), Ok("A".into()));
    assert_eq!(checked.run(&mut world, Order { symbol: "A".into(), quantity: 0 }), Err("nothing"));
}

fn small(limit: Res<u64>, quantity: &&u64) -> bool {
    **quantity <= *limit
}

fn long<'a>(view: View<'a>) -> Option<View<'a>> {
    (view.symbol.len() > 3).then_some(view)
}

fn trimmed<'a>(view: View<'a>) -> View<'a> {
    View { symbol: view.symbol.trim() }
}

#[test]
fn a_side_chain_over_a_view_may_end_with_the_view_or_an_option_of_it() {
    let mut world = world();
    let reg = world.registry();
    let log = |mut log: ResMut<Log>, view: &View| log.push(view.symbol.into());
    let mut chain = PipelineStart::<Order>::new()
        .view::<AsView, _, _>(|v| v) // goes on unchanged
        .view::<AsView, _, _>(|v| v.then(trimmed, reg).tap(log, reg)) // goes on unchanged
        .view::<Quantity, _, _>(|q| q.guard(small, reg)) // Option<Order>
        .map(|order: Order| order, reg)
        .unwrap_or(Order { symbol: "large".into(), quantity: 0 })
        .view::<AsView, _, _>(|v| v.then(long, reg).inspect(log, reg)) // Option<Order>
        .map(|order: Order| order.symbol, reg)
        .build();
    let mut run = |symbol: &str, quantity| chain.run(&mut world, Order { symbol: symbol.into(), quantity });
    assert_eq!([run("BTC", 4), run(" long", 4), run("ETH ", 40)], [None, Some(" long".into()), Some("large".into())]);
    assert_eq!(*world.resource::<Log>(), ["BTC", "long", " long", "ETH", "large"]);
}

/// Another event with the same view.
struct Fill {
    order: Order,
    price: u64,
}

impl<'a> ViewAt<'a, Fill> for AsView {
    type Item = View<'a>;
    fn view(fill: &'a Fill) -> View<'a> {
        View { symbol: &fill.order.symbol }
    }
}

#[test]
fn events_of_two_types_run_the_same_functions_over_their_common_view() {
    fn note(mut log: ResMut<Log>, view: &View) {
        log.push(view.symbol.into());
    }
    fn known(view: &View) -> bool {
        view.symbol == "BTC"
    }
    let mut world = world();
    let reg = world.registry();
    let mut orders = PipelineStart::<Order>::new()
        .view::<AsView, _, _>(|v| v.tap(note, reg).guard(known, reg))
        .map(|order: Order| order.quantity, reg)
        .build();
    let mut fills = PipelineStart::<Fill>::new()
        .view::<AsView, _, _>(|v| v.tap(note, reg).guard(known, reg))
        .map(|fill: Fill| fill.price * fill.order.quantity, reg)
        .build();
    let order = |symbol: &str| Order { symbol: symbol.into(), quantity: 3 };
    assert_eq!(["BTC", "XYZ"].map(|symbol| orders.run(&mut world, order(symbol))), [Some(3), None]);
    let fill = |symbol: &str| Fill { order: order(symbol), price: 7 };
    assert_eq!(["XYZ", "BTC"].map(|symbol| fills.run(&mut world, fill(symbol))), [None, Some(21)]);
    assert_eq!(*world.resource::<Log>(), ["BTC", "XYZ", "XYZ", "BTC"]);
}

struct IsLarge;

impl<'a> ViewAt<'a, Order> for IsLarge {
    type Item = bool;
    fn view(order: &'a Order) -> bool {
        order.quantity > 100
    }
}

#[test]
fn a_view_that_is_a_bool_decides_as_an_option() {
    let mut world = world();
    let reg = world.registry();
    let mut chain = PipelineStart::<Order>::new()
        .view::<IsLarge, _, _>(|large| large.guard(|large: &bool| *large, reg))
        .map(|order: Order| order.quantity, reg)
        .build();
    let mut run = |quantity| chain.run(&mut world, Order { symbol: String::new(), quantity });
    assert_eq!((run(100), run(101)), (None, Some(101)));
}

#[test]
fn dispatch_hands_the_value_to_a_handler() {
    let mut world = world();
    let reg = world.registry();
    let inner = PipelineStart::<u64>::new().then(|mut log: ResMut<Log>, x: u64| log.push(x.to_string()), reg).build();
    let by_ref = ByRef((|mut sum: ResMut<i64>, x: &u64| *sum += x.cast_signed()).into_handler(reg));
    let boxed: Virtual<u64> = Box::new(by_ref);
    let mut chain = PipelineStart::<u64>::new()
        .tap(|x: &u64| assert!(*x > 0), reg)
        .tee(|x| x.cloned().dispatch(boxed))
        .dispatch(inner)
        .then(|mut log: ResMut<Log>, (): ()| log.push("after".into()), reg)
        .build();
    chain.run(&mut world, 5);
    assert_eq!((&**world.resource::<Log>(), *world.resource::<i64>()), (&["5".to_owned(), "after".to_owned()][..], 5));
}

#[test]
fn a_dispatched_handler_cannot_replace_the_world_or_belong_to_another() {
    struct Replaces;
    impl Describe for Replaces {}
    impl Handler<u64> for Replaces {
        fn run(&mut self, w: &mut World, _: u64) {
            *w = world();
        }
    }
    let mut a = world();
    let log = |mut log: ResMut<Log>, (): ()| log.push("after".into());
    let mut chain = PipelineStart::<u64>::new().dispatch(Replaces).then(log, a.registry()).build();
    notices_replacement("Replaces", || chain.run(&mut a, 1));
    assert!(a.resource::<Log>().is_empty());

    let mut b = world();
    let foreign = (|mut log: ResMut<Log>, _: u64| log.clear()).into_handler(world().registry());
    // Known when the chain is built, since the handler describes itself.
    let text = panic_of(|| PipelineStart::<u64>::new().dispatch(foreign).then(log, b.registry()).build());
    assert!(text.contains("before it in the same chain"), "{text}");
    let foreign = (|mut log: ResMut<Log>, _: u64| log.clear()).into_handler(world().registry());
    struct Hides<H>(H);
    impl<H> Describe for Hides<H> {}
    impl<H: Handler<u64>> Handler<u64> for Hides<H> {
        fn run(&mut self, w: &mut World, x: u64) {
            self.0.run(w, x);
        }
    }
    let mut chain = PipelineStart::<u64>::new().dispatch(Hides(foreign)).then(log, b.registry()).build();
    refuses_world("a_dispatched_handler", || chain.run(&mut b, 1));
}

struct Whole;

impl<'a> ViewAt<'a, u64> for Whole {
    type Item = ();
    fn view(_: &'a u64) {}
}

impl<'a> ViewAt<'a, bool> for Whole {
    type Item = bool;
    fn view(value: &'a bool) -> bool {
        *value
    }
}

impl<'a> ViewAt<'a, Option<()>> for Whole {
    type Item = Option<()>;
    fn view(value: &'a Option<()>) -> Option<()> {
        *value
    }
}

impl<'a> ViewAt<'a, Result<(), u8>> for Whole {
    type Item = Result<(), u8>;
    fn view(value: &'a Result<(), u8>) -> Result<(), u8> {
        *value
    }
}

/// What such a view is cannot be what its side chain ends with, which would mean two things.
#[test]
fn a_view_that_is_a_verdict_itself_ends_with_another_one() {
    let mut world = world();
    let reg = world.registry();
    let mut unit = PipelineStart::<u64>::new()
        .view::<Whole, _, _>(|unit| unit.then(|limit: Res<u64>, (): ()| *limit > 10, reg))
        .map(|x: u64| x, reg)
        .build();
    let mut truth = PipelineStart::<bool>::new()
        .view::<Whole, _, _>(|truth| truth.guard(|truth: &bool| *truth, reg))
        .map(|x: bool| x, reg)
        .build();
    let mut option = PipelineStart::<Option<()>>::new()
        .view::<Whole, _, _>(|found| found.then(|found: Option<()>| found.is_some(), reg))
        .map(|_: Option<()>| 'x', reg)
        .build();
    let mut result = PipelineStart::<Result<(), u8>>::new()
        .view::<Whole, _, _>(|done| done.then(|done: Result<(), u8>| done.is_ok(), reg))
        .map(|_: Result<(), u8>| 'x', reg)
        .build();
    assert_eq!(unit.run(&mut world, 7), None);
    *world.resource_mut::<u64>() = 11;
    assert_eq!(unit.run(&mut world, 7), Some(7));
    assert_eq!([true, false].map(|x| truth.run(&mut world, x)), [Some(true), None]);
    assert_eq!([Some(()), None].map(|x| option.run(&mut world, x)), [Some('x'), None]);
    assert_eq!([Ok(()), Err(1)].map(|x| result.run(&mut world, x)), [Some('x'), None]);
}
