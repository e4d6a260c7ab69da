//! `Rig`: the gateway on test time, with the other end of its connection.

use std::io::{self, Read, Write};
use std::mem;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use nexus_rt::chain::ByReference;
use nexus_rt::connections::{ConnectionsInstaller, ConnectionsPoller, Ended, Framing};
use nexus_rt::testing::VirtualClock;
use nexus_rt::timer::TimerEvent;
use nexus_rt::{
    BoxedPipeline, Clock, Handler, MioInstaller, MioPoller, PipelineStart, TimerInstaller, TimerPoller, World,
    WorldBuilder, mio,
};

use crate::gateway::message::{Message, utc};
use crate::gateway::session::{Net, Peer, Session, SessionId};
use crate::gateway::{self, session};

pub(crate) struct Rig {
    pub(crate) messages: BoxedPipeline<Message, (), Peer, ByReference>,
    world: World,
    time: VirtualClock,
    io: MioPoller,
    net: ConnectionsPoller<Option<SessionId>, Message>,
    timers: TimerPoller<Box<dyn Handler<TimerEvent>>>,
    client: UnixStream,
    /// Whether the gateway has closed the connection.
    pub(crate) is_closed: bool,
    /// The number that the next message has.
    pub(crate) number: u64,
}

impl Rig {
    pub(crate) fn new() -> Self {
        let time = VirtualClock::new();
        let mut builder = WorldBuilder::new();
        let timers = builder.install_driver(TimerInstaller::new(time.now()));
        builder.register(Clock::test(time.clone(), Duration::from_secs(1_709_164_800)));
        let io = builder.install_driver(MioInstaller::new().unwrap());
        let net = ConnectionsInstaller::new(&io, Message::default()).unwrap();
        let mut net = builder.install_driver(net);
        gateway::register(&mut builder);
        let mut world = builder.build();
        let messages = gateway::messages(world.registry());
        let ended = PipelineStart::<Ended<io::Error>>::new().with_context::<Peer>();
        net.on_ended(ended.then(session::ended, world.registry()).build());
        let client = connect(&mut world);
        Self { messages, world, time, io, net, timers, client, is_closed: false, number: 1 }
    }

    /// One that is logged on, with this interval in seconds.
    pub(crate) fn logged_on(interval: u64) -> Self {
        let mut rig = Self::new();
        let reply = rig.send(&format!("35=A|98=0|108={interval}"));
        assert_eq!(reply, [format!("35=A|34=1|98=0|108={interval}")]);
        rig
    }

    /// Begins another connection, and returns the end of the one before, which stands while that is kept.
    pub(crate) fn reconnect(&mut self) -> UnixStream {
        self.is_closed = false;
        mem::replace(&mut self.client, connect(&mut self.world))
    }

    /// Receives a message with the next number, and returns what is sent.
    pub(crate) fn send(&mut self, text: &str) -> Vec<String> {
        let number = self.number;
        self.number += 1;
        self.send_as(number, text)
    }

    /// Receives a message with this number.
    pub(crate) fn send_as(&mut self, number: u64, text: &str) -> Vec<String> {
        let (kind, rest) = text.split_once('|').unwrap_or((text, ""));
        let time = utc(self.world.resource::<Clock>().unix());
        let text = format!("{kind}|34={number}|49=CLIENT|56=GATEWAY|52={time}|{rest}");
        self.receive(&framed(&text))
    }

    pub(crate) fn receive(&mut self, bytes: &[u8]) -> Vec<String> {
        // What ended before is ended, so that only these bytes are answered.
        self.turn();
        self.client.write_all(bytes).unwrap();
        self.turn();
        self.sent()
    }

    /// The client sends no more.
    pub(crate) fn finish(&mut self) -> Vec<String> {
        self.client.shutdown(Shutdown::Write).unwrap();
        self.turn();
        self.sent()
    }

    /// The program ends.
    pub(crate) fn drain(&mut self) -> Vec<String> {
        self.world.resource_mut::<Net>().drain(self.time.now() + Duration::from_secs(1));
        self.turn();
        self.sent()
    }

    /// Lets time pass, runs what is due, and returns what is sent.
    pub(crate) fn pass(&mut self, time: Duration) -> Vec<String> {
        let now = self.time.advance(time);
        assert_eq!(self.world.resource_mut::<Clock>().update(), now);
        self.turn();
        self.sent()
    }

    /// How many bytes of messages are kept to be sent again.
    pub(crate) fn kept(&self) -> usize {
        let sessions = self.world.resource::<Vec<Session>>();
        sessions.iter().flat_map(|session| &session.sent).map(|(.., body)| body.capacity()).sum()
    }

    /// Turns as the loop of the example does, until nothing happens.
    fn turn(&mut self) {
        let now = self.time.now();
        let mut quiet = 0;
        while quiet < 3 {
            self.io.poll(&mut self.world, Some(Duration::ZERO)).unwrap();
            let ran = self.net.poll(&mut self.world, usize::MAX, &mut self.messages);
            quiet = if ran + self.timers.poll(&mut self.world, now) == 0 { quiet + 1 } else { 0 };
        }
    }

    /// What was sent, without what is the same in each message.
    fn sent(&mut self) -> Vec<String> {
        let mut sent = Message::default();
        let mut bytes = [0; 10_000];
        while let Ok(length) = self.client.read(&mut bytes) {
            sent.buffer().extend(&bytes[..length]);
            if length == 0 {
                self.is_closed = true;
                break;
            }
        }
        let mut all = Vec::new();
        while sent.decode().unwrap().is_some() {
            let text = String::from_utf8(sent.buffer().taken().to_vec()).unwrap();
            let same = ["8=", "9=", "10=", "49=", "52=", "56=", "60="];
            let shown = text.split_terminator('\x01').filter(|field| !same.iter().any(|tag| field.starts_with(tag)));
            all.push(shown.collect::<Vec<_>>().join("|"));
        }
        assert!(sent.buffer().unread().is_empty());
        all
    }
}

/// Begins a connection, and returns its other end.
fn connect(world: &mut World) -> UnixStream {
    let (client, own) = UnixStream::pair().unwrap();
    own.set_nonblocking(true).unwrap();
    client.set_nonblocking(true).unwrap();
    world.resource_mut::<Net>().adopt(mio::net::UnixStream::from_std(own), None).unwrap();
    client
}

/// A message with these fields, whose separators are shown as `|`.
pub(crate) fn framed(text: &str) -> Vec<u8> {
    let body = format!("{}|", text.trim_end_matches('|')).replace('|', "\x01");
    let message = format!("8=FIX.4.4\x019={}\x01{body}", body.len());
    let sum: u32 = message.bytes().map(u32::from).sum();
    format!("{message}10={:03}\x01", sum % 256).into_bytes()
}
