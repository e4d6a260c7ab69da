//! How the server ends: it answers what had come, sends the replies, and closes each connection in order.

use std::io;
use std::time::{Duration, Instant};

use nexus_rt::World;
use nexus_rt::io::MioToken;
use nexus_rt::wait::{Idle, Wait};

use super::{Server, Verdict, client};
use crate::client::Connection;

/// What the server does with what clients send.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Phase {
    /// It reads and answers everything.
    Serves,
    /// It reads and answers what had come when it was asked to end.
    Answers,
    /// It answers nothing more. It sends the replies, and reads and forgets what comes.
    Parts,
}

/// The most that is still read of what had come from a client, in bytes. A request that goes beyond it is not run.
const LAST: usize = 1 << 20;

/// How long clients who have all their replies may be silent before they are not waited for any more. Whatever they
/// sent before they learned of the end comes sooner, since that takes as long as a request and its reply.
const SILENCE: Duration = Duration::from_millis(500);

impl Server {
    /// Goes through the phases of the end, until all connections are closed, or for `most`.
    pub(super) fn end(&mut self, world: &mut World, most: Duration) -> io::Result<()> {
        let until = Instant::now() + most;
        self.stop_reading(world)?;
        let clients = self.handles.clients;
        world.drain(until, |world| clients.get(world).tokens.is_empty(), |world| self.turn(world))
    }

    /// Lets in who has come, and then nobody any more. Limits what is read of each client to what has come.
    fn stop_reading(&mut self, world: &mut World) -> io::Result<()> {
        self.io.poll(world, Some(Duration::ZERO))?;
        self.handles.sockets.get_mut(world).close(self.listener);
        self.phase = Phase::Answers;
        let mut room = vec![0; LAST];
        self.queue(world, |connection| {
            let left = connection.unread(&mut room);
            connection.left = Some(left);
            connection.readable |= left > 0;
            left > 0
        });
        // A core of its own is for those who are served.
        self.wait = Wait::Block;
        self.idle = Idle::new(Wait::Block);
        // There is something to do in any case: the next phase.
        self.busy = 1;
        Ok(())
    }

    /// Whether something that a client sends is read now.
    pub(super) fn reads(&self, connection: &Connection) -> bool {
        let answers = !connection.session.leaves && connection.left != Some(0);
        connection.readable && !connection.over && (self.phase == Phase::Parts || answers)
    }

    /// What becomes of a client that has all replies that it gets. While the server ends, the client is told so and
    /// closes its side first: closing a socket to which it still sends would reset the connection.
    pub(super) fn leave(&self, connection: &mut Connection) -> Verdict {
        match self.phase {
            Phase::Serves => Verdict::Leaves,
            _ if connection.over => Verdict::Leaves,
            // What it has subscribed to may still come.
            Phase::Answers => Verdict::Stays,
            Phase::Parts => match connection.shut() {
                Ok(()) => Verdict::Stays,
                Err(_) => Verdict::Leaves,
            },
        }
    }

    /// Steps to the next phase of the end when this one is through. `heard` says whether anything happened to clients.
    pub(super) fn proceed(&mut self, world: &mut World, heard: bool) {
        let now = self.handles.clock.get(world).now();
        match self.phase {
            // Whoever is still to be read is among those.
            Phase::Answers if self.handles.ready.get(world).0.is_empty() => {
                self.phase = Phase::Parts;
                self.silence = Some(now + SILENCE);
                self.queue(world, |connection| {
                    connection.session.leaves = true;
                    true
                });
            }
            Phase::Parts if heard => self.silence = Some(now + SILENCE),
            Phase::Parts if self.silence.is_some_and(|silence| silence <= now) => {
                self.silence = None;
                self.queue(world, |connection| {
                    connection.over |= connection.shut;
                    connection.over
                });
            }
            _ => {}
        }
    }

    /// Has those clients attended to for whom `chosen` is true, of all.
    fn queue(&self, world: &mut World, mut chosen: impl FnMut(&mut Connection) -> bool) {
        let tokens: Vec<MioToken> = self.handles.clients.get(world).tokens.values().copied().collect();
        for token in tokens {
            let Some(Some(connection)) = client(self.handles.sockets, world, token) else { continue };
            if chosen(connection) && !connection.queued {
                connection.queued = true;
                self.handles.ready.get_mut(world).0.push(token);
            }
        }
    }
}
