//! Routes by a `match`.

use nexus_rt::chain::Around;
use nexus_rt::{Describe, Handler, PipelineStart, Registry, Res, ResMut, Sequence, cases};

use crate::support::{Log, world};

#[derive(Debug)]
struct New {
    name: String,
    quantity: u64,
}

#[derive(Debug)]
enum Order {
    New(New),
    Cancel { id: u64, reason: &'static str },
    Heartbeat,
}

fn book(limit: Res<u64>, mut log: ResMut<Log>, new: New) -> Option<u64> {
    log.push(format!("new {}", new.name));
    (new.quantity <= *limit).then_some(new.quantity)
}

fn cancel(mut log: ResMut<Log>, id: u64, reason: &'static str) -> Option<u64> {
    log.push(format!("cancel {id}: {reason}"));
    None
}

#[test]
fn each_case_goes_on_in_its_arm() {
    let mut world = world();
    let reg = world.registry();
    let mut orders = PipelineStart::<Order>::new()
        .route(cases!(|order: Order| match order {
            Order::New(new) if new.quantity > 100 => (new, |new| new.then(|new: New| Some(new.quantity), reg)),
            Order::New(new) => (new, |new| new.then(book, reg)),
            Order::Cancel { id, reason } => ((id, reason), |order| order.splat().then(cancel, reg)),
            Order::Heartbeat => ((), |beat| beat.then(|(): ()| Some(0), reg)),
        }))
        .map(|x: u64| x + 1, reg)
        .build();
    let new = |quantity| Order::New(New { name: "a".into(), quantity });
    assert_eq!(orders.run(&mut world, new(7)), Some(8));
    assert_eq!(orders.run(&mut world, new(70)), None);
    assert_eq!(orders.run(&mut world, new(700)), Some(701));
    assert_eq!(orders.run(&mut world, Order::Cancel { id: 4, reason: "late" }), None);
    assert_eq!(orders.run(&mut world, Order::Heartbeat), Some(1));
    assert_eq!(*world.resource::<Log>(), ["new a", "new a", "cancel 4: late"]);
}

/// Ends each run with an output of a type of its own, so that nothing is cloned or lost.
struct Unique(u64);

#[test]
fn what_a_case_gives_is_moved_and_the_chain_goes_on_with_one_type() {
    enum Either {
        One(Unique),
        Other(Box<Unique>),
    }
    let mut world = world();
    let reg = world.registry();
    let mut chain = PipelineStart::<Either>::new()
        .route(cases!(|either: Either| match either {
            Either::One(unique) => (unique, |unique| unique),
            Either::Other(boxed) => (boxed, |boxed| boxed.then(|boxed: Box<Unique>| *boxed, reg)),
        }))
        .then(|unique: Unique| unique.0, reg)
        .build();
    assert_eq!(chain.run(&mut world, Either::One(Unique(1))), 1);
    assert_eq!(chain.run(&mut world, Either::Other(Box::new(Unique(2)))), 2);
}

fn name(new: &New) -> String {
    new.name.clone()
}

fn number(id: &u64) -> String {
    id.to_string()
}

/// The name of an order that is only looked at, such as in an arm.
macro_rules! named {
    ($chain:expr, $reg:expr) => {
        $chain.route(cases!(|order: &Order| match order {
            Order::New(new) => (new, |new| new.then(name, $reg)),
            Order::Cancel { id, .. } => (id, |id| id.then(number, $reg)),
            Order::Heartbeat => (&(), |beat| beat.then(|(): &()| "beat".to_owned(), $reg)),
        }))
    };
}

#[test]
fn a_chain_over_a_reference_gives_references_of_any_lifetime() {
    let mut world = world();
    let reg = world.registry();
    let mut borrowed = named!(PipelineStart::<&Order>::borrowed(), reg).build();
    for id in [1, 2] {
        let order = Order::Cancel { id, reason: "" };
        assert_eq!(borrowed.run(&mut world, &order), id.to_string());
    }

    let reg = world.registry();
    let log = |mut log: ResMut<Log>, text: String| log.push(text);
    let mut chain = PipelineStart::<Order>::new()
        .tee(|order| named!(order, reg).then(log, reg))
        .fork()
        .arm(|order| named!(order, reg))
        .arm(|order| order.then(|order: &Order| matches!(order, Order::New(_)), reg))
        .merge(|name: &String, new: &bool| (name.clone(), *new), reg)
        .build();
    let new = Order::New(New { name: "a".into(), quantity: 1 });
    assert_eq!(chain.run(&mut world, new), ("a".into(), true));
    assert_eq!(chain.run(&mut world, Order::Heartbeat), ("beat".into(), false));
    assert_eq!(*world.resource::<Log>(), ["a", "beat"]);
}

enum Message<'a> {
    Trade { price: &'a str, quantity: &'a str },
    Quote(&'a str),
    Ping,
}

fn parse(line: &str) -> Message<'_> {
    match line.split_once(' ') {
        Some((price, quantity)) => Message::Trade { price, quantity },
        None if line.is_empty() => Message::Ping,
        None => Message::Quote(line),
    }
}

fn notional(mut sum: ResMut<i64>, price: &str, quantity: &str) -> Result<(), std::num::ParseIntError> {
    *sum += price.parse::<i64>()? * quantity.parse::<i64>()?;
    Ok(())
}

/// A chain whose cases give what borrows from the event.
fn feed(reg: &Registry) -> impl for<'e> Handler<&'e str> + Clone + use<> {
    let log = |mut log: ResMut<Log>, error: std::num::ParseIntError| log.push(error.to_string());
    PipelineStart::<&str>::borrowed()
        .then(parse, reg)
        .route(cases!(for<'a> |message: Message<'a>| -> ((&'a str, &'a str), &'a str, ()) {
            match message {
                Message::Trade { price, quantity } => ((price, quantity), |trade| trade.splat().then(notional, reg)),
                Message::Quote(text) => (text, |quote| quote.then(|_: &str| Ok(()), reg)),
                Message::Ping => ((), |ping| ping.then(|mut sum: ResMut<i64>, (): ()| *sum += 1, reg).then(Ok, reg)),
            }
        }))
        .catch(log, reg)
        .build()
}

#[test]
fn what_borrows_from_the_event_goes_on_where_its_types_are_written() {
    let mut world = world();
    let mut feed = feed(world.registry());
    let mut line = String::new();
    for text in ["7 6", "7 x", "9", ""] {
        line.replace_range(.., text);
        feed.run(&mut world, &line);
    }
    assert_eq!((*world.resource::<i64>(), world.resource::<Log>().len()), (43, 1));
    let mut boxed: Box<dyn for<'e> Handler<&'e str>> = Box::new(feed.clone());
    boxed.run(&mut world, "2 2");
    assert_eq!(*world.resource::<i64>(), 47);
}

#[test]
fn a_match_is_over_any_part_has_any_number_of_cases_and_nests() {
    struct Level {
        side: Option<bool>,
        digit: u8,
    }
    let mut world = world();
    let reg = world.registry();
    let mut chain = PipelineStart::<Level>::new()
        .route(cases!(|level: Level| match level.side.map(|bid| !bid) {
            None => (level.digit, |digit| {
                digit.route(cases!(|digit: u8| match digit {
                    0 => ("zero", |word| word),
                    1 => ("one", |word| word),
                    2 => ("two", |word| word),
                    3 => ("three", |word| word),
                    4 => ("four", |word| word),
                    5 => ("five", |word| word),
                    6 => ("six", |word| word),
                    7 => ("seven", |word| word),
                    8 => ("eight", |word| word),
                    9 => ("nine", |word| word),
                    _ => ((), |many| many.then(|(): ()| "many", reg)),
                }))
            }),
            Some(true) => (level, |level| level.then(|_: Level| "ask", reg)),
            Some(false) => ("bid", |word| word),
        }))
        .build();
    let run = |side, digit| chain.run(&mut world, Level { side, digit });
    let all = [(None, 0), (None, 8), (None, 99), (Some(false), 0), (Some(true), 0)];
    let mut run = run;
    assert_eq!(all.map(|(side, digit)| run(side, digit)), ["zero", "eight", "many", "ask", "bid"]);
}

#[test]
fn one_case_is_enough_and_a_context_reaches_the_arms() {
    let mut world = world();
    let reg = world.registry();
    let mut sums = PipelineStart::<(u64, u64)>::new()
        .with_context::<Vec<u64>>()
        .route(cases!(|pair: (u64, u64)| match pair {
            (x, y) =>
                (x + y, |sum| sum.then(|sums: &mut Vec<u64>, limit: Res<u64>, x: u64| sums.push(x * *limit), reg)),
        }))
        .build()
        .into_callback(vec![]);
    sums.run(&mut world, (3, 4));
    assert_eq!(sums.ctx, [70]);
}

fn wired(reg: &Registry) -> impl Handler<Order> + use<> {
    let count = |mut sum: ResMut<i64>, _: u64| *sum += 1;
    PipelineStart::<Order>::new()
        .route(cases!(|order: Order| match order {
            Order::New(new) if new.quantity > 100 => (None, |none| none),
            Order::New(new) => (new, |new| new.then(book, reg)),
            Order::Cancel { id, .. } => (id, |id| id.guard(|limit: Res<u64>, id: &u64| *id < *limit, reg)),
            Order::Heartbeat => (None, |none| none),
        }))
        .map(count, reg)
        .build()
}

#[test]
fn plans_show_the_cases_under_their_names() {
    let plan = wired(world().registry()).plan();
    let expected = "\
book
├─ route                                                      -> Option<u64>
│  ├─ case New if new.quantity > 100
│  ├─ case New
│  │  └─ book                      reads u64; writes Vec<String>  -> Option<u64>
│  ├─ case Cancel
│  │  └─ guard                                                -> Option<u64>
│  │     └─ closure in wired       reads u64
│  └─ case Heartbeat
└─ map                                                        -> Option<()>
   └─ closure in wired             writes i64
";
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(words(&plan.to_string()), words(expected), "\n{plan}");
    let mermaid = plan.to_mermaid();
    for arrow in [
        "n1 -->|\"New\"| n2",
        "n1 -->|\"Cancel\"| n3",
        "n1 -->|\"New if new.quantity &gt; 100\"| n4",
        "n1 -->|\"Heartbeat\"| n4",
    ] {
        assert!(mermaid.contains(arrow), "{arrow}\n{mermaid}");
    }
    assert!(plan.to_dot().contains("n1 -> n3 [label=\"Cancel\"];"), "{}", plan.to_dot());
    let json = plan.to_json();
    assert!(
        json.contains(r#"{"kind":"case","name":"Cancel","pattern":"Order::Cancel { id, .. }","output":"#),
        "{json}"
    );
}

#[test]
fn something_runs_around_each_function_of_the_arms() {
    struct Count;
    impl Around for Count {
        fn around<Out>(&mut self, _: Sequence, run: impl FnOnce() -> Out) -> Out {
            run()
        }

        fn mark(&self) -> Option<u64> {
            Some(1)
        }
    }
    let mut world = world();
    let reg = world.registry();
    let chain = named!(PipelineStart::<&Order>::borrowed(), reg).build();
    let (plain, mut around) = (chain.plan(), chain.around_each(|_| Count));
    assert_eq!(plain.to_json(), around.plan().to_json());
    let mut marks = 0;
    around.plan().annotate(|function| {
        marks += function.mark.unwrap_or(0);
        None
    });
    assert_eq!(marks, 3);
    assert_eq!(around.run(&mut world, &Order::Heartbeat), "beat");
}

#[test]
fn a_key_chooses_the_case_which_takes_a_part_or_the_whole() {
    #[derive(Clone, Copy)]
    enum Kind {
        Add,
        Remove,
        Other(u8),
    }
    fn add(mut sum: ResMut<i64>, x: i64) {
        *sum += x;
    }
    fn other(mut log: ResMut<Log>, (x, kind): (i64, Kind)) {
        let Kind::Other(code) = kind else { unreachable!("the other cases take these") };
        log.push(format!("{x} for {code}"));
    }
    let mut world = world();
    let reg = world.registry();
    let mut chain = PipelineStart::<(i64, Kind)>::new()
        .route(cases!(|event: (i64, Kind)| match event.1 {
            Kind::Add => (event.0, |x| x.then(add, reg)),
            Kind::Remove => (event.0, |x| x.then(|x: i64| -x, reg).then(add, reg)),
            Kind::Other(_) => (event, |event| event.then(other, reg)),
        }))
        .build();
    for event in [(7, Kind::Add), (3, Kind::Remove), (9, Kind::Other(4)), (1, Kind::Remove)] {
        chain.run(&mut world, event);
    }
    assert_eq!((*world.resource::<i64>(), &world.resource::<Log>()[..]), (3, &["9 for 4".to_owned()][..]));
}

#[test]
fn handlers_are_dispatched_to_and_moved_into_arms() {
    use nexus_rt::{IntoCallback, IntoHandler, Virtual};

    let mut world = world();
    let reg = world.registry();
    let note = |mut log: ResMut<Log>, text: String| log.push(text);
    let boxed: Virtual<String> = Box::new(note.into_handler(reg));
    let counted = |count: &mut u64, mut sum: ResMut<i64>, _: u64| {
        *count += 1;
        *sum = count.cast_signed();
    };
    let mut chain = PipelineStart::<Result<String, u64>>::new()
        .route(cases!(|event: Result<String, u64>| match event {
            Ok(text) => (text, |text| text.dispatch(boxed)),
            Err(code) => (code, |code| code.dispatch(counted.into_callback(0, reg))),
        }))
        .build();
    for event in [Ok("a".to_owned()), Err(1), Err(2)] {
        chain.run(&mut world, event);
    }
    assert_eq!((*world.resource::<i64>(), &world.resource::<Log>()[..]), (2, &["a".to_owned()][..]));
}

#[test]
fn functions_of_users_have_any_name() {
    fn lent(quantity: &u64) -> u64 {
        *quantity + 1000
    }
    fn split(text: &str) -> u64 {
        text.parse().unwrap_or(0)
    }
    let mut world = world();
    let reg = world.registry();
    let mut lengths = PipelineStart::<&Option<u64>>::borrowed()
        .route(cases!(|quantity: &Option<u64>| match quantity {
            Some(quantity) => (quantity, |quantity| quantity.then(lent, reg)),
            None => (&(), |none| none.then(|(): &()| 0, reg)),
        }))
        .build();
    let mut numbers = PipelineStart::<&str>::borrowed()
        .then(parse, reg)
        .route(cases!(for<'a> |message: Message<'a>| -> (&'a str, ()) {
            match message {
                Message::Quote(text) if split(text) > 0 => (text, |text| text.then(split, reg)),
                _ => ((), |rest| rest.then(|(): ()| 0, reg)),
            }
        }))
        .build();
    assert_eq!([Some(5), None].map(|x| lengths.run(&mut world, &x)), [1005, 0]);
    assert_eq!(["7 6", "9", "x"].map(|line| numbers.run(&mut world, line)), [0, 9, 0]);
}

#[test]
fn a_reference_with_a_lifetime_is_a_value() {
    let mut world = world();
    let reg = world.registry();
    let mut topics = PipelineStart::<&'static str>::new()
        .route(cases!(|topic: &'static str| match topic {
            "book" => ((), |book| book.then(|(): ()| 1_usize, reg)),
            _ => (topic.len(), |length| length.then(|length: usize| length, reg)),
        }))
        .build();
    assert_eq!(["book", "trades"].map(|topic| topics.run(&mut world, topic)), [1, 6]);
}
