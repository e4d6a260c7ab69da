//! Ports: how drivers over sockets receive the events of their own sources from the one wait of a `MioPoller`.

use std::fmt;
use std::io;
use std::mem;
use std::sync::Arc;

use mio::event::{Event, Source};
use mio::{Events, Interest, Registry, Token};

use super::event::{self, MioEvent};
use super::resource::MioDriver;
use crate::doorbell::Doorbell;
use crate::poll::{Driver, RegistrationKey};
use crate::world::{Key, World, WorldBuilder};

/// Marks the token of a port. No registration of a driver has so large an index.
const PORT: u32 = 1 << 31;

/// The bits of an index that are left for a place at its port.
const PLACES: u32 = 24;

/// The most registrations that a port has room for.
pub(in crate::driver) const MOST: usize = 1 << PLACES;

/// The most ports of a driver. The number after the last is in the tokens of the waker and of the alarm.
const PORTS: usize = (1 << (u32::BITS - 1 - PLACES)) - 1;

/// The events of each port since it last took them: part of a `MioDriver`.
#[derive(Default)]
pub(super) struct Ports {
    /// The table of each port, whose keys its events carry, and the queue that they go to.
    ports: Vec<(u32, usize)>,
    /// One for each driver.
    queues: Vec<Vec<MioEvent>>,
}

impl Ports {
    fn open(&mut self, table: u32, queue: usize) -> usize {
        assert!(self.ports.len() < PORTS, "a mio driver has at most {PORTS} ports: install fewer drivers over it");
        self.ports.push((table, queue));
        self.ports.len() - 1
    }

    /// Notes the events of this driver that are for ports.
    #[inline(never)]
    pub(super) fn forward(&mut self, driver: u32, events: &Events) {
        if !self.ports.is_empty() {
            events.iter().for_each(|event| self.note(event::token(driver, event.token()), event));
        }
    }

    /// Notes an event for the port of this token, if there is such a port.
    #[inline]
    fn note(&mut self, token: RegistrationKey, event: &Event) {
        if is_of_port(token)
            && let Some(&(driver, queue)) = self.ports.get(((token.index & !PORT) >> PLACES) as usize)
        {
            let key = RegistrationKey { driver, index: token.index & (MOST as u32 - 1), ..token };
            self.queues[queue].push(MioEvent::new(key, event));
        }
    }
}

/// Whether a token is for a port, and not for a registration of the mio driver itself.
#[inline]
pub(super) fn is_of_port(token: RegistrationKey) -> bool {
    token.index & PORT != 0
}

/// Registers the sources of one table with the selector. It is part of the resource of the driver that owns the table.
pub(in crate::driver) struct Port {
    registry: Arc<Registry>,
    number: usize,
}

/// The other end of a port, which its poller has: the events of its sources.
pub(in crate::driver) struct Inlet {
    #[expect(clippy::type_complexity, reason = "it erases the type of the driver, and has no other use")]
    events: Box<dyn for<'w> Fn(&'w mut World) -> Option<&'w mut Vec<MioEvent>> + Send>,
}

/// Opens ports for the tables of these numbers, which belong to one driver, at the driver of this key.
///
/// # Panics
/// If the driver is of another world than the one that is built, or if it has no ports left.
#[track_caller]
pub(in crate::driver) fn open<S: Send + 'static, Tag: 'static, const N: usize>(
    builder: &mut WorldBuilder,
    key: Key<MioDriver<S, Tag>>,
    registry: &Arc<Registry>,
    tables: [u32; N],
) -> ([Port; N], Inlet, Doorbell) {
    let driver = builder.resource_of(key).unwrap_or_else(|| {
        panic!(
            "the `MioPoller` that these sockets were to be waited for by is of another world: pass one that was installed \
             in this builder"
        )
    });
    let (id, bell) = (driver.polls().driver(), driver.doorbell());
    let ports = driver.ports();
    let queue = ports.queues.len();
    ports.queues.push(Vec::new());
    let opened = tables.map(|table| Port { registry: registry.clone(), number: ports.open(table, queue) });
    let inlet = Inlet {
        events: Box::new(move |world| {
            let driver = key.get_mut(world).into_inner_unstamped();
            // A driver that replaces it has the events of other sources.
            if driver.polls().driver() == id { Some(&mut driver.ports().queues[queue]) } else { None }
        }),
    };
    (opened, inlet, bell)
}

impl Port {
    fn token(&self, key: RegistrationKey) -> Token {
        let index = PORT | (self.number as u32) << PLACES | key.index;
        RegistrationKey { index, ..key }.into()
    }

    /// Registers a source under the key that its registration has or will have.
    pub(in crate::driver) fn register(
        &self,
        source: &mut impl Source,
        key: RegistrationKey,
        interest: Interest,
    ) -> io::Result<()> {
        self.registry.register(source, self.token(key), interest)
    }

    /// Changes what the OS reports of a source. It reports once more what the source is ready for already.
    pub(in crate::driver) fn reregister(
        &self,
        source: &mut impl Source,
        key: RegistrationKey,
        interest: Interest,
    ) -> io::Result<()> {
        self.registry.reregister(source, self.token(key), interest)
    }

    /// Ends the registration of a source, which is about to be closed.
    pub(in crate::driver) fn deregister(&self, source: &mut impl Source) {
        // Closing it ends the registration in any case.
        let _ = self.registry.deregister(source);
    }
}

impl Inlet {
    /// Moves the events of the port since the last call into `events`, which is empty, in order. While another driver
    /// replaces the one that this port belongs to, there are none.
    #[inline]
    #[track_caller]
    pub(in crate::driver) fn take(&self, world: &mut World, events: &mut Vec<MioEvent>) {
        debug_assert!(events.is_empty(), "they would be mixed with what happens next");
        if let Some(happened) = (self.events)(world) {
            // Each keeps the memory of the other.
            mem::swap(happened, events);
        }
    }
}

impl fmt::Debug for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Port({})", self.number)
    }
}
