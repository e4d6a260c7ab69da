//! `Rig`: the gateway on test time, with one connection that is not of any socket.

use std::mem;
use std::time::Duration;

use nexus_rt::chain::ByReference;
use nexus_rt::connections::{Address, Client, Connections, ConnectionsInstaller, Ended, Framing, Retry};
use nexus_rt::testing::{TestHarness, VirtualClock};
use nexus_rt::timer::TimerEvent;
use nexus_rt::{BoxedPipeline, Clock, Handler, MioInstaller, PipelineStart, TimerInstaller, World, WorldBuilder};

use crate::message::{Message, Unframed, sum};
use crate::protocol::Link;
use crate::session::Utc;
use crate::{gateway, protocol};

/// The poller of the gateway's timers.
type Timers = nexus_rt::TimerPoller<Box<dyn Handler<TimerEvent>>>;

pub(crate) struct Rig {
    pub(crate) test: TestHarness,
    pub(crate) messages: BoxedPipeline<Message, (), Client<Link>, ByReference>,
    pub(crate) client: Client<Link>,
    timers: Timers,
    message: Message,
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
        let net = ConnectionsInstaller::<Link, _>::new(&io, Message::default()).unwrap();
        // It is never polled.
        _ = builder.install_driver(net);
        gateway::register(&mut builder, &["CLIENT", "SECOND"]);
        let mut test = TestHarness::with_clock(builder, time);
        let messages = gateway::messages(test.registry());
        let client = connect(test.world_mut());
        Self { test, messages, client, timers, message: Message::default(), number: 1 }
    }

    /// One that is logged on, with this interval in seconds.
    pub(crate) fn logged_on(interval: u64) -> Self {
        let mut rig = Self::new();
        let reply = rig.send(&format!("35=A|98=0|108={interval}"));
        assert_eq!(reply, [format!("35=A|34=1|98=0|108={interval}")]);
        rig
    }

    /// Gives up the connection and begins another.
    pub(crate) fn reconnect(&mut self) {
        self.client = connect(self.test.world_mut());
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
        let time = Utc(self.test.world().resource::<Clock>().unix());
        let text = format!("{kind}|34={number}|49=CLIENT|56=GATEWAY|52={time}|{rest}");
        self.receive(&framed(&text))
    }

    pub(crate) fn receive(&mut self, bytes: &[u8]) -> Vec<String> {
        self.message.buffer().extend(bytes);
        while let Some(message) = self.message.decode().unwrap() {
            let (messages, client) = (&mut self.messages, &mut self.client);
            self.test.event(|world| messages.run_with(client, world, message));
        }
        self.sent()
    }

    /// Ends the connection, and returns what is sent.
    pub(crate) fn end(&mut self, why: Ended<Unframed>) -> Vec<String> {
        let ended = PipelineStart::<Ended<Unframed>>::new().with_context::<Client<Link>>();
        let mut ended = ended.then(protocol::ended, self.test.registry()).build();
        let client = &mut self.client;
        self.test.event(|world| ended.run_with(client, world, why));
        self.sent()
    }

    /// Lets time pass, runs what is due, and returns what is sent.
    pub(crate) fn pass(&mut self, time: Duration) -> Vec<String> {
        let now = self.test.clock().advance(time);
        let world = self.test.world_mut();
        assert_eq!(world.resource_mut::<Clock>().update(), now);
        let id = self.client.id();
        let mut lend = |world: &mut World| {
            if let Some(client) = world.resource_mut::<Connections<Link>>().client_mut(id) {
                mem::swap(client, &mut self.client);
            }
        };
        lend(world);
        self.timers.poll(world, now);
        lend(world);
        self.sent()
    }

    /// What was sent, without what is the same in each message.
    fn sent(&mut self) -> Vec<String> {
        let bytes = mem::take(self.client.out());
        let mut sent = Message::default();
        sent.buffer().extend(&bytes);
        let mut all = Vec::new();
        while let Some(message) = sent.decode().unwrap() {
            assert!(message.is_intact());
            let shown = message.fields().filter(|(tag, _)| ![8, 9, 10, 49, 52, 56, 60].contains(tag));
            let shown = shown.map(|(tag, value)| format!("{tag}={}", String::from_utf8_lossy(value)));
            all.push(shown.collect::<Vec<_>>().join("|"));
        }
        assert!(sent.buffer().unread().is_empty());
        all
    }
}

/// Opens a connection that is never dialed, since nothing polls it. Timers reach it by its id, and it is taken out to
/// be the context of the chain.
fn connect(world: &mut World) -> Client<Link> {
    let mut connections = world.resource_mut::<Connections<Link>>();
    let nowhere: Address = "127.0.0.1:1".parse().unwrap();
    let id = connections.connect(nowhere, Link::default(), Retry::once()).unwrap();
    mem::replace(connections.client_mut(id).unwrap(), Client::detached(Link::default()))
}

/// A message with these fields, whose separators are shown as `|`.
pub(crate) fn framed(text: &str) -> Vec<u8> {
    let body = format!("{}|", text.trim_end_matches('|')).replace('|', "\x01");
    let message = format!("8=FIX.4.4\x019={}\x01{body}", body.len());
    format!("{message}10={:03}\x01", sum(message.as_bytes())).into_bytes()
}
