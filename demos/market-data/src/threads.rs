//! The replay on two threads: one reads and decodes, the other owns the world and dispatches. An inbox connects them.

use std::io;
use std::panic::resume_unwind;
use std::path::PathBuf;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use indicatif::ProgressBar;
use nexus_rt::inbox::{Closed, Full, Inbox, InboxInstaller, InboxPoller, Sender};
use nexus_rt::wait::Parker;
use nexus_rt::{IntoHandler, World};

use crate::args::Args;
use crate::counts::Symbol;
use crate::feed::{self, Pollers};
use crate::input::{self, Part};
use crate::live::live;
use crate::message::{Event, Line};
use crate::problems::Problem;
use crate::profile::{Measure, Measures};
use crate::program::{Begin, Input};
use crate::replay::{Latency, histogram, record};
use crate::time::Times;

/// The capacity of the inbox. If it is full, the decoding thread waits.
const ROOM: usize = 1_024;

/// The number of inputs after which the dispatching thread is woken, unless the capture pauses earlier.
const BATCH: u64 = 256;

/// The load of each thread, over all replays.
#[derive(Default, Debug)]
pub(crate) struct Load {
    /// Lines read and decoded.
    pub(crate) lines: u64,
    /// The time spent reading and decoding, without the waits for space in the inbox.
    pub(crate) decoding: Duration,
    /// Events dispatched.
    pub(crate) events: u64,
    /// The time spent on events, without the time for which they were held back.
    pub(crate) dispatching: Duration,
    /// The largest number of entries that waited in the inbox.
    pub(crate) deepest: usize,
    /// The capacity of the inbox.
    pub(crate) room: usize,
}

/// An input, with what one thread would know after it. The capture may end with it, and by then the decoding thread has
/// read further.
struct Known {
    input: Input,
    /// The number of lines so far, blank ones included.
    lines: u64,
    /// The symbol, with the first input after which it is known.
    symbol: Option<Symbol>,
}

/// An input, or the error that a file cannot be opened, which ends the capture.
type Read = Result<Known, io::Error>;

/// The final results of the decoding thread.
struct Decoded {
    /// The number of lines, blank ones included.
    lines: u64,
    latency: Histogram<u64>,
    busy: Duration,
}

/// Replays the capture once into a fresh world, and returns it.
///
/// # Errors
/// If an input cannot be opened, or the thread cannot be started.
pub(crate) fn replay<M: Measure>(
    args: &Args,
    progress: &ProgressBar,
    latency: &mut Latency,
    measures: &Measures<M>,
) -> io::Result<World> {
    let Receiving { mut world, pollers, mut inbox, mut parker, sender } = Receiving::new(args.strategies);
    let mut live = live(args, &mut world, pollers, &measures.dispatching)?;
    let thread = start(args, progress, sender, measures.decoding.clone())?;
    let load = latency.load.get_or_insert_default();
    let mut batch = Vec::with_capacity(ROOM);
    let (mut lines, mut symbol) = (0, Symbol::default());

    world.run(|world| {
        if inbox.fill(world, ROOM, &mut batch) == 0 {
            live.commit(world)?;
            parker.park(None); // until there is a batch, or the end
            return Ok(());
        }
        let (start, held) = (Instant::now(), live.pacer.held);
        for read in batch.drain(..) {
            let Known { input, lines: so_far, symbol: named } = read?;
            lines = so_far;
            if let Some(named) = named {
                symbol = named;
            }
            load.events += u64::from(matches!(input, Input::Event(_)));
            live.take(world, input)?;
            if live.is_stopped(world) {
                world.resource_mut::<Inbox<Read>>().close();
                world.shutdown_handle().shutdown();
                break;
            }
        }
        load.dispatching += start.elapsed().saturating_sub(live.pacer.held - held);
        Ok::<(), io::Error>(())
    })?;

    // Do not wait for a thread that is no longer needed: its read may block until more input is written.
    if !live.is_stopped(&world) {
        let decoded = thread.join().unwrap_or_else(|panic| resume_unwind(panic));
        latency.decode.add(&decoded.latency).expect("both have the same bounds");
        load.add(&decoded, &world);
        lines = decoded.lines;
    }
    live.end(&mut world, (lines, symbol), latency)?;
    Ok(world)
}

impl Load {
    /// Adds the load of a replay, from the results of the decoding thread and the statistics of the world's inbox.
    fn add(&mut self, decoded: &Decoded, world: &World) {
        self.lines += decoded.latency.len();
        self.decoding += decoded.busy;
        let stats = world.resource::<Inbox<Read>>().stats();
        self.deepest = self.deepest.max(stats.deepest);
        self.room = stats.capacity;
    }
}

/// The receiving end: a world with an inbox. The loop ends when the inbox closes.
struct Receiving {
    world: World,
    pollers: Pollers,
    inbox: InboxPoller<Read>,
    parker: Parker,
    sender: Sender<Read>,
}

impl Receiving {
    fn new(strategies: u32) -> Self {
        let (mut builder, pollers) = feed::builder(strategies);
        let shutdown = builder.shutdown_handle();
        let parker = Parker::new(&shutdown);
        // Nothing may be lost: if the inbox is full, the decoding thread waits.
        let inbox = builder.install_driver(InboxInstaller::new(ROOM, Full::Wait, &parker.doorbell()));
        let mut world = builder.build();
        let end = (move |_: Closed| shutdown.shutdown()).into_handler(world.registry());
        let mut resource = world.resource_mut::<Inbox<Read>>();
        resource.on_closed(end);
        let sender = resource.sender();
        Self { world, pollers, inbox, parker, sender }
    }
}

/// Starts the decoding thread.
fn start<M: Measure>(
    args: &Args,
    progress: &ProgressBar,
    sender: Sender<Read>,
    measure: M,
) -> io::Result<JoinHandle<Decoded>> {
    let (paths, progress, times) = (args.input.clone(), progress.clone(), Times(args.time_unit));
    let thread = thread::Builder::new().name("decoding".into());
    thread
        .spawn(move || decode(&paths, &progress, feed::decoding(times, &measure), &sender))
        .map_err(|error| io::Error::new(error.kind(), format!("cannot start the decoding thread: {error}")))
}

/// Reads and decodes the capture, and sends it until the other thread stops receiving.
fn decode(
    paths: &[PathBuf],
    progress: &ProgressBar,
    (mut world, mut decode): (World, impl FnMut(&mut World, &Line) -> Result<Event, Problem>),
    sender: &Sender<Read>,
) -> Decoded {
    let (mut latency, mut busy) = (histogram(), Duration::ZERO);
    let mut pushed = 0_u64;
    let mut since = Instant::now();
    let mut is_named = false;
    let lines = input::read(paths, progress, |part| {
        let (lines, input) = match part {
            Part::Begin(path, lines) => (lines, Input::Begin(Begin { name: path.display().to_string(), lines })),
            Part::Broken(problem) => (problem.line, Input::Broken(problem)),
            Part::Line(line) => {
                let start = Instant::now();
                let decoded = decode(&mut world, line);
                let end = Instant::now();
                record(&mut latency, end - start);
                busy += end - since;
                (line.number, Input::from(decoded))
            }
            Part::Pause => {
                sender.ring();
                return true;
            }
        };
        let symbol = Some(world.resource::<Symbol>()).filter(|symbol| !is_named && symbol.0.is_some()).cloned();
        is_named |= symbol.is_some();
        let sent = sender.push(Ok(Known { input, lines, symbol })).is_ok();
        since = Instant::now();
        pushed += 1;
        if pushed.is_multiple_of(BATCH) {
            sender.ring();
        }
        sent
    });
    let lines = lines.unwrap_or_else(|error| {
        // If the receiver is gone, the error does not matter.
        let _ = sender.push(Err(error));
        0
    });
    Decoded { lines, latency, busy }
}
