//! A line server on raw `mio`, hand-written without a library.

use nexus_rt::mio::{Events, Interest, Poll, Token};
use slab::Slab;

use super::session::{Buffers, Session, Then};
use crate::servers::Server;
use crate::stream::{Client, Stream, Transport, connect};

pub(super) struct ByHand {
    poll: Poll,
    events: Events,
    connections: Slab<Connection>,
    buffers: Buffers,
    sent: u64,
}

struct Connection {
    stream: Stream,
    session: Session,
    /// Whether the OS is asked to report room to send. That costs wake-ups, so it is asked only after there was none.
    asks: bool,
}

impl ByHand {
    pub(super) fn new() -> Self {
        Self {
            poll: Poll::new().expect("there are files left"),
            events: Events::with_capacity(1024),
            connections: Slab::new(),
            buffers: Buffers::new(),
            sent: 0,
        }
    }
}

impl Server for ByHand {
    fn connect(&mut self, transport: Transport) -> Box<dyn Client> {
        let (mut stream, client) = connect(transport).expect("there are files left");
        let token = Token(self.connections.vacant_key());
        self.poll.registry().register(&mut stream, token, Interest::READABLE).expect("a fresh socket");
        self.connections.insert(Connection { stream, session: Session::default(), asks: false });
        client
    }

    fn poll(&mut self) {
        self.poll.poll(&mut self.events, None).expect("it polls");
        for event in &self.events {
            let token = event.token();
            let Some(Connection { stream, session, asks }) = self.connections.get_mut(token.0) else { continue };
            let mut then = Then::Stays;
            if event.is_writable() {
                match session.send(stream, &mut Vec::new()) {
                    Ok(sent) => self.sent += sent,
                    Err(_) => then = Then::Ends,
                }
            }
            if event.is_readable() && then == Then::Stays {
                match session.turn(stream, &mut self.buffers) {
                    Ok((after, sent)) => {
                        then = after;
                        self.sent += sent;
                    }
                    Err(_) => then = Then::Ends,
                }
            }
            if session.is_blocked() != *asks {
                *asks = !*asks;
                let interest = if *asks { Interest::READABLE | Interest::WRITABLE } else { Interest::READABLE };
                self.poll.registry().reregister(stream, token, interest).expect("it is registered");
            }
            if then == Then::Ends {
                let mut gone = self.connections.remove(token.0);
                self.poll.registry().deregister(&mut gone.stream).expect("it is registered");
            }
        }
    }

    fn echoed(&self) -> u64 {
        self.sent
    }
}
