//! Dialing: connections that are established from here, and how often that is tried.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::time::{Duration, Instant};

use mio::Interest;

use super::client::{Client, Phase};
use super::ended::Ended;
use super::limits::after;
use super::resource::{ConnectionId, Connections};
use super::stream::{Address, Stream};

/// How often to try to connect, and how long to wait between attempts: see
/// [`Connections::connect`](super::Connections::connect).
///
/// The wait after each attempt doubles, from `first` to `most`, less a random part of up to half, so that many clients
/// that lost the same server do not return at the same time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Retry {
    /// The number of attempts, at least 1. Default: 10.
    pub attempts: u32,
    /// The longest that one attempt may take. Default: 10 s.
    pub patience: Duration,
    /// The wait after the first attempt. Default: 100 ms.
    pub first: Duration,
    /// The longest wait. Default: 10 s.
    pub most: Duration,
}

impl Retry {
    /// Tries once.
    #[must_use]
    pub fn once() -> Self {
        Self { attempts: 1, ..Self::default() }
    }

    /// The wait after attempt number `attempt`, the first of which is 1. `random` is any number.
    pub(super) fn wait(&self, attempt: u32, random: u64) -> Duration {
        let doubled = 1_u32.checked_shl(attempt - 1).and_then(|times| self.first.checked_mul(times));
        let wait = doubled.unwrap_or(self.most).min(self.most);
        let part = (random >> 11) as f64 / (1_u64 << 53) as f64;
        wait - wait.mul_f64(part / 2.0)
    }
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: 10,
            patience: Duration::from_secs(10),
            first: Duration::from_millis(100),
            most: Duration::from_secs(10),
        }
    }
}

/// A connection that is dialed.
pub(super) struct Dial {
    pub(super) retry: Retry,
    pub(super) attempts: u32,
    /// When the next attempt begins, or this one is given up.
    pub(super) until: Instant,
}

impl<C, Tag> Connections<C, Tag> {
    /// Connects to an address, and tries again as `retry` says. The connection exists from now on, with this state:
    /// what is sent to it waits until it is established. It is [`Opened`](super::Opened) then, or ends as
    /// [`Ended::Unreachable`]. When it is lost later it has ended: a handler of that event may connect again.
    ///
    /// # Errors
    /// If there are as many connections as [`Limits::connections`](super::Limits::connections) says, or if a
    /// [`drain`](Self::drain) has begun.
    pub fn connect(&mut self, address: impl Into<Address>, state: C, retry: Retry) -> io::Result<ConnectionId> {
        self.has_room()?;
        let mut client = Client::new(self.table.next_key(), state, address.into(), Phase::Dialing, self.now);
        client.dial = Some(Box::new(Dial { retry, attempts: 0, until: self.now }));
        Ok(self.insert(client))
    }

    /// Takes over a stream that is connected: one that another process passed on, or an end of a pair.
    ///
    /// # Errors
    /// If there are as many connections as [`Limits::connections`](super::Limits::connections) says, after a
    /// [`drain`](Self::drain) has begun, or the OS error.
    pub fn adopt(&mut self, socket: impl Into<Stream>, state: C) -> io::Result<ConnectionId> {
        self.has_room()?;
        let (mut socket, id) = (socket.into(), self.table.next_key());
        let mut client = Client::new(id, state, socket.peer()?, Phase::Fresh(None), self.now);
        socket.register(&self.port, id, Interest::READABLE)?;
        client.socket = Some(socket);
        Ok(self.insert(client))
    }

    fn has_room(&self) -> io::Result<()> {
        self.is_serving()?;
        if self.is_full() {
            let all = self.limits.connections;
            return Err(io::Error::other(format!("all {all} places are taken: raise `Limits::connections`")));
        }
        Ok(())
    }

    /// Goes on with a connection that is dialed: begins an attempt, or sees how it went.
    pub(super) fn dial(&mut self, client: &mut Client<C>, now: Instant) {
        let Some(dial) = &mut client.dial else { return };
        if client.ending.is_some() {
            return;
        }
        let failed = match &client.socket {
            None if dial.until > now => return,
            None => {
                dial.attempts += 1;
                let connected = Stream::connect(&client.peer).and_then(|mut socket| {
                    // It has room when it stands.
                    socket.register(&self.port, client.id, Interest::READABLE | Interest::WRITABLE)?;
                    Ok(socket)
                });
                match connected {
                    Ok(socket) => {
                        client.socket = Some(socket);
                        dial.until = after(now, dial.retry.patience);
                        return;
                    }
                    Err(error) => error,
                }
            }
            Some(socket) => match socket.is_connected() {
                Ok(true) => {
                    (client.dial, client.phase, client.heard) = (None, Phase::Fresh(None), now);
                    client.hears_of_room = true;
                    self.stats.connected += 1;
                    return;
                }
                Ok(false) if dial.until > now => return,
                Ok(false) => io::ErrorKind::TimedOut.into(),
                Err(error) => error,
            },
        };
        if dial.attempts >= dial.retry.attempts {
            client.ending = Some(Ended::Unreachable(failed));
        } else {
            let wait = dial.retry.wait(dial.attempts, RandomState::new().build_hasher().finish());
            dial.until = after(now, wait);
        }
        self.hang_up(client);
        // What the OS reported was about that socket.
        client.forget_events();
    }
}
