//! What is done about a connection after its turn, and when its time has come: memory and deadlines.

use std::time::Instant;

use super::client::{Client, Phase};
use super::drain::Drain;
use super::ended::Ended;
use super::resource::{ConnectionId, Connections, Due};

impl<C, Tag> Connections<C, Tag> {
    /// Sends what a connection was written before its turn is over. Returns whether its frames go on.
    #[cold]
    pub(super) fn relieves(&mut self, client: &mut Client<C>, now: Instant) -> bool {
        if client.unsent() > self.limits.unsent {
            // Before a part of it is sent, which may be half a reply.
            client.ending.get_or_insert(Ended::TooMuch);
        } else {
            self.stats.sent += client.flush(now);
        }
        client.is_served(&self.limits)
    }

    /// Puts a connection back. `partial` is the memory of its incomplete frame.
    pub(super) fn settle(&mut self, mut client: Box<Client<C>>, partial: usize) {
        client.output.unused().for_each(|buffer| self.keep(buffer));
        let holds = client.output.capacity() + partial + client.charged;
        if holds != client.held {
            self.account(&mut client, holds);
        }
        if self.drain != Drain::Serving {
            // It may have been out when the drain began, or be new.
            self.drain.limit(&mut client);
        }
        client.await_more(&self.limits, self.now);
        let (id, deadline) = (client.id, client.deadline(&self.limits));
        if let Some(deadline) = deadline
            && client.timer.is_none_or(|(_, armed)| deadline < armed)
        {
            self.arm(&mut client, deadline);
        }
        let again = client.is_busy(&self.limits) || client.ending.is_some() && client.phase != Phase::Parting;
        // It stays registered while it is out.
        _ = self.table.put_back(id, client);
        if again {
            self.queue(id);
        }
    }

    fn account(&mut self, client: &mut Client<C>, holds: usize) {
        self.stats.memory = self.stats.memory - client.held + holds;
        let grew = holds > client.held;
        client.held = holds;
        if grew && (client.unsent() > self.limits.unsent || self.limits.is_too_much(holds, self.stats.memory)) {
            client.ending.get_or_insert(Ended::TooMuch);
        }
    }

    fn arm(&mut self, client: &mut Client<C>, deadline: Instant) {
        let key = match client.timer {
            Some((key, _)) if self.wheel.reschedule(key, deadline) => key,
            _ => self.wheel.insert(deadline, Due::Connection(client.id)),
        };
        client.timer = Some((key, deadline));
    }

    /// Does what is due about a connection, if it still is.
    pub(super) fn on_time(&mut self, id: ConnectionId, now: Instant) {
        let Some(mut client) = self.table.take_out(id) else { return };
        client.timer = None;
        // The OS does not report a little room, as one leaves that reads slowly.
        client.output.start(&mut Vec::new());
        let sent = client.flush(now);
        self.stats.sent += sent;
        let late = client.is_late(&self.limits, now);
        if !late && let Some(deadline) = client.deadline(&self.limits) {
            self.arm(&mut client, deadline);
        }
        _ = self.table.put_back(id, client);
        if late || sent > 0 {
            self.queue(id);
        }
    }
}
