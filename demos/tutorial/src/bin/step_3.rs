//! Step 3: a timer cancels the orders when the feed is stale.

use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::time::Duration;

use nexus_rt::connections::{Address, Client, Connections, ConnectionsInstaller, Limits, Lines, Opened};
use nexus_rt::timer::{TimerEvent, TimerKey};
use nexus_rt::{
    Clock, IntoHandler, Local, MioInstaller, PipelineStart, RegistryRef, Res, ResMut, TimerInstaller, TimerWheel,
    World, WorldBuilder,
};

type Net = Connections<()>;

/// The most open orders per symbol.
const MOST_OPEN: u32 = 2;

/// How long the feed may be silent before all open orders are cancelled.
const STALE: Duration = Duration::from_secs(2);

/// The highest price at which each symbol is bought.
struct Targets(BTreeMap<&'static str, u64>);

/// The state of the program.
#[derive(Default)]
struct Book {
    quotes: u64,
    orders: u64,
    open: BTreeMap<&'static str, u32>,
}

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

fn reject(client: &mut Client<()>, error: &'static str) {
    client.send(format!("ERROR {error}\n").as_bytes());
}

fn count(mut book: ResMut<Book>, _quote: &Quote) {
    book.quotes += 1;
}

fn is_wanted(targets: Res<Targets>, book: Res<Book>, quote: &Quote) -> bool {
    let open = book.open.get(quote.symbol).copied().unwrap_or_default();
    quote.price <= targets.0[quote.symbol] && open < MOST_OPEN
}

fn order(client: &mut Client<()>, mut book: ResMut<Book>, quote: Quote) {
    book.orders += 1;
    *book.open.entry(quote.symbol).or_default() += 1;
    client.send(format!("BUY {} {} {}\n", book.orders, quote.symbol, quote.price).as_bytes());
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

fn on_stale(mut book: ResMut<Book>, mut net: ResMut<Net>, _timer: TimerEvent) {
    if !book.open.is_empty() {
        book.open.clear();
        let sessions: Vec<_> = net.ids().collect();
        sessions.into_iter().for_each(|id| _ = net.send(id, b"CANCEL ALL\n"));
    }
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
    let mut builder = WorldBuilder::new();
    let clock = Clock::realtime();
    let mut timers = builder.install_driver(TimerInstaller::new(clock.now()));
    builder.register(clock); // before the connections, which otherwise register one
    builder.shutdown_handle().enable_signals()?; // SIGINT and SIGTERM
    builder.register(Targets(BTreeMap::from([("ACME", 100), ("INIT", 50)])));
    builder.register_default::<Book>();
    let mut io = builder.install_driver(MioInstaller::new()?);
    let net = ConnectionsInstaller::<(), _>::new(&io, Lines::new(100))?.limits(limits());
    let mut net = builder.install_driver(net);
    let mut world = builder.build();
    listen(&mut world, &argument(1, "127.0.0.1:9001"))?;

    let reg = world.registry();
    let mut on_line = PipelineStart::<&[u8]>::borrowed()
        .with_context::<Client<()>>()
        .then(parse, reg) // &[u8] -> Result<Quote, &str>
        .catch(reject, reg) // the error ends here: Option<Quote>
        .inspect(count, reg)
        .inspect(watch, reg)
        .filter(is_wanted, reg)
        .map(order, reg)
        .build();
    net.on_opened(PipelineStart::<Opened>::new().with_context().then(on_opened, world.registry()).build());

    world.run(|world| {
        let now = world.resource::<Clock>().now();
        let next = |world: &_| [timers.next_deadline(world), net.next_deadline(world)].into_iter().flatten().min();
        io.poll_until(world, now, next)?;
        net.poll(world, usize::MAX, &mut on_line);
        timers.poll(world, world.resource::<Clock>().now()); // after the connections, so a quote in time counts
        Ok::<(), Box<dyn Error>>(())
    })?;

    let book = world.resource::<Book>();
    println!("{} quotes, {} orders", book.quotes, book.orders);
    Ok(())
}
