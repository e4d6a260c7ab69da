//! `DatagramsPoller`: reads ready sockets, and runs the chain for each datagram.

use std::fmt;
use std::mem;

use super::resource::{Datagrams, SocketId};
use super::socket::{Received, Socket};
use crate::chain::ByReference;
use crate::doorbell::Doorbell;
use crate::driver::mio::{Inlet, MioEvent};
use crate::pipeline::Pipeline;
use crate::poll::{Driver, Poller};
use crate::step::{Finished, StepRef};
use crate::world::World;

/// Runs a chain for each datagram of each socket. [`DatagramsInstaller`](super::DatagramsInstaller) returns it, and
/// `main()` polls it after the [`MioPoller`](crate::MioPoller) that waits for its sockets.
#[must_use = "datagrams are run when it is polled"]
pub struct DatagramsPoller<C: 'static, Tag: 'static = ()> {
    pub(super) poller: Poller<Datagrams<C, Tag>>,
    pub(super) inlet: Inlet,
    /// The events of the inlet, and their memory.
    pub(super) events: Vec<MioEvent>,
    pub(super) bell: Doorbell,
    /// The number of the driver.
    pub(super) table: u32,
    /// One byte longer than the longest datagram, which reveals longer ones.
    pub(super) room: Vec<u8>,
    pub(super) per_turn: usize,
    /// Sockets whose chain panicked, or whose resource was elsewhere when the chain had run.
    pub(super) lost: Vec<(SocketId, bool)>,
}

/// A socket that is out. A panic drops this: the socket is lost, and the loop polls again before it sleeps.
struct Out<'p> {
    id: SocketId,
    lost: &'p mut Vec<(SocketId, bool)>,
    bell: &'p Doorbell,
    panicked: bool,
}

impl Drop for Out<'_> {
    fn drop(&mut self) {
        self.lost.push((self.id, self.panicked));
        self.bell.ring();
    }
}

impl<C: Send + 'static, Tag: 'static> DatagramsPoller<C, Tag> {
    /// Reads each ready socket, and runs `chain` for each datagram, at most `budget` times. Returns the number of
    /// datagrams run.
    ///
    /// The next poll reads what the budget or [`per_turn`](super::DatagramsInstaller::per_turn) leaves, and the loop
    /// does not sleep before it. An error of a socket is [counted](super::Stats::errors), and the socket stays open.
    ///
    /// ```
    /// # use nexus_rt::connections::Address;
    /// # use nexus_rt::datagrams::{Datagrams, DatagramsInstaller, Socket};
    /// # use nexus_rt::{MioInstaller, PipelineStart, ResMut, WorldBuilder};
    /// # let mut builder = WorldBuilder::new();
    /// # let mut io = builder.install_driver(MioInstaller::new()?);
    /// # let mut net = builder.install_driver(DatagramsInstaller::<()>::new(&io)?);
    /// # builder.register(0_usize);
    /// # let mut world = builder.build();
    /// let sum = |_: &mut Socket<()>, mut sum: ResMut<usize>, bytes: &[u8]| *sum += bytes.len();
    /// let mut chain = PipelineStart::<&[u8]>::borrowed()
    ///     .with_context::<Socket<()>>()
    ///     .then(sum, world.registry())
    ///     .build();
    ///
    /// let mut datagrams = world.resource_mut::<Datagrams<()>>();
    /// let socket = datagrams.bind("127.0.0.1:0".parse::<Address>().unwrap(), ())?;
    /// let Some(Address::Ip(address)) = datagrams.address(socket) else { unreachable!() };
    /// std::net::UdpSocket::bind("127.0.0.1:0")?.send_to(b"hello", address)?;
    ///
    /// io.poll(&mut world, None)?; // waits for the datagram
    /// assert_eq!(net.poll(&mut world, usize::MAX, &mut chain), 1);
    /// assert_eq!(*world.resource::<usize>(), 5);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Panics
    /// If `world` is not the world that the driver was installed in, or if the chain panics. The socket of that
    /// datagram is closed; nothing else is lost.
    #[track_caller]
    pub fn poll<S>(
        &mut self,
        world: &mut World,
        budget: usize,
        chain: &mut Pipeline<[u8], S, Socket<C>, ByReference>,
    ) -> usize
    where
        S: StepRef<Socket<C>, [u8], Out: Finished>,
    {
        let Some(numbers) = self.begin(world) else { return 0 };
        let mut left = budget;
        for _ in 0..self.poller.resource(world).ready.len() {
            let next = if left > 0 { self.poller.resource(world).next() } else { None };
            if !next.is_some_and(|socket| self.serve(world, socket, chain, numbers, &mut left)) {
                break;
            }
        }
        if !self.poller.resource(world).ready.is_empty() {
            self.bell.ring();
        }
        budget - left
    }

    /// Collects what happened. Returns the numbers of the driver and of this poll.
    #[track_caller]
    fn begin(&mut self, world: &mut World) -> Option<(u32, u64)> {
        let datagrams = self.poller.start(world);
        let numbers = datagrams.polls().numbers();
        if numbers.0 != self.table {
            // The events of its sockets wait until it is back.
            return None;
        }
        for (id, panicked) in self.lost.drain(..) {
            datagrams.lose(id, panicked);
        }
        self.inlet.take(world, &mut self.events);
        let datagrams = self.poller.resource(world);
        for event in self.events.drain(..) {
            datagrams.queue(event.token, false);
        }
        Some(numbers)
    }

    /// Serves one socket. Returns whether the poll continues: not if its resource is elsewhere, or was polled
    /// elsewhere.
    #[inline]
    fn serve<S>(
        &mut self,
        world: &mut World,
        mut socket: Box<Socket<C>>,
        chain: &mut Pipeline<[u8], S, Socket<C>, ByReference>,
        poll: (u32, u64),
        left: &mut usize,
    ) -> bool
    where
        S: StepRef<Socket<C>, [u8], Out: Finished>,
    {
        let id = socket.id;
        let mut out = Out { id, lost: &mut self.lost, bell: &self.bell, panicked: true };
        let (mut goes_on, mut more) = (true, true);
        while socket.turn < self.per_turn {
            socket.turn += 1;
            match socket.receive(&mut self.room) {
                Received::Datagram(length) => {
                    *left -= 1;
                    world.next_sequence();
                    chain.run_ref(&mut socket, world, &self.room[..length]);
                    let datagrams = self.poller.resource(world);
                    let numbers = datagrams.polls().numbers();
                    if numbers.0 != poll.0 {
                        out.panicked = false;
                        return false;
                    }
                    goes_on = numbers == poll;
                    if !goes_on || *left == 0 || socket.closing || !datagrams.contains(id) {
                        break;
                    }
                }
                Received::Skipped => {}
                Received::Nothing => {
                    more = false;
                    break;
                }
            }
        }
        out.panicked = false;
        let datagrams = self.poller.resource(world);
        if socket.closing {
            datagrams.close(id);
        }
        // The next poll continues a turn that the budget cut short.
        let continues = more && *left == 0 && socket.turn < self.per_turn;
        if !continues {
            socket.turn = 0;
        }
        // One that was closed is dropped here, while the driver is at rest.
        if datagrams.table.put_back(id, socket).is_ok() && more {
            datagrams.queue(id, continues);
        }
        mem::forget(out);
        goes_on
    }
}

impl<C, Tag> fmt::Debug for DatagramsPoller<C, Tag> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatagramsPoller")
    }
}
