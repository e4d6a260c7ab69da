//! A client: its socket, what comes and goes there, and its handler.

use std::io::{self, Read, Write};

use nexus_rt::io::{MioEvent, MioToken};
use nexus_rt::mio::net::TcpStream;
use nexus_rt::{ResMut, callback_blueprint};

use crate::request::Request;
use crate::session::Session;

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
