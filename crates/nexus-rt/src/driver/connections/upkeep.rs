//! The upkeep of a connection after its turn, and at its deadlines: memory, limits and timers.

use std::mem;
use std::time::{Duration, Instant};

use mio::Interest;

use super::client::{Client, Phase};
use super::drain::Drain;
use super::ended::Ended;
use super::limits::{Limits, after};
use super::output::Spare;
use super::resource::{ConnectionId, Connections, Due};

impl<C, Tag> Connections<C, Tag> {
    /// Sends output of a connection before its turn is over. Returns whether its frames continue.
    #[cold]
    pub(super) fn relieves(&mut self, client: &mut Client<C>, now: Instant) -> bool {
        if client.unsent() > self.limits.unsent {
            // Before a part of the output is sent, which may be half a reply.
            client.ending.get_or_insert(Ended::TooMuch);
        } else {
            self.stats.sent += client.flush(self.gate, now);
        }
        client.is_served(&self.limits)
    }

    /// Sends output that a connection received outside its turn, and puts the connection back.
    pub(super) fn catch_up(&mut self, mut client: Box<Client<C>>) {
        let blocked = client.output.blocked;
        let sent = client.flush(self.gate, self.now);
        self.stats.sent += sent;
        let mut again = client.is_closing() || client.over || client.phase != Phase::Open;
        if !self.bell.is_polling() {
            // The next poll notes since when the peer blocks: between polls, the time is not known.
            if sent > 0 || blocked.is_none() {
                client.output.blocked = None;
            }
            let unblocked = client.output.blocked.is_none() && client.output.free() > 0;
            again |= unblocked || client.waited && client.is_served(&self.limits);
        }
        let id = client.id;
        self.settle(client);
        if again {
            self.queue(id);
        }
    }

    /// Puts a connection back.
    pub(super) fn settle(&mut self, mut client: Box<Client<C>>) {
        for buffer in client.output.buffers() {
            if buffer.is_empty() && buffer.capacity() > 0 {
                self.spare.keep(mem::take(buffer));
            }
        }
        if client.holds() != client.held {
            self.account(&mut client);
        }
        if client.unsent() > self.limits.unsent {
            // Output may grow without memory, in a buffer that was large.
            client.ending.get_or_insert(Ended::TooMuch);
        }
        if client.output.blocked.is_some() != client.hears_of_room && client.phase != Phase::Dialing {
            self.listen_for_room(&mut client);
        }
        if self.drain != Drain::Serving {
            // It may have been out when the drain began, or it may be new.
            self.drain.limit(&mut client);
        }
        if client.output.held().is_some() && !mem::replace(&mut client.listed, true) {
            self.holding.push(client.id);
        }
        if self.bell.is_polling() {
            client.await_more(&self.limits, self.now);
        }
        let id = client.id;
        let is_watched = client.output.blocked.is_some() || self.limits.silent.is_some() || client.over;
        if (is_watched || client.phase != Phase::Open)
            && let Some(deadline) = client.deadline(&self.limits)
            && client.timer.is_none_or(|(_, armed)| deadline < armed)
        {
            self.arm(&mut client, deadline);
        }
        let ends = match client.phase {
            Phase::Parting => client.is_beyond_limits(),
            _ => client.ending.is_some(),
        };
        let again = ends || client.is_busy(&self.limits);
        // It stays registered while it is out.
        _ = self.table.put_back(id, client);
        if again {
            self.queue(id);
        }
    }

    /// Makes the OS report room to send, or stop reporting it: a Unix socket reports room whenever the peer
    /// reads, even if no output waits.
    #[cold]
    fn listen_for_room(&mut self, client: &mut Client<C>) {
        client.hears_of_room = !client.hears_of_room;
        let interest = if client.hears_of_room { Interest::READABLE | Interest::WRITABLE } else { Interest::READABLE };
        let Some(stream) = &mut client.socket else { return };
        if let Err(error) = stream.reregister(&self.port, client.id, interest) {
            client.ending.get_or_insert(Ended::Lost(error));
        }
    }

    /// Notes what a connection holds now. Ends one that has grown too large, unless only its buffers are larger than
    /// what is in them.
    fn account(&mut self, client: &mut Client<C>) {
        let grew = client.holds() > client.held;
        if self.note_held(client) && grew {
            client.output.buffers().into_iter().for_each(Vec::shrink_to_fit);
            if self.note_held(client) {
                client.ending.get_or_insert(Ended::TooMuch);
            }
        }
    }

    /// Notes what a connection holds now. Returns whether it is too much.
    fn note_held(&mut self, client: &mut Client<C>) -> bool {
        let holds = client.holds();
        // A program may charge any number of bytes.
        self.stats.memory = self.stats.memory.wrapping_sub(mem::replace(&mut client.held, holds)).wrapping_add(holds);
        self.limits.is_too_much(holds, self.stats.memory)
    }

    fn arm(&mut self, client: &mut Client<C>, deadline: Instant) {
        let key = match client.timer {
            Some((key, _)) if self.wheel.reschedule(key, deadline) => key,
            _ => self.wheel.insert(deadline, Due::Connection(client.id)),
        };
        client.timer = Some((key, deadline));
    }

    /// Acts on every deadline that has passed.
    pub(super) fn on_due(&mut self, now: Instant) {
        self.wheel.start_poll(now);
        while let Some(due) = self.wheel.pop() {
            match due.value {
                Due::Connection(id) => self.on_time(id, now),
                Due::Listener(id) => self.knock(id),
                Due::End => self.cut_off(),
            }
        }
    }

    /// Acts on a deadline of a connection, if it still applies.
    fn on_time(&mut self, id: ConnectionId, now: Instant) {
        let Some(mut client) = self.table.take_out(id) else { return };
        client.timer = None;
        // The OS does not report a little room, which a slow reader leaves.
        client.output.start(&mut Spare::default());
        let sent = client.flush(self.gate, now);
        self.stats.sent += sent;
        if matches!(client.phase, Phase::Open | Phase::Parting) && !client.over && client.waiting() > 0 {
            // It has come, and the loop has not asked the OS since.
            client.readable = true;
        }
        client.await_more(&self.limits, now);
        let late = client.is_late(&self.limits, now);
        if !late && let Some(deadline) = client.deadline(&self.limits) {
            self.arm(&mut client, deadline);
        }
        let again = client.ending.is_some() || client.is_busy(&self.limits);
        _ = self.table.put_back(id, client);
        if late || sent > 0 || again {
            self.queue(id);
        }
    }
}

impl<C> Client<C> {
    /// Returns the memory that it holds, in bytes.
    #[inline]
    fn holds(&self) -> usize {
        self.output.capacity().saturating_add(self.partial).saturating_add(self.charged)
    }

    /// Returns whether it ends, or no longer parts, because of its limits.
    pub(super) fn is_beyond_limits(&self) -> bool {
        matches!(self.ending, Some(Ended::TooMuch))
    }

    /// Returns when the driver must act if nothing happens.
    fn deadline(&self, limits: &Limits) -> Option<Instant> {
        let stalled = self.output.blocked.map(|since| after(since, limits.stalled));
        let other = match self.phase {
            Phase::Dialing => self.dial.as_ref().map(|dial| dial.until),
            Phase::Fresh(_) => None,
            Phase::Open if self.over && self.owes => Some(after(self.since, limits.stalled)),
            Phase::Open if !self.awaits_input(limits) => None,
            Phase::Open => limits.silent.map(|silent| after(self.heard.max(self.since), silent)),
            Phase::Parting if !self.shut => None,
            // A peer that never stops sending must not keep the connection open.
            Phase::Parting => {
                Some(after(self.heard.max(self.since), limits.linger).min(after(self.since, limits.stalled)))
            }
        };
        [stalled, other].into_iter().flatten().min()
    }

    /// Acts on a deadline that has passed. Returns whether the connection needs a turn.
    fn is_late(&mut self, limits: &Limits, now: Instant) -> bool {
        if self.deadline(limits).is_none_or(|deadline| deadline > now) {
            return false;
        }
        let since = |instant: Instant, limit: Duration| now.saturating_duration_since(instant) >= limit;
        let stalled = self.output.blocked.is_some_and(|blocked| since(blocked, limits.stalled));
        match self.phase {
            Phase::Open | Phase::Fresh(_) => {
                let quiet = if self.over { Ended::Finished } else { Ended::Silent };
                self.ending.get_or_insert(if stalled { Ended::Stalled } else { quiet });
            }
            // It has not been silent: its input is not read yet.
            Phase::Parting if !stalled && self.readable && !self.over && now < after(self.since, limits.stalled) => {}
            // Its time is over. Further input resets the connection.
            Phase::Parting if stalled || self.shut => {
                self.output.forget();
                self.over = true;
            }
            Phase::Parting | Phase::Dialing => {}
        }
        true
    }
}
