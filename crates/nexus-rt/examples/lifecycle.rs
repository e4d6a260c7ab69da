//! Start, run, stop: startup phases, the loop around a driver that blocks, and every way to end it.
//!
//! `cargo run --example lifecycle --features signals` requests its own shutdown and ends. With `-- wait`, it waits for
//! Ctrl-C or SIGTERM. With `-- stubborn`, it ignores the first request, so only a second signal ends it.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use nexus_rt::{Handler, Installer, IntoHandler, Res, ResMut, Shutdown, World, WorldBuilder};

/// A driver that blocks on a channel. A shutdown wakes it with an empty message, sent by the thread that makes the
/// request.
struct Inbox;

struct InboxPoller {
    messages: Receiver<Option<String>>,
    sender: Sender<Option<String>>,
}

impl Installer for Inbox {
    type Poller = InboxPoller;

    fn install(self, builder: &mut WorldBuilder) -> InboxPoller {
        let (sender, messages) = mpsc::channel();
        let wake = sender.clone();
        builder.shutdown_handle().on_shutdown(move || _ = wake.send(None));
        InboxPoller { messages, sender }
    }
}

impl InboxPoller {
    fn poll(&mut self, world: &mut World, handler: &mut impl Handler<String>) -> Result<(), RecvTimeoutError> {
        if let Some(text) = self.messages.recv_timeout(Duration::from_secs(60))? {
            world.next_sequence();
            handler.run(world, text);
        }
        Ok(())
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
    let mut builder = WorldBuilder::new();
    let mut inbox = builder.install_driver(Inbox);
    builder.register_default::<Journal>();
    let shutdown = builder.shutdown_handle();
    shutdown.enable_signals()?;
    let mut world = builder.build();

    // Startup phases, each an event of its own, with any params.
    world.run_startup(open_journal)?;
    world.run_startup(recover);
    println!("ready");

    let client = inbox.sender.clone();
    if mode.is_empty() {
        thread::spawn(move || ["one", "two", "quit"].map(|text| _ = client.send(Some(text.into()))));
    }
    let mut on_message = on_message.into_handler(world.registry());
    world.run(|world| inbox.poll(world, &mut on_message))?;

    println!("{}", world.resource::<Journal>().0.join(", "));
    if mode == "stubborn" {
        println!("still here");
        loop {
            thread::park();
        }
    }
    println!("drained");
    Ok(())
}
