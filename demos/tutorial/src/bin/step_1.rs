//! Step 1: quotes come in over a socket.

use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::time::Duration;

use nexus_rt::connections::{Address, Client, Connections, ConnectionsInstaller, Limits, Lines};
use nexus_rt::{Clock, MioInstaller, PipelineStart, Res, World, WorldBuilder};

type Net = Connections<()>;

/// The highest price at which each symbol is bought.
struct Targets(BTreeMap<&'static str, u64>);

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

fn show(quote: Quote) {
    println!("{} at {}", quote.symbol, quote.price);
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
    builder.shutdown_handle().enable_signals()?; // SIGINT and SIGTERM
    builder.register(Targets(BTreeMap::from([("ACME", 100), ("INIT", 50)])));
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
        .map(show, reg)
        .build();

    world.run(|world| {
        let now = world.resource::<Clock>().now();
        io.poll_until(world, now, |world| net.next_deadline(world))?;
        net.poll(world, usize::MAX, &mut on_line);
        Ok::<(), Box<dyn Error>>(())
    })
}
