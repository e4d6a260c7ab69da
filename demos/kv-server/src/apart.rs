//! Runs a client's requests with its session state apart from its connection, which stays where it is.

use std::mem;

use nexus_rt::World;
use nexus_rt::connections::{ConnectionId, Connections};

use crate::pause::Pause;
use crate::replica::{Clients, Replica};
use crate::session::{Client, LEAVES, Session};
use crate::shared_log::Lost;

/// The clients of a server, which connect and disconnect.
#[derive(Debug)]
pub(crate) struct Connected {
    /// Holds the state of a connection while its requests run.
    own: Client,
}

impl Connected {
    pub(crate) fn new() -> Self {
        Self { own: Client::detached(Session::default()) }
    }

    /// Calls `act` with a client that holds the state of the connection, sends what `act` writes to it, and closes the
    /// connection if `act` closes the client. Returns whether the connection exists and is not closing.
    pub(crate) fn apart(
        &mut self,
        world: &mut World,
        id: ConnectionId,
        act: impl FnOnce(&mut Client, &mut World),
    ) -> bool {
        let mut net = world.resource_mut::<Connections<Session>>();
        let Some(client) = net.client_mut(id).filter(|client| !client.is_closing()) else { return false };
        let own = &mut self.own;
        own.state = mem::take(&mut client.state);
        world.next_sequence();
        act(own, world);
        let pauses = world.resource::<Pause>().holds(own) || own.state.waiting.is_full();
        let mut net = world.resource_mut::<Connections<Session>>();
        if let Some(client) = net.client_mut(id) {
            client.charge(own.state.holds());
            client.owe(!own.state.waiting.is_empty());
            client.state = mem::take(&mut own.state);
            if pauses {
                client.pause()
            } else {
                client.resume()
            }
            net.send(id, own.out());
        }
        own.out().clear();
        if own.is_closing() {
            net.close(id, LEAVES);
            *own = Client::detached(Session::default());
        }
        true
    }
}

impl Clients for Connected {
    fn with(&mut self, world: &mut World, id: ConnectionId, act: &mut dyn FnMut(&mut Client, &mut World)) -> bool {
        self.apart(world, id, act)
    }

    fn unsent(&self, world: &World, id: ConnectionId) -> usize {
        world.resource::<Connections<Session>>().client(id).map_or(0, Client::unsent)
    }
}

/// Answers all clients that wait for a lost log, and closes every connection.
pub(crate) fn refuse_all(world: &mut World, why: &Lost) {
    Replica::close(world);
    let ids: Vec<_> = world.resource::<Connections<Session>>().ids().collect();
    let mut clients = Connected::new();
    ids.into_iter().for_each(|id| _ = clients.apart(world, id, |client, _| Replica::refuse_all(client, why)));
}
