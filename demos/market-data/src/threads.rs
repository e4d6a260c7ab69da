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

/// An input, or the error that a file cannot be opened, which ends the capture.
type Read = Result<Input, io::Error>;

/// The final results of the decoding thread.
struct Decoded {
    /// The number of lines, blank ones included.
    lines: u64,
    symbol: Symbol,
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

    world.run(|world| {
        if inbox.fill(world, ROOM, &mut batch) == 0 {
            live.commit(world)?;
            parker.park(None); // until there is a batch, or the end
            return Ok(());
        }
        let (start, held) = (Instant::now(), live.pacer.held);
        for read in batch.drain(..) {
            let input = read?;
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

    let (mut lines, mut symbol) = (0, Symbol::default());
    // Do not wait for a thread that is no longer needed: its read may block until more input is written.
    if !live.is_stopped(&world) {
        let decoded = thread.join().unwrap_or_else(|panic| resume_unwind(panic));
        latency.decode.add(&decoded.latency).expect("both have the same bounds");
        load.add(&decoded, &world);
        (lines, symbol) = (decoded.lines, decoded.symbol);
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
    let lines = input::read(paths, progress, |part| {
        let read = match part {
            Part::Begin(path, lines) => Input::Begin(Begin { name: path.display().to_string(), lines }),
            Part::Broken(problem) => Input::Broken(problem),
            Part::Line(line) => {
                let start = Instant::now();
                let decoded = decode(&mut world, line);
                let end = Instant::now();
                record(&mut latency, end - start);
                busy += end - since;
                Input::from(decoded)
            }
            Part::Pause => {
                sender.ring();
                return true;
            }
        };
        let sent = sender.push(Ok(read)).is_ok();
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
    let symbol = std::mem::take(&mut *world.resource_mut::<Symbol>());
    Decoded { lines, symbol, latency, busy }
}
