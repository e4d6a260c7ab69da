//! `Handles`, the bound for functions and handlers alike, and `into_handler` of what is a handler already.

use nexus_rt::{
    Broadcast, ByRef, CatchAssertUnwindSafe, Describe, Handler, HandlerTemplate, Handles, IntoCallback, IntoHandler,
    PipelineStart, RefHandler, Registry, ResMut, Virtual, World, fan_out, handler_blueprint, no_event,
};

use crate::support::{panic_of, world};

/// Takes handlers of prices in every form.
#[derive(Default)]
struct Feed(Vec<Virtual<i64>>);

impl Feed {
    fn on<L: 'static>(&mut self, handler: impl Handles<i64, L> + 'static, reg: &Registry) {
        self.0.push(Box::new(handler.into_handler(reg)));
    }

    fn on_borrowed<L: 'static>(&mut self, handler: impl for<'a> Handles<&'a i64, L> + 'static, reg: &Registry) {
        self.0.push(Box::new(ByRef(handler.into_handler(reg))));
    }

    fn with_name<L: 'static>(&mut self, handler: impl Handles<i64, L, String> + 'static, reg: &Registry) {
        self.0.push(Box::new(handler.into_callback("n".into(), reg)));
    }

    fn publish(&mut self, world: &mut World, price: i64) -> i64 {
        for handler in &mut self.0 {
            handler.run(world, price);
        }
        std::mem::take(&mut *world.resource_mut::<i64>())
    }
}

fn add(mut sum: ResMut<i64>, price: i64) {
    *sum += price;
}

fn add_borrowed(mut sum: ResMut<i64>, price: &i64) {
    *sum += *price;
}

fn add_one(mut sum: ResMut<i64>) {
    *sum += 1;
}

fn whole(world: &mut World, price: i64) {
    *world.resource_mut::<i64>() += price;
}

fn named(name: &mut String, mut sum: ResMut<i64>, price: i64) {
    name.push('n');
    *sum += price;
}

#[test]
fn functions_closures_and_handlers_fit_one_bound() {
    handler_blueprint!(OnPrice, Event = i64, Params = (ResMut<'static, i64>,));
    let mut world = world();
    let reg = world.registry();
    let mut feed = Feed::default();
    let by = 2;
    feed.on(add, reg);
    feed.on(whole, reg);
    feed.on(move |mut sum: ResMut<i64>, price: i64| *sum += price * by, reg);
    feed.on(no_event(add_one), reg);
    assert_eq!(feed.publish(&mut world, 10), 41);

    let reg = world.registry();
    let mut feed = Feed::default();
    feed.on(add.into_handler(reg), reg);
    feed.on(named.into_callback(String::new(), reg), reg);
    feed.on(PipelineStart::<i64>::new().guard(|price: &i64| *price > 0, reg).map(add, reg).build(), reg);
    feed.on(fan_out!(add_borrowed.into_handler(reg), add_borrowed.into_handler(reg)), reg);
    feed.on(HandlerTemplate::<OnPrice>::new(add, reg).generate(), reg);
    feed.on(CatchAssertUnwindSafe::new(add.into_handler(reg)), reg);
    let boxed: Virtual<i64> = Box::new(add.into_handler(reg));
    feed.on(boxed, reg);
    feed.on(ByHand, reg);
    assert_eq!(feed.publish(&mut world, 10), 1_080);
}

/// Written by hand: it belongs to no world.
struct ByHand;

impl Describe for ByHand {}

impl Handler<i64> for ByHand {
    fn run(&mut self, world: &mut World, _: i64) {
        *world.resource_mut::<i64>() += 1_000;
    }
}

#[test]
fn the_bound_may_be_over_borrowed_events_and_over_a_context() {
    let mut world = world();
    let reg = world.registry();
    let mut feed = Feed::default();
    feed.on_borrowed(add_borrowed, reg);
    feed.on_borrowed(|mut sum: ResMut<i64>, price: &i64| *sum += *price, reg);
    feed.on_borrowed(no_event(add_one), reg);
    feed.on_borrowed(PipelineStart::<&i64>::new().then(add_borrowed, reg).build(), reg);
    let boxed: Box<dyn RefHandler<i64>> = Box::new(add_borrowed.into_handler(reg));
    feed.on_borrowed(boxed, reg);
    feed.with_name(named, reg);
    feed.with_name(no_event(|name: &mut String, mut sum: ResMut<i64>| *sum += name.len() as i64), reg);
    assert_eq!(feed.publish(&mut world, 10), 52);
}

#[test]
fn a_handler_becomes_itself() {
    let mut world = world();
    let reg = world.registry();
    let mut callback = named.into_callback(String::new(), reg).into_handler(reg);
    callback.run(&mut world, 1);
    assert_eq!(callback.ctx, "n");
    let reg = world.registry();
    let lent = (&mut callback).into_handler(reg);
    lent.run(&mut world, 1);
    assert_eq!(callback.ctx, "nn");
    assert!(callback.try_into_handler(world.registry()).is_ok());
}

#[test]
fn a_handler_of_another_world_is_refused() {
    let (here, there) = (world(), world());
    let expected = |name: &str| {
        format!(
            "`{name}` was resolved against world {}, and is added to world {}: build it from the registry of the world that \
             it runs on",
            there.world_id(),
            here.world_id(),
        )
    };
    let add_there = || add.into_handler(there.registry());
    let name = "it::handles::add";
    assert_eq!(panic_of(|| add_there().into_handler(here.registry())), expected(name));
    assert_eq!(panic_of(|| add_there().try_into_handler(here.registry()).is_ok()), expected(name));
    let boxed: Virtual<i64> = Box::new(add_there());
    assert_eq!(panic_of(|| boxed.into_handler(here.registry())), expected(name));
    let mut broadcast = Broadcast::<i64>::new();
    let _key = broadcast.add(add_borrowed.into_handler(there.registry()));
    assert_eq!(panic_of(|| broadcast.into_handler(here.registry())), expected("it::handles::add_borrowed"));
    // What does not know its world can run on any.
    ByHand.into_handler(here.registry());
}
