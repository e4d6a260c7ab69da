//! How does a program start, run, drain and stop?
//!
//! `cargo run --example lifecycle --features signals`
//!
//! It has two startup phases and a loop around its own driver. It requests its own shutdown and ends. With `-- wait`,
//! it waits for Ctrl-C or SIGTERM. With `-- stubborn`, it ignores the first request, so only a second signal ends it.
//! With `-- outlive`, it stays when its world is gone, so the first signal ends it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use nexus_rt::wait::{Doorbell, Parker};
use nexus_rt::{Handler, Installer, IntoHandler, Key, Res, ResMut, Shutdown, World, WorldBuilder};

/// A resource for messages from other threads. Each sender has a clone.
///
/// The driver does not sleep. Senders ring the doorbell of the loop. (`nexus_rt::inbox` is such a driver, with a
/// bound and a policy.)
#[derive(Clone)]
struct Messages {
    queue: Arc<Mutex<VecDeque<String>>>,
    bell: Doorbell,
}

impl Messages {
    fn send(&self, text: &str) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).push_back(text.into());
        self.bell.ring(); // afterwards, so that the loop finds the message
    }

    fn take(&self) -> Option<String> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    fn is_empty(&self) -> bool {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

struct MessageInstaller(Doorbell);

struct MessagePoller(Key<Messages>);

impl Installer for MessageInstaller {
    type Poller = MessagePoller;

    fn install(self, builder: &mut WorldBuilder) -> MessagePoller {
        builder.register(Messages { queue: Arc::default(), bell: self.0 });
        MessagePoller(builder.key())
    }
}

impl MessagePoller {
    /// Runs `handler` for one message, if there is one.
    fn poll(&mut self, world: &mut World, handler: &mut impl Handler<String>) {
        let Some(text) = self.0.get(world).take() else { return };
        world.next_sequence();
        handler.run(world, text);
        self.0.get(world).bell.ring(); // there may be more, so the loop does not sleep yet
    }
}

#[derive(Default)]
struct Journal(Vec<String>);

fn open_journal(mut journal: ResMut<Journal>) -> Result<(), String> {
    journal.0.push("opened".into());
    Ok(())
}

fn recover(mut journal: ResMut<Journal>) {
    let entries = journal.0.len();
    journal.0.push(format!("recovered after {entries} entries"));
}

fn on_message(mut journal: ResMut<Journal>, shutdown: Res<Shutdown>, text: String) {
    if text == "quit" {
        shutdown.shutdown();
    }
    journal.0.push(text);
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mode = std::env::args().nth(1).unwrap_or_default();
    run(&mode)?;
    if mode == "outlive" {
        stay();
    }
    Ok(())
}

fn stay() -> ! {
    println!("still here");
    loop {
        thread::park();
    }
}

fn run(mode: &str) -> Result<(), Box<dyn std::error::Error>> {
    let mut builder = WorldBuilder::new();
    let shutdown = builder.shutdown_handle();
    let mut parker = Parker::new(&shutdown); // a shutdown request ends its sleep
    let mut poller = builder.install_driver(MessageInstaller(parker.doorbell()));
    builder.register_default::<Journal>();
    shutdown.enable_signals()?;
    let mut world = builder.build();

    // Each startup phase is a separate event and takes any params.
    world.run_startup(open_journal)?;
    world.run_startup(recover);
    println!("ready");

    let messages = world.resource::<Messages>().clone();
    let send_all = move || ["one", "two", "quit", "bye"].map(|text| messages.send(text));
    let client = matches!(mode, "" | "outlive").then(|| thread::spawn(send_all));
    let mut on_message = on_message.into_handler(world.registry());
    let mut turn = |world: &mut World| {
        parker.park(None);
        poller.poll(world, &mut on_message);
    };
    world.run(&mut turn);

    // No more messages arrive. Those that are queued are handled, for at most a second.
    client.into_iter().for_each(|client| _ = client.join().expect("the client does not panic"));
    world.drain(Instant::now() + Duration::from_secs(1), |world| world.resource::<Messages>().is_empty(), &mut turn);

    println!("{}", world.resource::<Journal>().0.join(", "));
    if mode == "stubborn" {
        stay();
    }
    println!("drained");
    Ok(())
}
