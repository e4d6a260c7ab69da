//! Where clients come in: who is let in, and who is turned away.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Write};

use nexus_rt::io::{MioEvent, MioToken};
use nexus_rt::mio::Interest;
use nexus_rt::mio::net::{TcpListener, TcpStream};
use nexus_rt::{CallbackTemplate, Res, ResMut, callback_blueprint};

use crate::client::{Connection, OnClient};
use crate::limits::Limits;
use crate::peer::{Peer, Sockets};
use crate::session::{ClientId, Session};
use crate::stats::Stats;

callback_blueprint!(
    /// The listener's handler.
    pub(crate) OnListener,
    Context = Listener,
    Event = MioEvent,
    Params = (ResMut<'static, Sockets>, ResMut<'static, Clients>, ResMut<'static, Stats>, Res<'static, Limits>),
);

/// Where clients come in.
pub(crate) struct Listener {
    socket: TcpListener,
    clients: CallbackTemplate<OnClient>,
    /// A file that is given up when there are no more, so that who comes then can be turned away.
    spare: Option<File>,
}

impl Listener {
    pub(crate) fn new(socket: TcpListener, clients: CallbackTemplate<OnClient>) -> Self {
        Self { socket, clients, spare: File::open("/dev/null").ok() }
    }

    pub(crate) fn socket(&mut self) -> &mut TcpListener {
        &mut self.socket
    }

    /// Takes a client whom no file is left for, and turns it away. Whether there was one that could be taken.
    fn turn_away(&mut self) -> bool {
        self.spare = None;
        let taken = self.socket.accept().is_ok();
        self.spare = File::open("/dev/null").ok();
        taken
    }
}

/// Who is connected, by name: a resource.
#[derive(Debug, Default)]
pub(crate) struct Clients {
    pub(crate) tokens: HashMap<ClientId, MioToken>,
    /// Whether there may be more outside for whom there is no file until one leaves.
    pub(crate) wait: bool,
    last: u64,
}

/// How many are let in before those who are in are attended to.
const AT_ONCE: usize = 1_000;

/// Lets in those who come.
pub(crate) fn on_listener(
    listener: &mut Listener,
    mut sockets: ResMut<Sockets>,
    mut clients: ResMut<Clients>,
    mut stats: ResMut<Stats>,
    limits: Res<Limits>,
    event: MioEvent,
) {
    for _ in 0..AT_ONCE {
        match listener.socket.accept() {
            Ok((socket, _)) if clients.tokens.len() >= limits.clients => {
                stats.rejected += 1;
                // If there is no room for it in a fresh socket, the client learns it from the end of the connection.
                _ = { socket }.write(b"-ERR max number of clients reached\r\n");
            }
            Ok((socket, _)) => match admit(&mut sockets, listener.clients, &mut clients, socket) {
                Ok(()) => {
                    stats.connections += 1;
                    stats.clients += 1;
                }
                Err(_) => stats.rejected += 1,
            },
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
            // Who has left before he was let in.
            Err(error) if matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::ConnectionAborted) => {}
            // No file is left, or no memory.
            Err(_) => {
                if !listener.turn_away() {
                    // Asking again would keep the processor busy. Who comes next, or leaves, is the time to.
                    clients.wait = true;
                    return;
                }
                stats.rejected += 1;
            }
        }
    }
    // There may be more, of which the system would not tell again.
    _ = sockets.registry().reregister(&mut listener.socket, event.token.into(), Interest::READABLE);
}

/// Registers a client.
fn admit(
    sockets: &mut Sockets,
    template: CallbackTemplate<OnClient>,
    clients: &mut Clients,
    mut socket: TcpStream,
) -> io::Result<()> {
    // Replies are sent whole, so there is nothing to wait for.
    socket.set_nodelay(true)?;
    let token = sockets.insert(Peer::Client(template.generate(None)));
    let interest = Interest::READABLE | Interest::WRITABLE;
    if let Err(error) = sockets.registry().register(&mut socket, token.into(), interest) {
        sockets.close(token);
        return Err(error);
    }
    clients.last += 1;
    let session = Session::new(ClientId(clients.last));
    clients.tokens.insert(session.id, token);
    if let Some(Peer::Client(client)) = sockets.get_mut(token) {
        client.ctx = Some(Box::new(Connection::new(socket, session)));
    }
    Ok(())
}
