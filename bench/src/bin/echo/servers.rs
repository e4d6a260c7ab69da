//! The servers: the same echo, in four ways.

use std::io::{ErrorKind, Read, Write};

use calloop::generic::Generic;
use calloop::{EventLoop, LoopHandle, Mode, PostAction};
use nexus_rt::mio::{Events, Interest, Poll, Token};

use crate::stream::{Client, Stream, Transport, connect};

/// A server on one thread.
pub(crate) trait Server {
    /// Adds a connection. Returns the client's end.
    fn connect(&mut self, transport: Transport) -> Box<dyn Client>;

    /// Waits until something is ready, and serves it.
    fn poll(&mut self);

    /// Serves until the count of echoed bytes reaches `end`.
    fn serve(&mut self, end: u64) {
        while self.echoed() < end {
            self.poll();
        }
    }

    /// Returns the number of echoed bytes.
    fn echoed(&self) -> u64;
}

/// All servers, ours first.
pub(crate) fn all(_: Transport) -> Vec<(&'static str, Box<dyn Server>)> {
    vec![
        ("ours", Box::new(ours::Ours::new())),
        ("raw mio", Box::new(Raw::new())),
        ("2.5.1", Box::new(published::Published::new())),
        ("calloop", Box::new(Calloop::new())),
    ]
}

/// The buffer that a server reads into.
type Buffer = [u8; 4096];

/// Reads what is available and writes it back. Returns the number of bytes. All servers do this and nothing else.
fn echo(mut stream: &Stream, buffer: &mut Buffer) -> u64 {
    let mut echoed = 0;
    loop {
        match stream.read(buffer) {
            Ok(0) => return echoed,
            Ok(n) => {
                stream.write_all(&buffer[..n]).expect("a client waits for no more than a message");
                echoed += n as u64;
                // A short read empties the socket: later bytes are an event of their own.
                if n < buffer.len() {
                    return echoed;
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => return echoed,
            Err(error) => panic!("{error}"),
        }
    }
}

/// A hand-written loop over `mio`, without a library.
struct Raw {
    poll: Poll,
    events: Events,
    streams: Vec<Stream>,
    buffer: Box<Buffer>,
    echoed: u64,
}

impl Raw {
    fn new() -> Self {
        Self {
            poll: Poll::new().expect("there are files left"),
            events: Events::with_capacity(1024),
            streams: Vec::new(),
            buffer: Box::new([0; 4096]),
            echoed: 0,
        }
    }
}

impl Server for Raw {
    fn connect(&mut self, transport: Transport) -> Box<dyn Client> {
        let (mut stream, client) = connect(transport).expect("there are files left");
        let token = Token(self.streams.len());
        self.poll.registry().register(&mut stream, token, Interest::READABLE).expect("a fresh socket");
        self.streams.push(stream);
        client
    }

    fn poll(&mut self) {
        self.poll.poll(&mut self.events, None).expect("it polls");
        for event in &self.events {
            self.echoed += echo(&self.streams[event.token().0], &mut self.buffer);
        }
    }

    fn echoed(&self) -> u64 {
        self.echoed
    }
}

/// The number of bytes echoed by a server that is a world.
struct Count(u64);

/// The buffer of a server that is a world.
struct Scratch(Buffer);

mod ours {
    use nexus_rt::io::MioEvent;
    use nexus_rt::{IntoHandler, Key, MioDriver, MioInstaller, MioPoller, ResMut, World, WorldBuilder};

    use super::*;

    pub(super) struct Ours {
        world: World,
        poller: MioPoller,
        count: Key<Count>,
    }

    /// Handles a registration that stays. The driver owns the socket.
    fn on_readable(mut io: ResMut<MioDriver>, mut scratch: ResMut<Scratch>, mut count: ResMut<Count>, event: MioEvent) {
        if let Some(stream) = io.source::<Stream>(event.token) {
            count.0 += echo(stream, &mut scratch.0);
        }
    }

    impl Ours {
        pub(super) fn new() -> Self {
            let mut builder = WorldBuilder::new();
            let poller = builder.install_driver(MioInstaller::new().expect("there are files left"));
            builder.register(Scratch([0; 4096]));
            builder.register(Count(0));
            let count = builder.key();
            Self { world: builder.build(), poller, count }
        }
    }

    impl Server for Ours {
        fn connect(&mut self, transport: Transport) -> Box<dyn Client> {
            let (stream, client) = connect(transport).expect("there are files left");
            let handler = Box::new(on_readable.into_handler(self.world.registry()));
            let mut io = self.world.resource_mut::<MioDriver>();
            io.register(stream, Interest::READABLE, handler).expect("a fresh socket");
            client
        }

        fn poll(&mut self) {
            self.poller.poll(&mut self.world, None).expect("it polls");
        }

        fn echoed(&self) -> u64 {
            self.count.get(&self.world).0
        }
    }
}

mod published {
    use peer::{CallbackTemplate, MioDriver, MioInstaller, MioPoller, ResMut, World, WorldBuilder, callback_blueprint};

    use super::*;

    impl peer::Resource for Count {}
    impl peer::Resource for Scratch {}

    struct Streams(Vec<Stream>);

    impl peer::Resource for Streams {}

    pub(super) struct Published {
        world: World,
        poller: MioPoller,
    }

    /// The context of a connection's handler.
    struct Connection {
        index: usize,
        template: Option<Box<CallbackTemplate<OnReadable>>>,
    }

    callback_blueprint!(
        OnReadable,
        Context = Connection,
        Event = nexus_rt::mio::event::Event,
        Params = (
            ResMut<'static, MioDriver>,
            ResMut<'static, Streams>,
            ResMut<'static, Scratch>,
            ResMut<'static, Count>,
        )
    );

    /// Registrations of that library fire once. According to its documentation, a handler that wants more events
    /// inserts a successor and registers the socket again. The successor is stamped from a template, which is the
    /// fastest way.
    fn on_readable(
        connection: &mut Connection,
        mut io: ResMut<MioDriver>,
        mut streams: ResMut<Streams>,
        mut scratch: ResMut<Scratch>,
        mut count: ResMut<Count>,
        _: nexus_rt::mio::event::Event,
    ) {
        let stream = &mut streams.0[connection.index];
        count.0 += echo(stream, &mut scratch.0);
        let template = connection.template.take().expect("it is handed on once");
        let token = put(&mut io, connection.index, template);
        io.registry().reregister(stream, token, Interest::READABLE).expect("it is registered");
    }

    fn put(io: &mut MioDriver, index: usize, template: Box<CallbackTemplate<OnReadable>>) -> Token {
        let mut next = template.generate(Connection { index, template: None });
        next.ctx_mut().template = Some(template);
        io.insert(Box::new(next))
    }

    impl Published {
        pub(super) fn new() -> Self {
            let mut builder = WorldBuilder::new();
            let poller = builder.install_driver(MioInstaller::new());
            builder.register(Streams(Vec::new()));
            builder.register(Scratch([0; 4096]));
            builder.register(Count(0));
            Self { world: builder.build(), poller }
        }
    }

    impl Server for Published {
        fn connect(&mut self, transport: Transport) -> Box<dyn Client> {
            let (mut stream, client) = connect(transport).expect("there are files left");
            let template = Box::new(CallbackTemplate::new(on_readable, self.world.registry()));
            let index = self.world.resource::<Streams>().0.len();
            let io = self.world.resource_mut::<MioDriver>();
            let token = put(io, index, template);
            io.registry().register(&mut stream, token, Interest::READABLE).expect("a fresh socket");
            self.world.resource_mut::<Streams>().0.push(stream);
            client
        }

        fn poll(&mut self) {
            self.poller.poll(&mut self.world, None).expect("it polls");
        }

        fn echoed(&self) -> u64 {
            self.world.resource::<Count>().0
        }
    }
}

/// The state shared by the calloop callbacks.
struct Shared {
    buffer: Box<Buffer>,
    echoed: u64,
}

struct Calloop {
    events: EventLoop<'static, Shared>,
    handle: LoopHandle<'static, Shared>,
    shared: Shared,
}

impl Calloop {
    fn new() -> Self {
        let events = EventLoop::try_new().expect("there are files left");
        let handle = events.handle();
        Self { events, handle, shared: Shared { buffer: Box::new([0; 4096]), echoed: 0 } }
    }
}

impl Server for Calloop {
    fn connect(&mut self, transport: Transport) -> Box<dyn Client> {
        let (stream, client) = connect(transport).expect("there are files left");
        let source = Generic::new(stream, calloop::Interest::READ, Mode::Edge);
        let inserted = self.handle.insert_source(source, |_, stream, shared: &mut Shared| {
            shared.echoed += echo(stream, &mut shared.buffer);
            Ok(PostAction::Continue)
        });
        inserted.expect("a fresh socket");
        client
    }

    fn poll(&mut self) {
        self.events.dispatch(None, &mut self.shared).expect("it polls");
    }

    fn echoed(&self) -> u64 {
        self.shared.echoed
    }
}
