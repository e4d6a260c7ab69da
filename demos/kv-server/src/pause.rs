//! CLIENT PAUSE, as a resource: which requests wait, and until when.

use std::time::Instant;

use nexus_rt::connections::Connections;
use nexus_rt::{Clock, World};

use crate::apart::Connected;
use crate::request::Request;
use crate::session::{Client, Marks, Session};
use crate::shared::Shared;

/// The pause of all clients.
#[derive(Debug, Default)]
pub(crate) struct Pause {
    /// When the pause ends; `None` if there is none.
    until: Option<Instant>,
    /// Whether all requests wait, or only those that change something.
    all: bool,
}

impl Pause {
    /// Begins a pause. A pause that has already begun is only extended.
    pub(crate) fn begin(&mut self, until: Instant, all: bool) {
        self.all = self.until.is_some() && self.all || all;
        self.until = self.until.max(Some(until));
    }

    /// Ends the pause in the next turn.
    pub(crate) fn end(&mut self, now: Instant) {
        self.until = self.until.map(|_| now);
    }

    /// Returns when the pause ends.
    #[inline]
    pub(crate) fn until(&self) -> Option<Instant> {
        self.until
    }

    /// Applies the pause to one client: all its requests wait, or only those that change something.
    pub(crate) fn apply(&self, client: &mut Client) {
        if self.until.is_none() {
            return;
        }
        client.state.marks.set(Marks::PAUSED, true);
        if self.all {
            client.pause();
        }
    }

    /// Returns whether all requests of a client wait.
    pub(crate) fn holds(&self, client: &Client) -> bool {
        self.all && client.state.marks.has(Marks::PAUSED)
    }
}

/// Ends the pause if it is over: calls `run` with each waiting request, as an event of its own.
pub(crate) fn resume(
    world: &mut World,
    clients: &mut Connected,
    mut run: impl FnMut(&mut Client, &mut World, &Request),
) {
    let now = world.resource::<Clock>().now();
    if world.resource::<Pause>().until.is_none_or(|until| until > now) {
        return;
    }
    *world.resource_mut::<Pause>() = Pause::default();
    let ids: Vec<_> = world.resource::<Connections<Session>>().ids().collect();
    for id in ids {
        let mut net = world.resource_mut::<Connections<Session>>();
        let Some(client) = net.client_mut(id) else { continue };
        client.resume();
        client.state.marks.set(Marks::PAUSED, false);
        let waits = client.state.waiting.asked() > 0;
        if let Some(request) = client.state.postponed.take() {
            clients.apart(world, id, |client, world| run(client, world, &request));
        }
        if waits {
            world.resource_mut::<Shared>().ready.push(id);
        }
    }
}
