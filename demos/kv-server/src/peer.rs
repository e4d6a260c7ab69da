//! What the server keeps for a socket: the handler of the listener, or of a client.

use nexus_rt::io::MioEvent;
use nexus_rt::plan::Visitor;
use nexus_rt::{Describe, Handler, MioDriver, TemplatedCallback, World};

use crate::client::OnClient;
use crate::listener::OnListener;

/// The sockets of the server: a resource.
pub(crate) type Sockets = MioDriver<Peer>;

/// What the server keeps for a socket. It has a name, so that the server finds a client's state by its token.
pub(crate) enum Peer {
    /// Who waits for clients.
    Listener(Box<TemplatedCallback<OnListener>>),
    /// A client.
    Client(TemplatedCallback<OnClient>),
}

impl Handler<MioEvent> for Peer {
    #[inline]
    fn run(&mut self, world: &mut World, event: MioEvent) {
        match self {
            Self::Listener(listener) => listener.run(world, event),
            Self::Client(client) => client.run(world, event),
        }
    }
}

impl Describe for Peer {
    fn describe(&self, visitor: &mut dyn Visitor) {
        match self {
            Self::Listener(listener) => listener.describe(visitor),
            Self::Client(client) => client.describe(visitor),
        }
    }
}
