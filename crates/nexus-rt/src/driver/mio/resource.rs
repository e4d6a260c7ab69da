//! `MioDriver`: the resource through which handlers register sources.

use std::any::Any;
use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::sync::{Arc, OnceLock};

use mio::event::Source;
use mio::{Interest, Registry};

use super::event::{MioEvent, MioToken};
use super::port::Ports;
use crate::describe::Describe;
use crate::doorbell::Doorbell;
use crate::handler::Virtual;
use crate::poll::{Driver, Polls, Registration, Registrations};

/// The sockets and other sources of a world, as a resource: [`MioInstaller`](crate::MioInstaller) registers it,
/// [`MioPoller`](crate::MioPoller) runs the handlers of the sources that are ready.
///
/// The driver only reports that a source is ready; its handler reads and writes. For servers and clients of streams,
/// use [`Connections`](crate::connections::Connections), which also cuts bytes into frames and has limits. For
/// datagrams, use [`Datagrams`](crate::datagrams::Datagrams).
///
/// ```
/// use std::io;
/// use std::net::UdpSocket as Peer;
///
/// use nexus_rt::io::MioEvent;
/// use nexus_rt::mio::Interest;
/// use nexus_rt::mio::net::UdpSocket;
/// use nexus_rt::{IntoCallback, MioDriver, MioInstaller, ResMut, WorldBuilder};
///
/// type Room = [u8; 64];
///
/// /// Adds up the lengths of datagrams. An empty one ends the registration.
/// fn measure(room: &mut Room, mut io: ResMut<MioDriver>, mut sum: ResMut<usize>, event: MioEvent) {
///     // Data left unread is not reported again.
///     while let Some(socket) = io.source::<UdpSocket>(event.token) {
///         match socket.recv(room) {
///             Ok(0) => _ = io.close(event.token),
///             Ok(length) => *sum += length,
///             Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
///             Err(error) => eprintln!("a datagram was lost: {error}"),
///         }
///     }
/// }
///
/// let mut builder = WorldBuilder::new();
/// let mut poller = builder.install_driver(MioInstaller::new()?);
/// builder.register(0_usize);
/// let mut world = builder.build();
///
/// let socket = UdpSocket::bind("127.0.0.1:0".parse().expect("an address"))?;
/// let address = socket.local_addr()?;
/// let measure = Box::new(measure.into_callback([0; 64], world.registry()));
/// world.resource_mut::<MioDriver>().register(socket, Interest::READABLE, measure)?;
///
/// let peer = Peer::bind("127.0.0.1:0")?;
/// for datagram in [&b"hello"[..], b"you", b""] {
///     peer.send_to(datagram, address)?;
/// }
/// while !world.resource::<MioDriver>().is_empty() {
///     poller.poll(&mut world, None)?; // waits until something is ready
/// }
/// assert_eq!(*world.resource::<usize>(), 8);
/// # Ok::<(), io::Error>(())
/// ```
///
/// There are two kinds of registrations:
///
/// - **A registration that stays** runs for every event of its source, with its context, under one token, until it is
///   [closed](Self::close). An event costs no allocation, and no system call but the IO itself.
/// - **A registration that fires once** ([`insert_once`](Self::insert_once)) is moved out when it runs. For the next
///   event, it registers a successor, which a [`CallbackTemplate`](crate::CallbackTemplate) stamps.
///
/// Handlers may register sources and close any registration, including their own. A closed registration never runs,
/// even if it was already ready in this poll.
///
/// `S` is the type in which handlers are stored: boxed ([`Virtual`]) by default, in place
/// ([`InlineMio`](crate::InlineMio)), or a nameable type such as [`TemplatedCallback<K>`](crate::TemplatedCallback).
/// `Tag` distinguishes several drivers of one world.
pub struct MioDriver<S = Virtual<MioEvent>, Tag = ()> {
    registry: Registry,
    waker: MioWaker,
    /// Made when it is first asked for, and shared with the poller.
    bell: Bell,
    registrations: Registrations<S, Kept>,
    ports: Ports,
    tag: PhantomData<fn() -> Tag>,
}

/// Handlers stored in place: each in a [`FlatVirtual`](crate::FlatVirtual), which rejects what does not fit.
#[cfg(feature = "smartptr")]
pub type InlineMio<Tag = ()> = MioDriver<crate::inline::FlatVirtual<MioEvent>, Tag>;

/// Handlers stored in place where they fit, and on the heap otherwise: each in a [`FlexVirtual`](crate::FlexVirtual).
#[cfg(feature = "smartptr")]
pub type FlexMio<Tag = ()> = MioDriver<crate::inline::FlexVirtual<MioEvent>, Tag>;

/// The doorbell of a driver's sleep, if it was ever asked for.
pub(super) type Bell = Arc<OnceLock<Doorbell>>;

/// The part of a registration that stays while its handler runs.
struct Kept {
    /// The source, if the driver owns it.
    source: Option<Box<dyn OwnedSource>>,
    once: bool,
}

/// A source that the driver owns, which can be downcast to its type.
trait OwnedSource: Source + Any + Send {}

impl<T: Source + Any + Send> OwnedSource for T {}

impl<S, Tag> MioDriver<S, Tag> {
    pub(super) fn new(registry: Registry, waker: MioWaker, bell: Bell) -> Self {
        Self { registry, waker, bell, registrations: Registrations::new(), ports: Ports::default(), tag: PhantomData }
    }

    /// Registers a source with the handler of its events. The driver owns the source: closing the registration closes
    /// it.
    ///
    /// ```
    /// # use nexus_rt::io::MioEvent;
    /// # use nexus_rt::mio::Interest;
    /// # use nexus_rt::mio::net::UdpSocket;
    /// # use nexus_rt::{IntoHandler, MioDriver, MioInstaller, ResMut, WorldBuilder};
    /// # let mut builder = WorldBuilder::new();
    /// # let mut poller = builder.install_driver(MioInstaller::new()?);
    /// # builder.register(0_u32);
    /// # let mut world = builder.build();
    /// let socket = UdpSocket::bind("127.0.0.1:0".parse().expect("an address"))?;
    /// let address = socket.local_addr()?;
    /// let ready = |mut count: ResMut<u32>, _: MioEvent| *count += 1;
    /// let ready = Box::new(ready.into_handler(world.registry()));
    /// world.resource_mut::<MioDriver>().register(socket, Interest::READABLE, ready)?;
    ///
    /// std::net::UdpSocket::bind("127.0.0.1:0")?.send_to(b"hello", address)?;
    /// while poller.poll(&mut world, None)? == 0 {}
    /// assert_eq!(*world.resource::<u32>(), 1);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// The OS error. The source and the handler are dropped.
    pub fn register<Src>(&mut self, mut source: Src, interest: Interest, handler: S) -> io::Result<MioToken>
    where
        Src: Source + Send + 'static,
    {
        // Registered with the OS first, and added then, so that nothing is left of it if the OS or the source refuses.
        self.registry.register(&mut source, self.registrations.next_key().into(), interest)?;
        Ok(self.registrations.insert(handler, Kept { source: Some(Box::new(source)), once: false }))
    }

    /// Adds a handler whose source is elsewhere, such as in its own context. Returns the token with which to register
    /// that source. The registration stays until it is closed.
    ///
    /// ```
    /// # use nexus_rt::io::MioEvent;
    /// # use nexus_rt::mio::Interest;
    /// # use nexus_rt::mio::net::UdpSocket;
    /// # use nexus_rt::{IntoHandler, MioDriver, MioInstaller, WorldBuilder};
    /// # let mut builder = WorldBuilder::new();
    /// # let _poller = builder.install_driver(MioInstaller::new()?);
    /// # let mut world = builder.build();
    /// let mut socket = UdpSocket::bind("127.0.0.1:0".parse().expect("an address"))?;
    /// let ready = Box::new((|_: MioEvent| {}).into_handler(world.registry()));
    /// let mut io = world.resource_mut::<MioDriver>();
    /// let token = io.insert(ready);
    /// io.registry().register(&mut socket, token.into(), Interest::READABLE)?;
    /// assert!(io.contains(token) && io.source::<UdpSocket>(token).is_none());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn insert(&mut self, handler: S) -> MioToken {
        self.registrations.insert(handler, Kept { source: None, once: false })
    }

    /// Like [`insert`](Self::insert), but the handler runs once: it is moved out before it runs, and its token ends.
    ///
    /// ```
    /// # use nexus_rt::io::MioEvent;
    /// # use nexus_rt::mio::Interest;
    /// # use nexus_rt::mio::net::UdpSocket;
    /// # use nexus_rt::{IntoHandler, MioDriver, MioInstaller, WorldBuilder};
    /// # let mut builder = WorldBuilder::new();
    /// # let mut poller = builder.install_driver(MioInstaller::new()?);
    /// # let mut world = builder.build();
    /// # let mut socket = UdpSocket::bind("127.0.0.1:0".parse().expect("an address"))?;
    /// let first = Box::new((|_: MioEvent| {}).into_handler(world.registry()));
    /// let mut io = world.resource_mut::<MioDriver>();
    /// let token = io.insert_once(first);
    /// io.registry().register(&mut socket, token.into(), Interest::READABLE)?;
    /// std::net::UdpSocket::bind("127.0.0.1:0")?.send_to(b"hello", socket.local_addr()?)?;
    /// while poller.poll(&mut world, None)? == 0 {}
    /// assert!(!world.resource::<MioDriver>().contains(token));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn insert_once(&mut self, handler: S) -> MioToken {
        self.registrations.insert(handler, Kept { source: None, once: true })
    }

    /// Returns the source of a registration, if the driver owns one of this type.
    #[inline]
    #[must_use]
    pub fn source<Src: 'static>(&mut self, token: MioToken) -> Option<&mut Src> {
        let source: &mut dyn Any = &mut **self.registrations.get_mut(token)?.kept.source.as_mut()?;
        source.downcast_mut()
    }

    /// Changes the interest of a source that the driver owns.
    ///
    /// # Errors
    /// The OS error, or `NotFound` if the token matches no registration with a source.
    pub fn reregister(&mut self, token: MioToken, interest: Interest) -> io::Result<()> {
        let source = self.registrations.get_mut(token).and_then(|registration| registration.kept.source.as_mut());
        match source {
            Some(source) => self.registry.reregister(&mut **source, token.into(), interest),
            None => Err(io::Error::new(io::ErrorKind::NotFound, "the token matches no registration with a source")),
        }
    }

    /// Ends a registration. Closes its source, if the driver owns it, and drops the handler, at once or when it
    /// returns. Returns whether the token matched a registration here.
    pub fn close(&mut self, token: MioToken) -> bool {
        self.end(token).is_some()
    }

    /// Ends a registration and returns its handler. Returns `None` if the token matches no registration, or if the
    /// handler is running, in which case the registration stays.
    pub fn remove(&mut self, token: MioToken) -> Option<S> {
        self.registrations.get(token)?.handler.as_ref()?;
        self.end(token)?.handler
    }

    fn end(&mut self, token: MioToken) -> Option<Registration<S, Kept>> {
        let mut registration = self.registrations.remove(token)?;
        if let Some(source) = &mut registration.kept.source {
            // It is closed next, which ends its registration with the OS in any case.
            let _ = self.registry.deregister(&mut **source);
        }
        Some(registration)
    }

    /// Returns whether the token matches a registration here, even one whose handler is running.
    #[must_use]
    pub fn contains(&self, token: MioToken) -> bool {
        self.registrations.contains(token)
    }

    /// Returns the handler of a registration mutably, unless it is running, for example to change a callback's context.
    #[must_use]
    pub fn get_mut(&mut self, token: MioToken) -> Option<&mut S> {
        self.registrations.get_mut(token)?.handler.as_mut()
    }

    /// Calls `f` with a handler and with the registry, to register a source in the handler's context. Returns `None` if
    /// the token matches no registration, or if its handler is running.
    ///
    /// ```
    /// use nexus_rt::mio::Interest;
    /// use nexus_rt::mio::net::UdpSocket;
    /// use nexus_rt::io::MioEvent;
    /// use nexus_rt::{CallbackTemplate, MioDriver, MioInstaller, TemplatedCallback};
    /// use nexus_rt::{WorldBuilder, callback_blueprint};
    ///
    /// callback_blueprint!(OnDatagram, Context = UdpSocket, Event = MioEvent, Params = ());
    ///
    /// let mut builder = WorldBuilder::new();
    /// let installer = MioInstaller::new()?.stored_as::<TemplatedCallback<OnDatagram>>();
    /// let _poller = builder.install_driver(installer);
    /// let mut world = builder.build();
    /// let ready = |_: &mut UdpSocket, _: MioEvent| {};
    /// let template = CallbackTemplate::<OnDatagram>::new(ready, world.registry());
    ///
    /// let socket = UdpSocket::bind("127.0.0.1:0".parse().expect("an address"))?;
    /// let mut io = world.resource_mut::<MioDriver<TemplatedCallback<OnDatagram>>>();
    /// let token = io.insert(template.generate(socket));
    /// let registered = io.with_source(token, |handler, registry| {
    ///     registry.register(&mut handler.ctx, token.into(), Interest::READABLE)
    /// });
    /// assert!(registered.is_some_and(|registered| registered.is_ok()));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn with_source<R>(&mut self, token: MioToken, f: impl FnOnce(&mut S, &Registry) -> R) -> Option<R> {
        let handler = self.registrations.get_mut(token)?.handler.as_mut()?;
        Some(f(handler, &self.registry))
    }

    /// Returns the registry of the selector, to register sources that the driver does not own.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Returns the doorbell of this driver's sleep, for threads that put items where the loop looks, such as into an
    /// inbox or a channel.
    ///
    /// A ring costs a system call only if the loop sleeps, while a [`waker`](Self::waker) costs one each time.
    pub fn doorbell(&self) -> Doorbell {
        let waker = self.waker.clone();
        // If the waker fails, no file descriptor is left to wake with, and there is no one to report it to.
        self.bell.get_or_init(|| Doorbell::new(move || _ = waker.wake())).clone()
    }

    /// Returns a waker of this driver's poll, for other threads.
    pub fn waker(&self) -> MioWaker {
        self.waker.clone()
    }

    /// Returns the number of registrations.
    #[must_use]
    pub fn len(&self) -> usize {
        self.registrations.len()
    }

    /// Returns whether there are no registrations.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the number of handlers that panicked. They, their registrations and the sources that the driver owned
    /// are gone.
    ///
    /// The handler whose panic ended the last poll is counted, and its source closed, when the next poll begins.
    #[must_use]
    pub fn panicked(&self) -> u64 {
        self.registrations.panicked()
    }

    /// Returns the ports of drivers over this one.
    #[inline]
    pub(super) fn ports(&mut self) -> &mut Ports {
        &mut self.ports
    }

    /// Takes the handler of an event out, if its registration still exists.
    #[inline]
    pub(super) fn take_out(&mut self, token: MioToken) -> Option<S> {
        let registration = self.registrations.get_mut(token)?;
        let handler = registration.handler.take()?;
        if registration.kept.once {
            self.registrations.remove(token);
        }
        Some(handler)
    }
}

impl<S: 'static, Tag: 'static> Driver for MioDriver<S, Tag> {
    type Handler = S;
    type Key = MioToken;

    #[inline]
    fn polls(&mut self) -> &mut Polls {
        self.registrations.polls()
    }

    #[inline]
    fn put_back(&mut self, token: MioToken, handler: S) -> Result<(), S> {
        self.registrations.put_back(token, handler)
    }

    fn end(&mut self, token: MioToken) {
        self.close(token);
    }
}

impl<S: Describe, Tag> fmt::Debug for MioDriver<S, Tag> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.registrations.fmt(f)
    }
}

/// Wakes a blocking [`MioPoller`](crate::MioPoller) from any thread, for example after an item was put into a channel
/// that the loop reads. [`MioDriver::waker`](crate::MioDriver::waker) returns it.
#[derive(Clone, Debug)]
pub struct MioWaker(pub(super) Arc<mio::Waker>);

impl MioWaker {
    /// Makes the current poll return, or the next one if none is in progress.
    ///
    /// # Errors
    /// The OS error.
    pub fn wake(&self) -> io::Result<()> {
        self.0.wake()
    }
}
