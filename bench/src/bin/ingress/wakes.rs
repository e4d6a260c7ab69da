//! From send to handler while the loop is blocked: the inbox over sockets and over a parked thread, and a bare eventfd.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use bench::harness::{Budget, Measured, Timed, quantile};
use crossbeam_queue::ArrayQueue;
use nexus_rt::inbox::{Full, Inbox, InboxInstaller, Sender};
use nexus_rt::mio::{Events, Poll, Token, Waker};
use nexus_rt::wait::Parker;
use nexus_rt::{IntoHandler, MioDriver, MioInstaller, WorldBuilder};
use rustix::event::{EventfdFlags, eventfd};

const SAMPLES: usize = 100;

/// Sends an instant. Returns the time until its handler ran.
type Contender = Box<dyn FnMut() -> Duration>;

pub fn compare(rounds: usize) -> (Vec<Measured>, String) {
    let rows = vec![
        row(rounds, "over sockets", ("ours", sockets()), ("raw mio", raw())),
        row(rounds, "over a parked thread", ("ours", parked()), ("eventfd", bare())),
    ];
    (rows, String::new())
}

fn row(rounds: usize, name: &str, ours: (&'static str, Contender), other: (&'static str, Contender)) -> Measured {
    let against = other.0;
    let mut contenders = [ours, other];
    let mut ns = [const { Vec::new() }; 2];
    for _ in 0..rounds {
        for ((_, send), ns) in contenders.iter_mut().zip(&mut ns) {
            let mut samples: Vec<f64> = Vec::with_capacity(SAMPLES);
            for _ in 0..SAMPLES {
                // Long enough for the loop to sleep again.
                thread::sleep(Duration::from_micros(200));
                samples.push(send().as_nanos() as f64);
            }
            ns.push(quantile(&samples, 0.5));
        }
    }
    let timed = contenders.iter().zip(ns).map(|((name, _), ns)| Timed::new(name, ns)).collect();
    Measured {
        group: "from send to handler, the loop blocked".into(),
        row: format!("p50, {name}"),
        timed,
        budgets: vec![Budget { against, at_most: 1.05, or_more: 0.0 }],
    }
}

/// Runs a loop on a thread of its own. `serve` receives the channel for its sender, and the place for the handler's
/// time.
fn contender<S>(
    serve: impl FnOnce(mpsc::Sender<S>, Arc<AtomicU64>) + Send + 'static,
    send: impl Fn(&S, Instant) + 'static,
) -> Contender
where
    S: Send + 'static,
{
    let took = Arc::new(AtomicU64::new(0));
    let (hand_over, handed) = mpsc::channel();
    let report = took.clone();
    thread::spawn(move || serve(hand_over, report));
    let sender = handed.recv().expect("the loop gives its sender");
    Box::new(move || {
        send(&sender, Instant::now());
        loop {
            match took.swap(0, Ordering::AcqRel) {
                0 => std::hint::spin_loop(),
                ns => return Duration::from_nanos(ns),
            }
        }
    })
}

fn note(report: Arc<AtomicU64>) -> impl FnMut(Instant) + Clone + Send {
    move |sent: Instant| report.store(sent.elapsed().as_nanos().max(1) as u64, Ordering::Release)
}

fn sockets() -> Contender {
    let serve = |hand_over: mpsc::Sender<Sender<Instant>>, report| {
        let mut builder = WorldBuilder::new();
        let mut io = builder.install_driver(MioInstaller::new().expect("there are files"));
        let bell = builder.resource_mut::<MioDriver>().doorbell();
        let mut inbox = builder.install_driver(InboxInstaller::<Instant>::new(64, Full::Wait, &bell));
        hand_over.send(builder.resource_mut::<Inbox<Instant>>().sender()).expect("the bench is there");
        let mut world = builder.build();
        let mut note = note(report).into_handler(world.registry());
        loop {
            inbox.poll(&mut world, 64, &mut note);
            io.poll(&mut world, None).expect("the selector works");
        }
    };
    contender(serve, |sender, now| sender.send(now).expect("the loop is there"))
}

fn parked() -> Contender {
    let serve = |hand_over: mpsc::Sender<Sender<Instant>>, report| {
        let mut builder = WorldBuilder::new();
        let mut parker = Parker::new(&builder.shutdown_handle());
        let mut inbox = builder.install_driver(InboxInstaller::<Instant>::new(64, Full::Wait, &parker.doorbell()));
        hand_over.send(builder.resource_mut::<Inbox<Instant>>().sender()).expect("the bench is there");
        let mut world = builder.build();
        let mut note = note(report).into_handler(world.registry());
        loop {
            inbox.poll(&mut world, 64, &mut note);
            parker.park(None);
        }
    };
    contender(serve, |sender, now| sender.send(now).expect("the loop is there"))
}

/// A queue, with a waker that is called for each event.
fn raw() -> Contender {
    struct Queue(ArrayQueue<Instant>, Waker);
    let serve = |hand_over: mpsc::Sender<Arc<Queue>>, report| {
        let mut poll = Poll::new().expect("there are files");
        let waker = Waker::new(poll.registry(), Token(0)).expect("there are files");
        let queue = Arc::new(Queue(ArrayQueue::new(64), waker));
        hand_over.send(queue.clone()).expect("the bench is there");
        let (mut events, mut note) = (Events::with_capacity(1024), note(report));
        loop {
            poll.poll(&mut events, None).expect("the selector works");
            while let Some(sent) = queue.0.pop() {
                note(sent);
            }
        }
    };
    contender(serve, |queue, now| {
        queue.0.push(now).expect("there is room");
        queue.1.wake().expect("it is ours");
    })
}

/// A queue, with an eventfd that is written for each event and read for each wake-up.
fn bare() -> Contender {
    struct Queue(ArrayQueue<Instant>, rustix::fd::OwnedFd);
    let serve = |hand_over: mpsc::Sender<Arc<Queue>>, report| {
        let file = eventfd(0, EventfdFlags::CLOEXEC).expect("there are files");
        let queue = Arc::new(Queue(ArrayQueue::new(64), file));
        hand_over.send(queue.clone()).expect("the bench is there");
        let mut note = note(report);
        loop {
            rustix::io::read(&queue.1, &mut [0; 8]).expect("it is ours");
            while let Some(sent) = queue.0.pop() {
                note(sent);
            }
        }
    };
    contender(serve, |queue, now| {
        queue.0.push(now).expect("there is room");
        rustix::io::write(&queue.1, &1_u64.to_ne_bytes()).expect("it is ours");
    })
}
