//! Templates: stamped handlers, callbacks that stamp their successor, whole chains by `Clone`.

use std::thread;

use nexus_rt::{
    CallbackTemplate, DagStart, Describe, Handler, HandlerTemplate, IntoCallback, IntoHandler, Local, Param,
    PipelineStart, Registry, RegistryRef, Res, ResMut, Sequence, TemplatedCallback, TemplatedHandler, Virtual, World,
    WorldBuilder, callback_blueprint, fan_out, handler_blueprint, no_event,
};

use crate::support::{Log, panic_of, refuses_world, world};

handler_blueprint!(
    /// Attributes and a visibility, and a comma at the end.
    #[derive(Debug)]
    pub(crate) OnNumber,
    Event = u64,
    Params = (Res<'static, u64>, ResMut<'static, Log>),
);

handler_blueprint!(OnAnything, Event = u64, Params = (ResMut<'static, Log>,));
handler_blueprint!(Counts, Event = u64, Params = (Local<'static, u32>, ResMut<'static, i64>));
handler_blueprint!(NoParams, Event = u64, Params = ());
callback_blueprint!(pub OnBytes, Context = String, Event = &'static str, Params = (ResMut<'static, Log>,));

fn log(limit: Res<u64>, mut log: ResMut<Log>, event: u64) {
    log.push(format!("{event} of {}", *limit));
}

fn append(name: &mut String, mut log: ResMut<Log>, text: &'static str) {
    name.push_str(text);
    log.push(name.clone());
}

#[test]
fn a_template_stamps_handlers() {
    let mut world = world();
    let template = HandlerTemplate::<OnNumber>::new(log, world.registry());
    let copy = template;
    let mut one: TemplatedHandler<OnNumber> = template.generate();
    let mut two: Virtual<u64> = Box::new(copy.generate());
    one.run(&mut world, 1);
    two.run(&mut world, 2);
    // Made while the program runs, from a resource or a closure.
    (move |w: &mut World, x: u64| template.generate().run(w, x)).into_handler(world.registry()).run(&mut world, 3);
    assert_eq!(*world.resource::<Log>(), ["1 of 10", "2 of 10", "3 of 10"]);
}

#[test]
fn a_closure_that_captures_nothing_will_do() {
    let mut world = world();
    let template = HandlerTemplate::<OnNumber>::new(
        |limit: Res<u64>, mut log: ResMut<Log>, x: u64| log.push((x + *limit).to_string()),
        world.registry(),
    );
    template.generate().run(&mut world, 1);
    let plain = HandlerTemplate::<NoParams>::new(|x: u64| assert_eq!(x, 5), world.registry());
    plain.generate().run(&mut world, 5);
    let silent = HandlerTemplate::<OnAnything>::new(
        no_event(|mut log: ResMut<Log>| log.push("ignored".into())),
        world.registry(),
    );
    silent.generate().run(&mut world, 5);
    assert_eq!(*world.resource::<Log>(), ["11", "ignored"]);
}

#[test]
fn a_template_stamps_callbacks_with_a_context() {
    let mut world = world();
    let template = CallbackTemplate::<OnBytes>::new(append, world.registry());
    let mut ann: TemplatedCallback<OnBytes> = template.generate("ann ".into());
    let mut bob = template.generate("bob ".into());
    ann.run(&mut world, "a");
    bob.run(&mut world, "b");
    ann.run(&mut world, "c");
    bob.ctx.clear();
    bob.run(&mut world, "d");
    assert_eq!((ann.ctx.as_str(), bob.ctx.as_str()), ("ann ac", "d"));
    assert_eq!(*world.resource::<Log>(), ["ann a", "bob b", "ann ac", "d"]);
    let silent = CallbackTemplate::<OnBytes>::new(
        no_event(|name: &mut String, mut log: ResMut<Log>| log.push(std::mem::take(name))),
        world.registry(),
    );
    silent.generate("silent".into()).run(&mut world, "");
    assert_eq!(world.resource::<Log>()[4], "silent");
}

/// Owns what a template must not forget or drop twice.
struct Retry {
    left: u32,
    alive: std::sync::Arc<()>,
    template: CallbackTemplate<OnRetry>,
}

callback_blueprint!(OnRetry, Context = Retry, Event = u64, Params = (ResMut<'static, Due>, Res<'static, u64>));

#[derive(Default)]
struct Due(Vec<TemplatedCallback<OnRetry>>);

fn retry(ctx: &mut Retry, mut due: ResMut<Due>, _: Res<u64>, _: u64) {
    if let Some(left) = ctx.left.checked_sub(1) {
        due.0.push(ctx.template.generate(Retry { left, alive: ctx.alive.clone(), template: ctx.template }));
    }
}

#[test]
fn a_callback_stamps_its_successor() {
    let mut builder = WorldBuilder::new();
    builder.register_default::<Due>();
    builder.register(0_u64);
    let mut world = builder.build();
    let alive = std::sync::Arc::new(());
    let template = CallbackTemplate::<OnRetry>::new(retry, world.registry());
    let mut current = template.generate(Retry { left: 3, alive: alive.clone(), template });
    let mut runs = 0;
    loop {
        current.run(&mut world, 0);
        runs += 1;
        assert_eq!(std::sync::Arc::strong_count(&alive), 2 + world.resource::<Due>().0.len());
        let Some(next) = world.resource_mut::<Due>().0.pop() else { break };
        current = next;
    }
    drop(current);
    assert_eq!((runs, std::sync::Arc::strong_count(&alive)), (4, 1));
}

#[test]
fn locals_start_anew_in_each_stamped_handler() {
    fn count(mut n: Local<u32>, mut last: ResMut<i64>, _: u64) {
        *n += 1;
        *last = i64::from(*n);
    }
    let mut world = world();
    let template = HandlerTemplate::<Counts>::new(count, world.registry());
    let mut first = template.generate();
    first.run(&mut world, 0);
    first.run(&mut world, 0);
    assert_eq!(*world.resource::<i64>(), 2);
    template.generate().run(&mut world, 0);
    assert_eq!(*world.resource::<i64>(), 1);
}

/// Every kind of param, and a group of them.
#[derive(Param)]
struct Group<'w> {
    log: ResMut<'w, Log>,
    absent: Option<Res<'w, u8>>,
}

handler_blueprint!(
    Everything,
    Event = u64,
    Params = (
        Res<'static, u64>,
        Option<ResMut<'static, i64>>,
        Group<'static>,
        (Local<'static, [u8; 4]>, ()),
        Sequence,
        RegistryRef<'static>,
        Option<Res<'static, i8>>,
        Local<'static, bool>,
    )
);

#[test]
fn eight_params_of_every_kind() {
    fn all(
        limit: Res<u64>,
        sum: Option<ResMut<i64>>,
        mut group: Group,
        (mut bytes, ()): (Local<[u8; 4]>, ()),
        now: Sequence,
        registry: RegistryRef,
        none: Option<Res<i8>>,
        mut flag: Local<bool>,
        x: u64,
    ) {
        bytes[0] += 1;
        *flag = !*flag;
        *sum.expect("registered") += 1;
        let (resources, absent) = (registry.len(), group.absent.is_none() && none.is_none());
        group.log.push(format!("{x} {} {now} {resources} {absent} {} {}", *limit, bytes[0], *flag));
    }
    let mut world = world();
    let template = HandlerTemplate::<Everything>::new(all, world.registry());
    let mut handler = template.generate();
    handler.run(&mut world, 7);
    handler.run(&mut world, 8);
    assert_eq!(*world.resource::<Log>(), ["7 10 1 3 true 1 true", "8 10 1 3 true 2 false"]);
    assert_eq!(*world.resource::<i64>(), 2);
}

#[test]
fn what_is_wrong_is_said_when_the_template_is_made() {
    handler_blueprint!(Wrong, Event = (), Params = (ResMut<'static, u64>, Res<'static, u64>, Res<'static, u8>));
    fn wrong(_: ResMut<u64>, _: Res<u64>, _: Res<u8>, (): ()) {}

    let world = world();
    let text = panic_of(|| HandlerTemplate::<Wrong>::new(wrong, world.registry()));
    assert_eq!(
        text,
        "`it::templates::what_is_wrong_is_said_when_the_template_is_made::wrong` cannot be resolved \
         against this world:
  parameter 3 (`Res<u8>`): no `u8` is registered. Register one with `WorldBuilder::register`, or \
         install the driver or plugin that brings it, before this call; or take an `Option`
  parameter 1 (`ResMut<u64>`) writes `u64`, which parameter 2 (`Res<u64>`) reads. Keep one of the two; `ResMut<T>` can \
         read too"
    );
}

#[test]
fn a_stamped_handler_tells_what_it_is() {
    let mut world = world();
    let template = HandlerTemplate::<OnNumber>::new(log, world.registry());
    let handler = template.generate();
    assert_eq!(handler.name(), "it::templates::log");
    assert_eq!(handler.plan(), log.into_handler(world.registry()).plan());
    assert_eq!(template.plan(), handler.plan());
    assert_eq!(format!("{template:?}"), "HandlerTemplate(it::templates::log)");
    world.next_sequence();
    assert!(!handler.inputs_changed(&world));
    *world.resource_mut::<u64>() = 11;
    assert!(handler.inputs_changed(&world));
}

#[test]
fn stamped_handlers_run_on_their_own_world_only() {
    let (mut here, mut other) = (world(), world());
    let template = HandlerTemplate::<OnNumber>::new(log, here.registry());
    let callbacks = CallbackTemplate::<OnBytes>::new(append, here.registry());
    let (mut handler, mut callback) = (template.generate(), callbacks.generate(String::new()));
    refuses_world("it::templates::log", || handler.run(&mut other, 1));
    refuses_world("it::templates::append", || callback.run(&mut other, ""));
    refuses_world("it::templates::log", || template.generate().inputs_changed(&other));
    std::mem::swap(&mut here, &mut other);
    refuses_world("it::templates::log", || template.generate().run(&mut here, 1));
    drop(other);
    refuses_world("it::templates::log", || template.generate().run(&mut here, 1));
    assert!(here.resource::<Log>().is_empty());
}

/// What a template makes of nothing is a copy of what it was given: a token that can be copied, sent, and lives as long
/// as the program. (Others are refused: see the golden messages and the examples of `HandlerTemplate`.)
#[test]
fn a_template_makes_no_token_that_it_was_not_given() {
    mod vault {
        /// Only `take` makes one.
        #[derive(Clone, Copy)]
        pub(super) struct Token(());

        pub(super) fn take() -> Token {
            Token(())
        }

        impl Token {
            pub(super) fn open(self) -> u64 {
                42
            }
        }
    }

    let mut world = world();
    let token = vault::take();
    assert_eq!(size_of_val(&token), 0);
    let template = HandlerTemplate::<OnNumber>::new(
        move |_: Res<u64>, mut log: ResMut<Log>, _: u64| log.push(token.open().to_string()),
        world.registry(),
    );
    // On another thread, with the world that it belongs to.
    let world = thread::spawn(move || {
        template.generate().run(&mut world, 0);
        world
    })
    .join()
    .unwrap();
    assert_eq!(*world.resource::<Log>(), ["42"]);
}

#[test]
fn templates_may_live_anywhere() {
    fn is<T: Copy + Send + 'static>() {}
    is::<HandlerTemplate<OnNumber>>();
    is::<CallbackTemplate<OnBytes>>();
    // Also where the context cannot be shared, as it is not in the template.
    callback_blueprint!(Unshared, Context = std::cell::Cell<u8>, Event = std::rc::Rc<u8>, Params = ());
    is::<CallbackTemplate<Unshared>>();
}

#[test]
fn a_handler_is_stamped_by_cloning_what_it_captures_too() {
    let mut world = world();
    let name = String::from("a");
    let first = (move |mut n: Local<u8>, mut log: ResMut<Log>, x: u64| {
        *n += 1;
        log.push(format!("{name} {x} {}", *n));
    })
    .into_handler(world.registry());
    let mut stamped = [first.clone(), first.clone(), first];
    for (x, handler) in stamped.iter_mut().enumerate() {
        handler.run(&mut world, x as u64);
    }
    // A clone of one that ran takes its state along.
    let mut later = stamped[0].clone();
    later.run(&mut world, 9);
    assert_eq!(*world.resource::<Log>(), ["a 0 1", "a 1 1", "a 2 1", "a 9 2"]);

    let callback = append.into_callback(String::from("x"), world.registry());
    let mut twin = callback.clone();
    twin.run(&mut world, "y");
    assert_eq!((callback.ctx.as_str(), twin.ctx.as_str()), ("x", "xy"));
}

/// A pipeline with every adapter in it.
fn everything(reg: &Registry) -> impl Handler<u64> + Clone + use<> {
    struct Half;
    impl<'a> nexus_rt::chain::ViewAt<'a, u64> for Half {
        type Item = u64;
        fn view(x: &'a u64) -> u64 {
            *x / 2
        }
    }
    let note = |text: &'static str| move |mut log: ResMut<Log>, x: u64| log.push(format!("{text} {x}"));
    let seen = |text: &'static str| move |mut log: ResMut<Log>, x: &u64| log.push(format!("{text} {x}"));
    PipelineStart::<u64>::new()
        .then(|x: &u64| *x, reg)
        .tap(seen("tap"), reg)
        .tee(|tee| tee.then(seen("tee"), reg))
        .view::<Half, _, _>(|half| half.then(note("half"), reg))
        .scan(0_u64, |sum: &mut u64, x: u64| *sum + x, reg)
        .dedup()
        .unwrap_or(7)
        .then(|x: u64| (x, 1_u64), reg)
        .splat()
        .then(|x: u64, y: u64| x + y, reg)
        .fork()
        .arm(|a| a.then(|x: &u64| *x, reg))
        .arm(|a| a.then(|x: &u64| *x * 2, reg))
        .merge(|x: &u64, y: &u64| x + y, reg)
        .route(|r| r.case(|x: &u64| *x > 1_000, reg, |big| big.then(|_: u64| 0_u64, reg)).or(|rest| rest))
        .guard(|x: &u64| *x > 0, reg)
        .filter(|x: &u64| *x < 1_000, reg)
        .inspect(seen("inspect"), reg)
        .on_none(|mut log: ResMut<Log>| log.push("none".into()), reg)
        .ok_or("no")
        .map_err(|e: &str| e.len(), reg)
        .or_else(|n: usize| Err::<u64, usize>(n), reg)
        .inspect_err(|_: &usize| {}, reg)
        .catch(|_: usize| {}, reg)
        .map(|x: u64| x.is_multiple_of(2), reg)
        .unwrap_or_else(|| false, reg)
        .not()
        .and(|| true, reg)
        .or(|| false, reg)
        .xor(|| true, reg)
        .then(|mut log: ResMut<Log>, even: bool| log.push(even.to_string()), reg)
        .build()
}

#[test]
fn a_whole_chain_is_stamped_by_cloning_it() {
    let (mut one, mut two) = (world(), world());
    let (pattern, mut apart) = (everything(one.registry()), everything(two.registry()));
    let mut stamped = pattern.clone();
    for x in [1, 1, 2, 400, 900] {
        stamped.run(&mut one, x);
        apart.run(&mut two, x);
    }
    assert!(one.resource::<Log>().len() > 20);
    assert_eq!(one.resource::<Log>(), two.resource::<Log>());
    assert_eq!(stamped.plan(), pattern.plan());

    let reg = one.registry();
    let dag = DagStart::<u64>::new()
        .root(|x: u64| x, reg)
        .fork()
        .arm(|a| a.then(|_: &u64| {}, reg))
        .arm(|a| a.then(|mut sum: ResMut<i64>, x: &u64| *sum += *x as i64, reg))
        .join()
        .build();
    let (mut first, mut second) = (dag.clone(), dag);
    first.run(&mut one, 5);
    second.run(&mut one, 6);
    assert_eq!(*one.resource::<i64>(), 11);

    let add = |mut sum: ResMut<i64>, x: &u64| *sum += *x as i64;
    let fan = fan_out!(add.into_handler(one.registry()), add.into_handler(one.registry()));
    fan.clone().run(&mut one, 1_u64);
    assert_eq!(*one.resource::<i64>(), 13);
}

#[test]
fn one_param_needs_no_comma() {
    handler_blueprint!(One, Event = i64, Params = (ResMut<'static, i64>));
    callback_blueprint!(OneCtx, Context = i64, Event = i64, Params = (ResMut<'static, i64>),);
    let mut world = world();
    HandlerTemplate::<One>::new(|mut n: ResMut<i64>, x: i64| *n += x, world.registry()).generate().run(&mut world, 1);
    let add = |c: &mut i64, mut n: ResMut<i64>, x: i64| *n += x * *c;
    CallbackTemplate::<OneCtx>::new(add, world.registry()).generate(100).run(&mut world, 1);
    assert_eq!(*world.resource::<i64>(), 101);
}
