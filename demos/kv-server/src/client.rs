//! A client: its socket, what comes and goes there, and its handler.

use std::io::{self, Read, Write};
use std::mem;
use std::net::Shutdown;

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
    /// Whether all of that has been read.
    pub(crate) over: bool,
    /// How many bytes are still read as requests, once that is limited.
    pub(crate) left: Option<usize>,
    /// Whether the client was told that nothing more comes.
    pub(crate) shut: bool,
    /// Whether it is among those to be attended to.
    pub(crate) queued: bool,
    /// Whether it is to be closed at once, since it would hold too much.
    pub(crate) cut_off: bool,
    /// What it was last found to hold, in bytes.
    pub(crate) held: usize,
}

impl Connection {
    /// A client that has just come.
    pub(crate) fn new(socket: TcpStream, session: Session) -> Self {
        Self {
            socket,
            session,
            rest: None,
            readable: false,
            ended: false,
            over: false,
            left: None,
            shut: false,
            queued: false,
            cut_off: false,
            held: 0,
        }
    }

    /// Reads once, which is all that there is unless the room was filled. Returns whether something came.
    pub(crate) fn receive(&mut self, request: &mut Request) -> bool {
        let room = request.room();
        let most = room.len().min(self.left.unwrap_or(usize::MAX));
        let length = self.read(&mut room[..most]);
        if let Some(left) = &mut self.left {
            *left -= length;
        }
        request.add(length);
        length > 0
    }

    /// Reads once and forgets it: if it stayed unread, closing the socket would reset the connection, and the client
    /// might lose replies.
    pub(crate) fn forget(&mut self, room: &mut [u8]) {
        self.read(room);
    }

    /// Returns how much waits to be read, as far as the room shows.
    pub(crate) fn unread(&self, room: &mut [u8]) -> usize {
        loop {
            match self.socket.peek(room) {
                Ok(length) => return length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return 0,
            }
        }
    }

    fn read(&mut self, room: &mut [u8]) -> usize {
        loop {
            match self.socket.read(room) {
                Ok(length @ 1..) => {
                    self.readable = length == room.len() || self.ended;
                    return length;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.readable = false,
                Ok(0) | Err(_) => self.over = true,
            }
            return 0;
        }
    }

    /// Tells the client that nothing more comes, after what was sent before.
    ///
    /// # Errors
    /// If the client is gone.
    pub(crate) fn shut(&mut self) -> io::Result<()> {
        if !mem::replace(&mut self.shut, true) {
            self.socket.shutdown(Shutdown::Write)?;
        }
        Ok(())
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
