//! `Gate`: output waits until the input that it answers is safe.

use std::mem;

use super::resource::{ConnectionId, Connections};

/// The latest position for which output is held, and the latest one that was released.
#[derive(Clone, Copy, Default)]
pub(super) struct Gate {
    pub(super) held: u64,
    pub(super) released: u64,
}

impl Gate {
    /// Returns whether new output must wait.
    #[inline]
    pub(super) fn is_shut(self) -> bool {
        self.held > self.released
    }
}

/// Bytes that are held until a position is released.
#[derive(Clone, Copy, Default)]
pub(super) struct Held {
    pub(super) length: usize,
    pub(super) position: u64,
}

impl<C, Tag> Connections<C, Tag> {
    /// Holds output until this position, or a later one, is [released](Self::release): for every connection, from now
    /// on, including output since the latest poll. Nothing is held by default.
    ///
    /// Positions are the program's own, such as the number of its turn or the length of its journal. They must
    /// increase: `hold` ignores a position that is not greater than all earlier ones. A connection tracks two
    /// positions: the one that its oldest output waits for, and the latest.
    ///
    /// Held output is [unsent](super::Client::unsent) and counts for [`Limits`](super::Limits). A connection that is
    /// closed, finished or drained is sent it first; a connection that ends abruptly is not.
    ///
    /// This program sends a reply only once the request is on disk. It commits once per turn:
    ///
    /// ```
    /// use std::fs::File;
    /// use std::io::{self, Read, Write};
    /// use std::time::Duration;
    ///
    /// use nexus_rt::connections::{Address, Client, Connections, ConnectionsInstaller, Lines};
    /// use nexus_rt::{MioInstaller, PipelineStart, ResMut, World, WorldBuilder};
    ///
    /// type Net = Connections<()>;
    ///
    /// /// The lines of this turn.
    /// type Journal = Vec<u8>;
    ///
    /// fn note(client: &mut Client<()>, mut journal: ResMut<Journal>, line: &[u8]) {
    ///     journal.extend_from_slice(line);
    ///     journal.push(b'\n');
    ///     client.send(b"noted\n");
    /// }
    ///
    /// let mut builder = WorldBuilder::new();
    /// let mut io = builder.install_driver(MioInstaller::new()?);
    /// let installer = ConnectionsInstaller::<(), _>::new(&io, Lines::new(1_000))?;
    /// let mut net = builder.install_driver(installer);
    /// builder.register(Journal::new());
    /// let mut world = builder.build();
    /// let note = PipelineStart::<&[u8]>::borrowed().with_context().then(note, world.registry());
    /// let mut note = note.build();
    /// # let path = std::env::temp_dir().join(format!("nexus-rt-hold-{}", std::process::id()));
    /// let mut file = File::create(&path)?;
    /// let mut number = 0;
    /// let mut turn = |world: &mut World| {
    ///     number += 1;
    ///     world.resource_mut::<Net>().hold(number);
    ///     io.poll(world, Some(Duration::from_millis(10)))?;
    ///     net.poll(world, usize::MAX, &mut note);
    ///     let mut journal = world.resource_mut::<Journal>();
    ///     if !journal.is_empty() {
    ///         file.write_all(&journal)?;
    ///         file.sync_data()?;
    ///         journal.clear();
    ///     }
    ///     world.resource_mut::<Net>().release(number);
    ///     Ok::<(), io::Error>(())
    /// };
    ///
    /// let mut connections = world.resource_mut::<Net>();
    /// let listener = connections.listen("127.0.0.1:0".parse::<Address>().unwrap())?;
    /// let Some(Address::Ip(address)) = connections.address(listener) else { unreachable!() };
    /// let mut client = std::net::TcpStream::connect(address)?;
    /// client.write_all(b"one\ntwo\n")?;
    /// while world.resource::<Net>().stats().sent < 12 {
    ///     turn(&mut world)?;
    /// }
    /// let mut replies = [0; 12];
    /// client.read_exact(&mut replies)?;
    /// assert_eq!((&replies, &*std::fs::read(&path)?), (b"noted\nnoted\n", &b"one\ntwo\n"[..]));
    /// # std::fs::remove_file(path)?;
    /// # Ok::<(), io::Error>(())
    /// ```
    pub fn hold(&mut self, position: u64) {
        self.gate.held = self.gate.held.max(position);
    }

    /// Sends the output that is [held](Self::hold) for positions up to this one, at once: one write to the OS for each
    /// connection, in the order in which they began to hold. Output for later positions stays held.
    ///
    /// A connection whose own frame is running is sent its output at the end of its turn.
    pub fn release(&mut self, position: u64) {
        if position <= self.gate.released {
            return;
        }
        self.gate.released = position;
        let mut holding = mem::take(&mut self.holding);
        holding.retain(|id| self.still_holds(*id));
        self.holding = holding;
    }

    /// Sends the released output of a connection. Returns whether the connection still holds some.
    fn still_holds(&mut self, id: ConnectionId) -> bool {
        let Some(registration) = self.table.get_mut(id) else { return false };
        // One that is out is handled when it comes back.
        let Some(client) = &mut registration.handler else { return true };
        let Some(position) = client.output.held() else {
            client.listed = false;
            return false;
        };
        if position > self.gate.released {
            return true;
        }
        if let Some(client) = self.take_out(id) {
            self.catch_up(client);
        }
        true
    }
}
