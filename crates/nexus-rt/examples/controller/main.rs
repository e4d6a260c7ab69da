//! How late are the ticks of a control loop at 1 kHz, as on an embedded Linux controller?
//!
//! `cargo run --release --example controller --features mio,ring,signals,timer`
//!
//! A periodic timer runs a pipeline: read a sensor, compute, drive a motor. A control loop does not wait for a
//! terminal, so a watchdog sends each tick that is too late to a thread that prints it. The example runs for two
//! seconds, or until Ctrl-C, then prints how late the ticks were. Options, after `--`:
//!
//! - `--wait NAME`: `block` (the default), `spin`, `yield`, `backoff` or `backoff=N`
//! - `--ticks N`: the number of ticks, one per millisecond
//! - `--limit MICROSECONDS`: a tick later than this is reported (default 500)
//! - `--sleep NAME`: `sockets` (the default), or `parker` for a controller without sockets
//! - `--journal DIR`: record each turn
//! - `--replay DIR`: run a recording again, without waiting, and check that the result is the same to the bit

pub(crate) mod control;
#[path = "../options/mod.rs"]
mod options;
pub(crate) mod program;
mod report;
#[path = "../sleep/mod.rs"]
mod sleep;

use std::error::Error;
use std::process::ExitCode;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use nexus_journal::{Digests, Dir, Disk, Program, Reader, Recorder};
use nexus_rt::wait::{Idle, Parker, Wait};
use nexus_rt::{Clock, MioInstaller, World, WorldBuilder};

use control::{PERIOD, Settings};
use options::{options, parsed};
use program::{Controller, Input};
use sleep::Sleep;

/// The value of `--sleep`.
enum Place {
    Sockets,
    Parker,
}

impl FromStr for Place {
    type Err = &'static str;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "sockets" => Ok(Self::Sockets),
            "parker" => Ok(Self::Parker),
            _ => Err("use `sockets` or `parker`"),
        }
    }
}

/// Moves the clock of the world and applies inputs, with or without a journal.
enum Entrance {
    Bare(Clock),
    Recorded(Box<Recorder>),
}

impl Entrance {
    /// Creates a journal.
    fn record(directory: &str, state: (&mut World, &mut Controller), digests: Digests) -> Result<Self, Box<dyn Error>> {
        if open(directory)?.read()?.is_some() {
            return Err(format!(
                "{directory} already contains a journal: choose another directory, or replay it with `--replay`"
            )
            .into());
        }
        let (recorder, _) = Recorder::open(Dir::new(directory), program::options(), state, digests)?;
        Ok(Self::Recorded(Box::new(recorder)))
    }

    /// Moves the clock to the present. Returns it by the clock of the world and by that of the machine.
    fn update(&mut self, world: &mut World) -> (Instant, Instant) {
        let now = match self {
            Self::Bare(real) => {
                real.update();
                let unix = real.unix();
                world.resource_mut::<Clock>().set_unix(unix)
            }
            Self::Recorded(recorder) => recorder.update(world),
        };
        (now, Instant::now())
    }

    fn input(&mut self, world: &mut World, controller: &mut Controller, input: Input) {
        match self {
            Self::Bare(_) => {
                world.next_sequence();
                controller.apply(world, input);
            }
            Self::Recorded(recorder) => _ = recorder.input(world, controller, input),
        }
    }

    fn commit(&mut self, world: &World) -> Result<(), nexus_journal::Error> {
        match self {
            Self::Bare(_) => Ok(()),
            Self::Recorded(recorder) => recorder.commit(world).map(drop),
        }
    }

    /// Returns the digest of the state, if it was recorded.
    fn close(self, world: &World) -> Result<Option<u64>, nexus_journal::Error> {
        let Self::Recorded(recorder) = self else { return Ok(None) };
        let digest = recorder.total(world);
        recorder.close(world)?;
        Ok(Some(digest))
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("controller: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let [wait, ticks, limit, place, journal, replay] =
        options(["--wait", "--ticks", "--limit", "--sleep", "--journal", "--replay"])?;
    if let Some(directory) = replay {
        return run_again(&directory);
    }
    let (wait, ticks) = (parsed(wait, Wait::Block)?, parsed(ticks, 2_000_u64)?.max(1));
    let settings = Settings { ticks, limit: Duration::from_micros(parsed(limit, 500)?) };
    let mut builder = WorldBuilder::new();
    let shutdown = builder.shutdown_handle();
    shutdown.enable_signals()?;
    let mut sleep = match parsed(place, Place::Sockets)? {
        Place::Sockets => Sleep::Sockets(Box::new(builder.install_driver(MioInstaller::new()?))),
        Place::Parker => Sleep::Parker(Parker::new(&shutdown)),
    };
    let (outbox, printer) = report::printer();
    let timers = Controller::register(&mut builder, outbox);
    let mut world = builder.build();
    let (mut controller, digests) = Controller::over(&world, timers);
    let mut entrance = match &journal {
        Some(directory) => Entrance::record(directory, (&mut world, &mut controller), digests)?,
        None => Entrance::Bare(Clock::realtime()),
    };

    println!("{ticks} ticks of {PERIOD:?}; the loop waits by `{wait}`");
    let (mut now, mut machine) = entrance.update(&mut world);
    entrance.input(&mut world, &mut controller, Input::Start(settings));
    entrance.input(&mut world, &mut controller, Input::Aim(100.0));
    let (mut idle, mut ran, mut inputs) = (Idle::new(wait), 0, 2_u64);
    world.run(|world| {
        let until = idle.until(ran, now, controller.next_deadline(world));
        // The loop sleeps by the clock of the machine, which differs from that of the world.
        let until = until.map(|until| machine + until.saturating_duration_since(now));
        ran = sleep.begin(world, machine, until)?;
        (now, machine) = entrance.update(world);
        if controller.next_deadline(world).is_some_and(|deadline| deadline <= now) {
            entrance.input(world, &mut controller, Input::Turn);
            (ran, inputs) = (ran + 1, inputs + 1);
        }
        entrance.commit(world)?;
        Ok::<(), Box<dyn Error>>(())
    })?;
    report::print(&world);
    let digest = entrance.close(&world)?;
    drop(world); // and with it the outbox, which ends the printer
    let reported = printer.join().expect("the printer does not panic");
    println!("{reported} ticks were reported as later than {:?}", settings.limit);
    if let (Some(digest), Some(directory)) = (digest, &journal) {
        let (_, bytes) = open(directory)?.progress();
        println!("recorded {inputs} inputs in {bytes} bytes; the state is {digest:016x}");
    }
    Ok(())
}

/// Opens a journal for reading.
fn open(directory: &str) -> Result<Reader, nexus_journal::Error> {
    let disk: Arc<dyn Disk> = Dir::new(directory).into();
    Reader::open(disk, Some(&program::options().program))
}

/// Replays a journal.
fn run_again(directory: &str) -> Result<(), Box<dyn Error>> {
    let mut reader = open(directory)?;
    if reader.progress().1 == 0 {
        return Err(format!("there is no journal in {directory}: record one with `--journal {directory}`").into());
    }
    let (outbox, printer) = report::printer();
    let mut builder = WorldBuilder::new();
    let timers = Controller::register(&mut builder, outbox);
    let mut world = builder.build();
    let (mut controller, digests) = Controller::over(&world, timers);
    let start = Instant::now();
    let replayed = reader.replay(&mut world, &mut controller, &digests, None)?;
    let (took, digest) = (start.elapsed(), digests.total(&world));

    let settings = *world.resource::<Settings>();
    println!("{} ticks of {PERIOD:?}; run again from {directory}", settings.ticks);
    report::print(&world);
    drop(world);
    let reported = printer.join().expect("the printer does not panic");
    println!("{reported} ticks were reported as later than {:?}", settings.limit);
    if let Some(torn) = replayed.torn {
        println!("{torn}");
    }
    let (inputs, checks) = (replayed.inputs, replayed.checks);
    println!("replayed {inputs} inputs in {took:.1?}; all {checks} checks agreed; the state is {digest:016x}");
    Ok(())
}
