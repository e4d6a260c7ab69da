//! Step 5: a journal of inputs, so that the program survives its end.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::time::Duration;

use nexus_journal::{Digests, Dir, Options, Program, Recorder, inputs};
use nexus_rt::connections::{Address, Client, Connections, ConnectionsInstaller, Limits, Lines, Opened};
use nexus_rt::timer::{TimerEvent, TimerKey};
use nexus_rt::{
    Clock, Handler, IntoHandler, Local, MioInstaller, PipelineStart, Registry, RegistryRef, Res, ResMut,
    TimerInstaller, TimerPoller, TimerWheel, World, WorldBuilder,
};

type Net = Connections<()>;

/// The most open orders per symbol.
const MOST_OPEN: u32 = 2;

/// How long the feed may be silent before all open orders are cancelled.
const STALE: Duration = Duration::from_secs(2);

/// The highest price at which each symbol is bought.
struct Targets(BTreeMap<&'static str, u64>);

/// The state of the program, which a replay reproduces.
#[derive(Default, Hash)]
struct Book {
    quotes: u64,
    orders: u64,
    open: BTreeMap<&'static str, u32>,
}

/// Output that waits to be sent.
#[derive(Default)]
struct Out(String);

struct Quote {
    symbol: &'static str,
    price: u64,
}

fn parse(targets: Res<Targets>, line: &[u8]) -> Result<Quote, &'static str> {
    let fields = str::from_utf8(line).ok().and_then(|line| line.split_once(' '));
    let (symbol, price) = fields.ok_or("expected SYMBOL PRICE")?;
    let price = price.parse().map_err(|_| "the price is not a number")?;
    let (symbol, _) = targets.0.get_key_value(symbol).ok_or("unknown symbol")?;
    Ok(Quote { symbol, price })
}

fn reject(mut out: ResMut<Out>, error: &'static str) {
    out.0 += &format!("ERROR {error}\n");
}

fn count(mut book: ResMut<Book>, _quote: &Quote) {
    book.quotes += 1;
}

fn is_wanted(targets: Res<Targets>, book: Res<Book>, quote: &Quote) -> bool {
    let open = book.open.get(quote.symbol).copied().unwrap_or_default();
    quote.price <= targets.0[quote.symbol] && open < MOST_OPEN
}

fn order(mut book: ResMut<Book>, mut out: ResMut<Out>, quote: Quote) {
    book.orders += 1;
    *book.open.entry(quote.symbol).or_default() += 1;
    out.0 += &format!("BUY {} {} {}\n", book.orders, quote.symbol, quote.price);
}

/// Sets the alarm, or postpones it.
fn watch(
    clock: Res<Clock>,
    mut timers: ResMut<TimerWheel>,
    mut alarm: Local<Option<TimerKey>>,
    registry: RegistryRef,
    _quote: &Quote,
) {
    let due = clock.now() + STALE;
    if !alarm.is_some_and(|key| timers.reschedule(key, due)) {
        *alarm = Some(timers.schedule(due, Box::new(on_stale.into_handler(&registry))));
    }
}

fn on_stale(mut book: ResMut<Book>, mut out: ResMut<Out>, _timer: TimerEvent) {
    if !book.open.is_empty() {
        book.open.clear();
        out.0 += "CANCEL ALL\n";
    }
}

inputs! {
    /// Everything that reaches the program. The numbers are in the journal, so they never change.
    enum Input<'a> {
        1 = Line(&'a [u8]),
        2 = Timers,
    }
}

/// The program without its sockets.
struct App {
    on_line: Box<dyn for<'a> Handler<&'a [u8]>>,
    timers: TimerPoller,
}

impl App {
    fn register(clock: Clock) -> (WorldBuilder, TimerPoller) {
        let mut builder = WorldBuilder::new();
        let timers = builder.install_driver(TimerInstaller::new(clock.now()));
        builder.register(clock); // before the connections, which otherwise register one
        builder.register(Targets(BTreeMap::from([("ACME", 100), ("INIT", 50)])));
        builder.register_default::<Book>();
        builder.register_default::<Out>();
        (builder, timers)
    }

    fn new(reg: &Registry, timers: TimerPoller) -> Self {
        let on_line = PipelineStart::<&[u8]>::borrowed()
            .then(parse, reg) // &[u8] -> Result<Quote, &str>
            .catch(reject, reg) // the error ends here: Option<Quote>
            .inspect(count, reg)
            .inspect(watch, reg)
            .filter(is_wanted, reg)
            .map(order, reg)
            .build();
        Self { on_line: Box::new(on_line), timers }
    }
}

impl Program for App {
    type Input<'a> = Input<'a>;

    fn apply(&mut self, world: &mut World, input: Input<'_>) {
        world.resource_mut::<Out>().0.clear(); // a replay sends nothing, and would collect all output
        match input {
            Input::Line(line) => self.on_line.run(world, line),
            Input::Timers => {
                let now = world.resource::<Clock>().now();
                self.timers.poll(world, now);
            }
        }
    }
}

fn digests(reg: &Registry) -> Digests {
    let mut digests = Digests::new();
    digests.watch::<Book>(reg);
    digests
}

/// The program with its journal.
struct Live {
    app: App,
    recorder: Recorder,
}

impl Live {
    /// Replays the journal on a new world, and records from now on.
    fn open(world: &mut World, mut app: App, directory: String) -> Result<Self, nexus_journal::Error> {
        let (options, digests) = (Options::new("gateway"), digests(world.registry()));
        let (recorder, _) = Recorder::open(Dir::new(directory), options, (&mut *world, &mut app), digests)?;
        let book = world.resource::<Book>();
        println!("replayed {} quotes, {} orders", book.quotes, book.orders);
        Ok(Self { app, recorder })
    }

    /// Records an input and applies it. Output is held from now on, until the input is on disk.
    fn input(&mut self, world: &mut World, input: Input<'_>) {
        let sequence = self.recorder.input(world, &mut self.app, input);
        world.resource_mut::<Net>().hold(sequence.get());
    }

    /// Writes the recorded inputs to disk, and releases the output that waits for them.
    fn commit(&mut self, world: &mut World) -> Result<(), nexus_journal::Error> {
        let safe = self.recorder.commit(world)?;
        world.resource_mut::<Net>().release(safe.get());
        Ok(())
    }
}

/// Sends the pending output to all sessions.
fn send_to_all(world: &mut World) {
    let text = std::mem::take(&mut world.resource_mut::<Out>().0);
    let mut net = world.resource_mut::<Net>();
    let sessions: Vec<_> = net.ids().collect();
    sessions.into_iter().for_each(|id| _ = net.send(id, text.as_bytes()));
}

/// The venue may have orders of an earlier session. A new one begins without any.
fn on_opened(client: &mut Client<()>, _opened: Opened) {
    client.send(b"CANCEL ALL\n");
}

/// Bounds the cost of one session, and of all sessions together.
fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.connections = 100;
    limits.memory = 64 << 20;
    limits.silent = Some(Duration::from_secs(60));
    limits
}

fn argument(place: usize, default: &str) -> String {
    env::args().nth(place).unwrap_or_else(|| default.into())
}

fn listen(world: &mut World, address: &str) -> Result<(), Box<dyn Error>> {
    let mut connections = world.resource_mut::<Net>();
    let listener = connections.listen(address.parse::<Address>()?)?;
    println!("listening on {}", connections.address(listener).expect("it listens"));
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let (mut builder, timers) = App::register(Clock::historical(Clock::realtime().unix())); // the recorder moves it
    builder.shutdown_handle().enable_signals()?; // SIGINT and SIGTERM
    let mut io = builder.install_driver(MioInstaller::new()?);
    let net = ConnectionsInstaller::<(), _>::new(&io, Lines::new(100))?.limits(limits());
    let mut net = builder.install_driver(net);
    let mut world = builder.build();
    let app = App::new(world.registry(), timers);
    let live = RefCell::new(Live::open(&mut world, app, argument(2, "/tmp/gateway"))?);
    listen(&mut world, &argument(1, "127.0.0.1:9001"))?;

    let on_line = |client: &mut Client<()>, world: &mut World, line: &[u8]| {
        live.borrow_mut().input(world, Input::Line(line));
        client.send(std::mem::take(&mut world.resource_mut::<Out>().0).as_bytes());
    };
    let mut on_line = PipelineStart::<&[u8]>::borrowed().with_context().then(on_line, world.registry()).build();
    net.on_opened(PipelineStart::<Opened>::new().with_context().then(on_opened, world.registry()).build());

    world.run(|world| {
        let now = world.resource::<Clock>().now();
        let next = |world: &World| {
            let timers = live.borrow().app.timers.next_deadline(world);
            [timers, net.next_deadline(world)].into_iter().flatten().min()
        };
        io.poll_until(world, now, next)?;
        let now = live.borrow_mut().recorder.update(world); // the time of this turn
        net.poll(world, usize::MAX, &mut on_line);
        let mut live = live.borrow_mut();
        if live.app.timers.next_deadline(world).is_some_and(|due| due <= now) {
            live.input(world, Input::Timers); // after the connections, so a quote in time counts
            send_to_all(world);
        }
        live.commit(world)?;
        Ok::<(), Box<dyn Error>>(())
    })?;

    let book = world.resource::<Book>();
    println!("{} quotes, {} orders", book.quotes, book.orders);
    Ok(())
}

#[cfg(test)]
mod tests {
    use nexus_journal::testing::run_twice;
    use nexus_rt::testing::{TestHarness, VirtualClock};

    use super::*;

    fn make() -> (TestHarness, App) {
        let time = VirtualClock::new();
        let (builder, timers) = App::register(Clock::test(time.clone(), Duration::ZERO));
        let test = TestHarness::with_clock(builder, time);
        let app = App::new(test.registry(), timers);
        (test, app)
    }

    /// Applies an input as an event, and returns its output.
    fn apply(test: &mut TestHarness, app: &mut App, input: Input<'_>) -> String {
        test.event(|world| app.apply(world, input));
        std::mem::take(&mut test.world_mut().resource_mut::<Out>().0)
    }

    #[test]
    fn two_orders_per_symbol_may_be_open() {
        let (mut test, mut app) = make();
        let mut line = |line: &str| apply(&mut test, &mut app, Input::Line(line.as_bytes()));
        assert_eq!(line("ACME 101"), "");
        assert_eq!(line("ACME 100"), "BUY 1 ACME 100\n");
        assert_eq!(line("ACME 99"), "BUY 2 ACME 99\n");
        assert_eq!(line("ACME 98"), "");
        assert_eq!(line("INIT 50"), "BUY 3 INIT 50\n");
    }

    #[test]
    fn a_bad_line_changes_nothing() {
        let (mut test, mut app) = make();
        for line in [&b"ACME"[..], b"ACME x", b"NONE 1", b"\xff 1"] {
            test.event(|world| app.apply(world, Input::Line(line))).1.changes::<Out>().nothing_else();
        }
    }

    #[test]
    fn a_silent_feed_cancels_all_orders() {
        let (mut test, mut app) = make();
        apply(&mut test, &mut app, Input::Line(b"ACME 99"));
        test.clock().advance(STALE - Duration::from_nanos(1));
        test.world_mut().resource_mut::<Clock>().update();
        assert_eq!(apply(&mut test, &mut app, Input::Timers), "");
        test.clock().advance(Duration::from_nanos(1));
        test.world_mut().resource_mut::<Clock>().update();
        assert_eq!(apply(&mut test, &mut app, Input::Timers), "CANCEL ALL\n");
    }

    #[test]
    fn a_replay_leads_to_the_same_state() {
        let make = || {
            let (builder, timers) = App::register(Clock::historical(Duration::ZERO));
            let world = builder.build();
            let app = App::new(world.registry(), timers);
            let digests = digests(world.registry());
            (world, app, digests)
        };
        let replayed = run_twice(make, |world, app, recorder| {
            let time = VirtualClock::new();
            recorder.set_time(Clock::test(time.clone(), world.resource::<Clock>().unix()));
            for line in [&b"ACME 99"[..], b"ACME x", b"INIT 50"] {
                recorder.update(world);
                recorder.input(world, app, Input::Line(line));
                time.advance(STALE / 2);
            }
            time.advance(STALE);
            recorder.update(world);
            recorder.input(world, app, Input::Timers);
            assert!(world.resource::<Book>().open.is_empty());
            assert_eq!(world.resource::<Out>().0, "CANCEL ALL\n"); // only that of the last input
        });
        assert_eq!(replayed.expect("the replay agrees").inputs, 4);
    }
}
