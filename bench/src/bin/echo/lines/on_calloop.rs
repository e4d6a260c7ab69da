//! A hand-written line server, as a source of calloop.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;

use calloop::generic::Generic;
use calloop::{EventLoop, EventSource, Interest, LoopHandle, Mode, Poll, PostAction, Readiness, Token, TokenFactory};

use super::session::{Buffers, Session, Then};
use crate::servers::Server;
use crate::stream::{Client, Stream, Transport, connect};

pub(super) struct Calloop {
    events: EventLoop<'static, u64>,
    handle: LoopHandle<'static, u64>,
    buffers: Rc<RefCell<Buffers>>,
    sent: u64,
}

/// A source whose events are numbers of bytes sent.
struct Connection {
    stream: Generic<Stream>,
    session: Session,
    buffers: Rc<RefCell<Buffers>>,
    /// Whether the OS is asked to report room to send: only after there was none.
    asks: bool,
}

impl EventSource for Connection {
    type Event = u64;
    type Metadata = ();
    type Ret = ();
    type Error = io::Error;

    fn process_events<F>(&mut self, ready: Readiness, token: Token, mut callback: F) -> io::Result<PostAction>
    where
        F: FnMut(u64, &mut ()),
    {
        let Self { stream, session, buffers, asks } = self;
        let action = stream.process_events(ready, token, |ready, stream| {
            let mut then = Then::Stays;
            if ready.writable {
                callback(session.send(stream, &mut Vec::new())?, &mut ());
            }
            if ready.readable {
                let (after, sent) = session.turn(stream, &mut buffers.borrow_mut())?;
                callback(sent, &mut ());
                then = after;
            }
            Ok(match then {
                Then::Ends => PostAction::Remove,
                Then::Stays if session.is_blocked() != *asks => PostAction::Reregister,
                Then::Stays => PostAction::Continue,
            })
        })?;
        if action == PostAction::Reregister {
            *asks = !*asks;
            stream.interest = if *asks { Interest::BOTH } else { Interest::READ };
        }
        Ok(action)
    }

    fn register(&mut self, poll: &mut Poll, factory: &mut TokenFactory) -> calloop::Result<()> {
        self.stream.register(poll, factory)
    }

    fn reregister(&mut self, poll: &mut Poll, factory: &mut TokenFactory) -> calloop::Result<()> {
        self.stream.reregister(poll, factory)
    }

    fn unregister(&mut self, poll: &mut Poll) -> calloop::Result<()> {
        self.stream.unregister(poll)
    }
}

impl Calloop {
    pub(super) fn new() -> Self {
        let events = EventLoop::try_new().expect("there are files left");
        let handle = events.handle();
        Self { events, handle, buffers: Rc::new(RefCell::new(Buffers::new())), sent: 0 }
    }
}

impl Server for Calloop {
    fn connect(&mut self, transport: Transport) -> Box<dyn Client> {
        let (stream, client) = connect(transport).expect("there are files left");
        let stream = Generic::new(stream, Interest::READ, Mode::Edge);
        let buffers = Rc::clone(&self.buffers);
        let source = Connection { stream, session: Session::default(), buffers, asks: false };
        self.handle.insert_source(source, |sent, (), all| *all += sent).expect("a fresh socket");
        client
    }

    fn poll(&mut self) {
        self.events.dispatch(None, &mut self.sent).expect("it polls");
    }

    fn echoed(&self) -> u64 {
        self.sent
    }
}
