//! Who is at the other end of a file: the handlers of the listener and of the clients.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Write};

use nexus_rt::mio::Interest;
use nexus_rt::mio::net::{TcpListener, TcpStream};
use nexus_rt::{
    CallbackTemplate, Describe, Handler, MioDriver, MioEvent, MioToken, Res, ResMut, TemplatedCallback, Visitor, World,
    callback_blueprint,
};

use crate::limits::Limits;
use crate::request::Request;
use crate::session::{ClientId, Session};
use crate::stats::Stats;

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

callback_blueprint!(
    /// A client's handler. Its state is away while the client is attended to.
    pub(crate) OnClient,
    Context = Option<Box<Connection>>,
    Event = MioEvent,
    Params = (ResMut<'static, Ready>,),
);

/// A client and its socket.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) socket: TcpStream,
    pub(crate) session: Session,
    /// A request that has come in part.
    pub(crate) rest: Option<Box<Request>>,
    /// Whether there may be more to read.
    pub(crate) readable: bool,
    /// Whether the client will send no more than what there is to read.
    pub(crate) ended: bool,
    /// Whether it is among those to be attended to.
    pub(crate) queued: bool,
    /// Whether it is to be closed at once, since it would hold too much.
    pub(crate) cut_off: bool,
    /// What it was last found to hold, in bytes.
    pub(crate) held: usize,
}

/// What came of reading.
pub(crate) enum Received {
    /// Some bytes.
    Bytes,
    /// None for now.
    Nothing,
    /// None ever again.
    End,
}

impl Connection {
    /// Reads once, which is all that there is unless the room was filled.
    pub(crate) fn receive(&mut self, request: &mut Request) -> Received {
        loop {
            let room = request.room();
            let most = room.len();
            return match self.socket.read(room) {
                Ok(0) => Received::End,
                Ok(length) => {
                    self.readable = length == most || self.ended;
                    request.add(length);
                    Received::Bytes
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.readable = false;
                    Received::Nothing
                }
                Err(_) => Received::End,
            };
        }
    }

    /// Sends what there is room for. The driver tells when there is room for the rest.
    ///
    /// # Errors
    /// If the client is gone.
    pub(crate) fn send(&mut self) -> io::Result<()> {
        let replies = &mut self.session.replies;
        let mut sent = 0;
        let result = loop {
            let unsent = &replies.as_bytes()[sent..];
            if unsent.is_empty() {
                break Ok(());
            }
            match self.socket.write(unsent) {
                Ok(length) => sent += length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        replies.sent(sent);
        result
    }
}

/// The clients that something happened to, in this order: a resource.
#[derive(Debug, Default)]
pub(crate) struct Ready(pub(crate) Vec<MioToken>);

/// Notes what happened to a client. It is attended to when all that happened in this turn is known.
pub(crate) fn on_client(connection: &mut Option<Box<Connection>>, mut ready: ResMut<Ready>, event: MioEvent) {
    let Some(connection) = connection else { return };
    connection.readable |= event.is_readable() || event.is_read_closed() || event.is_error();
    connection.ended |= event.is_read_closed();
    if !connection.queued {
        connection.queued = true;
        ready.0.push(event.token);
    }
}

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
        client.ctx = Some(Box::new(Connection {
            socket,
            session,
            rest: None,
            readable: false,
            ended: false,
            queued: false,
            cut_off: false,
            held: 0,
        }));
    }
    Ok(())
}
