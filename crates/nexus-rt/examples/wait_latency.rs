//! What does each way to wait cost on this machine?
//!
//! `cargo run --release --example wait_latency --features mio,ring`, with `-- --samples N` for the events per row
//!
//! Another thread sends events after random pauses. For each way to wait, and for both places to sleep, the program
//! prints the time from the call of `send` to the handler, and the processor time that an idle loop uses. It takes
//! about ten seconds. Its table is Markdown and names the processor.

mod options;
mod sleep;

use std::error::Error;
use std::fs;
use std::io;
use std::thread;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use nexus_rt::inbox::{Closed, Full, Inbox, InboxInstaller, Sender};
use nexus_rt::wait::{Doorbell, Idle, Parker, Wait};
use nexus_rt::{Clock, IntoHandler, MioDriver, MioInstaller, Res, ResMut, Shutdown, WorldBuilder};

use crate::options::{options, parsed};
use crate::sleep::Sleep;

/// How long the loop is idle while its processor time is measured.
const QUIET: Duration = Duration::from_millis(250);

/// The longest pause between two events. Pauses are uniformly distributed.
const PAUSE: u64 = 600_000;

enum Event {
    /// An event, with the time at which it was sent.
    Sample(Instant),
    /// Begins or ends an idle period: nothing is sent between two of these.
    Quiet(Instant),
}

/// Measurements of the handler.
struct Measured {
    nanos: Histogram<u64>,
    /// The thread's processor time and the wall-clock time at the start of the idle period.
    quiet: Option<(Duration, Instant)>,
    /// Processor time used per unit of wall-clock time.
    used: Option<f64>,
}

fn on_event(mut measured: ResMut<Measured>, event: Event) {
    match event {
        Event::Sample(sent) => {
            let nanos = u64::try_from(sent.elapsed().as_nanos()).unwrap_or(u64::MAX);
            measured.nanos.saturating_record(nanos.max(1));
        }
        Event::Quiet(now) => {
            let used = used_by_this_thread();
            if let Some((used_before, before)) = measured.quiet {
                measured.used = used.map(|used| (used - used_before).div_duration_f64(now - before));
            }
            measured.quiet = used.map(|used| (used, now));
        }
    }
}

fn on_end(shutdown: Res<Shutdown>, _: Closed) {
    shutdown.shutdown();
}

/// The processor time of the current thread, on Linux.
fn used_by_this_thread() -> Option<Duration> {
    let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}

/// Pseudo-random numbers (xorshift).
fn random(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

fn send(sender: &Sender<Event>, samples: u64) {
    let mut state = 0x9e37_79b9_7f4a_7c15;
    let send = |event| sender.send(event).expect("the loop runs until there are no senders");
    for _ in 0..samples {
        thread::sleep(Duration::from_nanos(random(&mut state) % PAUSE));
        send(Event::Sample(Instant::now()));
    }
    for _ in 0..2 {
        thread::sleep(QUIET);
        send(Event::Quiet(Instant::now()));
    }
}

fn parker(builder: &mut WorldBuilder) -> io::Result<(Sleep, Doorbell)> {
    let parker = Parker::new(&builder.shutdown_handle());
    let bell = parker.doorbell();
    Ok((Sleep::Parker(parker), bell))
}

fn sockets(builder: &mut WorldBuilder) -> io::Result<(Sleep, Doorbell)> {
    let io = builder.install_driver(MioInstaller::new()?);
    let bell = builder.resource_mut::<MioDriver>().doorbell();
    Ok((Sleep::Sockets(Box::new(io)), bell))
}

type MakeSleep = fn(&mut WorldBuilder) -> io::Result<(Sleep, Doorbell)>;

fn measure(make: MakeSleep, wait: Wait, samples: u64) -> io::Result<(Histogram<u64>, Option<f64>)> {
    let mut builder = WorldBuilder::new();
    let (mut sleep, bell) = make(&mut builder)?;
    let mut inbox = builder.install_driver(InboxInstaller::new(1_024, Full::Wait, &bell));
    builder.register(Clock::realtime());
    let nanos = Histogram::new_with_bounds(1, 1 << 40, 3).expect("these bounds are allowed");
    builder.register(Measured { nanos, quiet: None, used: None });
    let mut world = builder.build();
    let on_end = on_end.into_handler(world.registry());
    let mut on_event = on_event.into_handler(world.registry());
    let mut resource = world.resource_mut::<Inbox<Event>>();
    resource.on_closed(on_end);
    let sender = resource.sender();
    let sending = thread::spawn(move || send(&sender, samples));

    let (mut idle, mut ran) = (Idle::new(wait), 0);
    world.run(|world| {
        let now = world.resource::<Clock>().now();
        ran = sleep.begin(world, now, idle.until(ran, now, None))?;
        ran += inbox.poll(world, 64, &mut on_event);
        Ok::<(), io::Error>(())
    })?;
    sending.join().expect("the sender does not panic");
    let measured = world.resource::<Measured>();
    Ok((measured.nanos.clone(), measured.used))
}

fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let count = thread::available_parallelism().map_or(1, usize::from);
    format!("{}, {count} processors", model.map_or("an unknown processor", |(_, model)| model))
}

fn main() -> Result<(), Box<dyn Error>> {
    let [samples] = options(["--samples"])?;
    let samples = parsed(samples, 3_000_u64)?.max(1);
    println!("{samples} events per row, on {}:\n", processor());
    println!("| sleep | wait | p50 | p99 | processor time used per second while idle |");
    println!("|---|---|---:|---:|---:|");
    for (name, make) in [("`Parker`", parker as MakeSleep), ("sockets", sockets)] {
        for wait in ["spin", "yield", "backoff", "block"] {
            eprintln!("measuring {name}, {wait} ..");
            let (nanos, used) = measure(make, wait.parse()?, samples)?;
            assert_eq!(nanos.len(), samples, "every event arrives, and once");
            let [median, high] = [0.5, 0.99].map(|q| nanos.value_at_quantile(q) as f64 / 1_000.0);
            let used = used.map_or_else(|| "unknown".into(), |used| format!("{:.0} ms", used * 1_000.0));
            println!("| {name} | `{wait}` | {median:.1} µs | {high:.1} µs | {used} |");
        }
    }
    Ok(())
}
