//! The clients of all servers, on one separate thread.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{JoinHandle, spawn};

use bench::machine::pin;

use crate::stream::Client;
use crate::workload::Workload;

pub(crate) struct Clients {
    /// Orders: the server whose clients send, and how often each of them does.
    orders: Sender<(usize, u64)>,
    done: Receiver<()>,
    thread: JoinHandle<()>,
}

impl Clients {
    /// Starts a thread that owns the clients of each server.
    pub(crate) fn start(workload: Workload, mut clients: Vec<Vec<Box<dyn Client>>>) -> Self {
        let (orders, ordered) = channel::<(usize, u64)>();
        let (told, done) = channel();
        let thread = spawn(move || {
            pin(1);
            while let Ok((server, sweeps)) = ordered.recv() {
                (0..sweeps).for_each(|sweep| drive(&mut clients[server], &workload.bytes(sweep as u8)));
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

/// Every client sends the same bytes, then every client reads its echo.
fn drive(clients: &mut [Box<dyn Client>], sent: &[u8]) {
    for client in &mut *clients {
        client.write_all(sent).expect("the server is there");
    }
    let mut echo = vec![0; sent.len()];
    for client in clients {
        client.read_exact(&mut echo).expect("the server echoes");
        assert_eq!(echo, sent);
    }
}
