//! The clients of all servers, on a thread of their own.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{JoinHandle, spawn};

use bench::machine::pin;

use crate::MESSAGE;
use crate::stream::Client;

pub(crate) struct Clients {
    /// Which server's clients are to send, and how often each of them.
    orders: Sender<(usize, u64)>,
    done: Receiver<()>,
    thread: JoinHandle<()>,
}

impl Clients {
    /// Takes the clients of each server.
    pub(crate) fn start(mut clients: Vec<Vec<Box<dyn Client>>>) -> Self {
        let (orders, ordered) = channel::<(usize, u64)>();
        let (told, done) = channel();
        let thread = spawn(move || {
            pin(1);
            while let Ok((server, sweeps)) = ordered.recv() {
                (0..sweeps).for_each(|sweep| drive(&mut clients[server], sweep as u8));
                told.send(()).expect("somebody waits");
            }
        });
        Self { orders, done, thread }
    }

    pub(crate) fn send(&self, server: usize, sweeps: u64) {
        self.orders.send((server, sweeps)).expect("the clients wait for orders");
    }

    pub(crate) fn wait(&self) {
        self.done.recv().expect("the clients do not panic");
    }

    pub(crate) fn stop(self) {
        drop(self.orders);
        self.thread.join().expect("the clients do not panic");
    }
}

/// Every client sends a message, then every client reads its echo.
fn drive(clients: &mut [Box<dyn Client>], mark: u8) {
    let message = [mark; MESSAGE];
    for client in &mut *clients {
        client.write_all(&message).expect("the server is there");
    }
    for client in clients {
        let mut echo = [0; MESSAGE];
        client.read_exact(&mut echo).expect("the server echoes");
        assert_eq!(echo, message);
    }
}
