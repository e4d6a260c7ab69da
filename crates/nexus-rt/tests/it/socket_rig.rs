//! A world with sockets, for the tests of the mio driver.
#![expect(clippy::unwrap_used, reason = "a test that fails says where by its line")]

use std::io::{self, Read};
use std::net::TcpStream as Client;
use std::time::Duration;

use nexus_rt::io::{MioEvent, MioToken};
use nexus_rt::mio::Interest;
use nexus_rt::mio::net::TcpStream;
use nexus_rt::{
    IntoCallback, MioDriver, MioInstaller, MioPoller, ResMut, ShutdownHandle, Virtual, World, WorldBuilder,
};

use crate::support::{Log, until};

/// For what must happen, however slow the machine.
pub(crate) const LONG: Option<Duration> = Some(Duration::from_secs(30));

/// A world with sockets, and pairs of connected ones.
pub(crate) struct Rig {
    pub(crate) world: World,
    pub(crate) poller: MioPoller,
    pub(crate) shutdown: ShutdownHandle,
}

impl Rig {
    pub(crate) fn new() -> Self {
        let mut builder = WorldBuilder::new();
        let poller = builder.install_driver(MioInstaller::new().unwrap());
        builder.register(Log::new());
        builder.register(Vec::<MioToken>::new());
        let shutdown = builder.shutdown_handle();
        Self { world: builder.build(), poller, shutdown }
    }

    /// A connection: our end, to be registered, and the client's.
    pub(crate) fn pair() -> (TcpStream, Client) {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let client = Client::connect(listener.local_addr().unwrap()).unwrap();
        let (own, _) = listener.accept().unwrap();
        own.set_nonblocking(true).unwrap();
        client.set_read_timeout(LONG).unwrap();
        (TcpStream::from_std(own), client)
    }

    pub(crate) fn io(&mut self) -> ResMut<'_, MioDriver> {
        self.world.resource_mut::<MioDriver>()
    }

    /// A connection that the driver owns, and whose handler logs its name and what it reads.
    pub(crate) fn reader(&mut self, name: &'static str) -> (MioToken, Client) {
        let handler = Box::new(read_and_log.into_callback(name, self.world.registry()));
        self.serve(handler)
    }

    pub(crate) fn serve(&mut self, handler: Virtual<MioEvent>) -> (MioToken, Client) {
        let (own, client) = Self::pair();
        (self.io().register(own, Interest::READABLE, handler).unwrap(), client)
    }

    /// Waits until there is something to read from a connection that the driver owns. The driver would be told of it,
    /// but would run the handler too.
    pub(crate) fn until_readable(&mut self, token: MioToken) {
        let mut io = self.io();
        let stream = io.source::<TcpStream>(token).expect("the driver owns it");
        until("there is something to read", || stream.peek(&mut [0]).is_ok());
    }

    /// Polls until this many handlers have run.
    pub(crate) fn run(&mut self, handlers: usize) {
        let mut ran = 0;
        while ran < handlers {
            let now = self.poller.poll(&mut self.world, LONG).unwrap();
            assert!(now > 0, "nothing came");
            ran += now;
        }
        assert_eq!(ran, handlers);
    }

    /// Nothing is ready.
    pub(crate) fn is_quiet(&mut self) -> bool {
        self.poller.poll(&mut self.world, Some(Duration::from_millis(20))).unwrap() == 0
    }

    pub(crate) fn logged(&mut self) -> String {
        let mut log = std::mem::take(&mut *self.world.resource_mut::<Log>());
        log.sort();
        log.join(" ")
    }
}

/// Reads all that there is.
pub(crate) fn read(stream: &mut TcpStream) -> (String, bool) {
    let mut text = String::new();
    loop {
        let mut buffer = [0; 100];
        match stream.read(&mut buffer) {
            Ok(0) => return (text, true),
            Ok(n) => text.push_str(std::str::from_utf8(&buffer[..n]).unwrap()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return (text, false),
            Err(error) => panic!("{error}"),
        }
    }
}

fn read_and_log(name: &mut &'static str, mut io: ResMut<MioDriver>, mut log: ResMut<Log>, event: MioEvent) {
    assert!(event.is_readable());
    let (text, ended) = read(io.source::<TcpStream>(event.token).expect("the driver owns it"));
    log.push(format!("{name}:{text}"));
    if ended {
        assert!(io.close(event.token) && !io.close(event.token));
    }
}

/// Whether the other end was closed.
pub(crate) fn is_closed(client: &mut Client) -> bool {
    matches!(client.read(&mut [0]), Ok(0) | Err(_))
}
