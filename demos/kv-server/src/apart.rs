//! Running a request of a client apart from its connection, which stays where it is meanwhile.

use std::mem;

use nexus_rt::World;
use nexus_rt::connections::{ConnectionId, Connections};

use crate::pause::Pause;
use crate::replica::{Clients, Replica};
use crate::session::{Client, LEAVES, Session};
use crate::shared_log::Lost;

/// Calls `act` with a client that has the state of a connection; sends what it is written, and closes the connection if
/// the client is closed. Whether there is such a connection.
pub(crate) fn apart(world: &mut World, id: ConnectionId, act: impl FnOnce(&mut Client, &mut World)) -> bool {
    let mut net = world.resource_mut::<Connections<Session>>();
    let Some(client) = net.client_mut(id) else { return false };
    let mut own = Client::detached(mem::take(&mut client.state));
    world.next_sequence();
    act(&mut own, world);
    let pauses = world.resource::<Pause>().holds(&own) || own.state.waiting.is_full();
    let mut net = world.resource_mut::<Connections<Session>>();
    if let Some(client) = net.client_mut(id) {
        client.charge(own.state.holds());
        client.state = mem::take(&mut own.state);
        if pauses {
            client.pause()
        } else {
            client.resume()
        }
        net.send(id, own.out());
        if own.is_closing() {
            net.close(id, LEAVES);
        }
    }
    true
}

/// The clients of a server, which come and go.
pub(crate) struct Connected;

impl Clients for Connected {
    fn with(&mut self, world: &mut World, id: ConnectionId, act: &mut dyn FnMut(&mut Client, &mut World)) -> bool {
        apart(world, id, act)
    }

    fn unsent(&self, world: &World, id: ConnectionId) -> usize {
        world.resource::<Connections<Session>>().client(id).map_or(0, Client::unsent)
    }
}

/// Answers all who wait for a log that is lost, and closes every connection.
pub(crate) fn refuse_all(world: &mut World, why: &Lost) {
    Replica::close(world);
    let ids: Vec<_> = world.resource::<Connections<Session>>().ids().collect();
    ids.into_iter().for_each(|id| _ = apart(world, id, |client, _| Replica::refuse_all(client, why)));
}
