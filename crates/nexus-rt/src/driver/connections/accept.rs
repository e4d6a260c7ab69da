//! Listeners: who is let in, who is turned away, and who waits outside.

use std::fs::File;
use std::io;
use std::time::Duration;

use mio::Interest;

use super::client::{Client, Phase};
use super::resource::{Connections, Due, ListenerId};
use super::stream::Acceptor;

/// How many are let in before those that are in are attended to.
const AT_ONCE: usize = 1_000;

/// How soon a listener that ran out of files looks again, since the OS does not report when there are some.
const AGAIN: Duration = Duration::from_millis(100);

/// A socket that listens.
pub(super) struct Listener<C> {
    pub(super) acceptor: Acceptor,
    /// The state of a connection that it lets in.
    state: Box<dyn FnMut() -> C + Send>,
    /// Whether there may be somebody outside for whom there is no place.
    pub(super) waits: bool,
    /// Whether a timer is set to look again.
    pub(super) timed: bool,
    /// A file that is given up when there are no more, so that who comes then can be turned away.
    spare: Option<File>,
}

impl<C> Listener<C> {
    pub(super) fn new(acceptor: Acceptor, state: Box<dyn FnMut() -> C + Send>) -> Self {
        Self { acceptor, state, waits: false, timed: false, spare: spare() }
    }

    /// Takes a client for which no file is left, and turns it away. Returns whether one could be taken.
    fn turn_away(&mut self, refusal: &[u8]) -> bool {
        self.spare = None;
        let taken = self.acceptor.accept().map(|(mut socket, _)| _ = socket.write(refusal));
        self.spare = spare();
        taken.is_ok()
    }
}

fn spare() -> Option<File> {
    File::open("/dev/null").ok()
}

impl<C, Tag> Connections<C, Tag> {
    /// Lets in those that wait at a listener.
    pub(super) fn accept(&mut self, id: ListenerId) {
        for _ in 0..AT_ONCE {
            let full = self.is_full();
            let Some(registration) = self.listeners.get_mut(id) else { return };
            let listener = &mut registration.kept;
            listener.waits = full && self.limits.refusal.is_none();
            if listener.waits {
                // It is knocked for when a place is free.
                return;
            }
            match listener.acceptor.accept() {
                Ok((mut socket, _)) if full => {
                    self.stats.refused += 1;
                    // If there is no room for it in a fresh socket, the client learns it from the end.
                    _ = socket.write(self.limits.refusal.as_deref().unwrap_or_default());
                }
                Ok((mut socket, peer)) => {
                    let key = self.table.next_key();
                    if socket.register(&self.port, key, Interest::READABLE).is_err() {
                        self.stats.refused += 1;
                        continue;
                    }
                    let mut client = Client::new(key, (listener.state)(), peer, Phase::Fresh(Some(id)), self.now);
                    client.socket = Some(socket);
                    self.stats.accepted += 1;
                    self.insert(client);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                // Who has left before being let in.
                Err(error) if matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::ConnectionAborted) => {
                }
                // No file is left, or no memory.
                Err(_) if self.limits.refusal.as_ref().is_some_and(|refusal| listener.turn_away(refusal)) => {
                    self.stats.refused += 1;
                }
                Err(_) => {
                    listener.waits = true;
                    if !std::mem::replace(&mut listener.timed, true) {
                        self.wheel.insert(self.now + AGAIN, Due::Listener(id));
                    }
                    return;
                }
            }
        }
        // There may be more, of which the OS would not report again.
        self.knocked.push_back(id);
    }
}
