//! `WorldBuilder`: takes resources, plugins and drivers, and builds a world.

use std::any::{TypeId, type_name};
use std::fmt;

use super::World;
use super::install::{Installer, Plugin};
use super::key::Key;
use super::registry::{Registry, ResourceId};
#[cfg(feature = "mio")]
use super::res::ResMut;
use crate::shutdown::{Shutdown, ShutdownHandle};

/// Collects resources, plugins and drivers, and builds a [`World`].
///
/// ```
/// use nexus_rt::WorldBuilder;
///
/// let mut builder = WorldBuilder::new();
/// builder.register(String::from("BTCUSDT"));
/// builder.register_default::<Vec<u64>>();
/// let world = builder.build();
/// assert_eq!(world.len(), 2);
/// assert_eq!(world.resource::<String>(), "BTCUSDT");
/// ```
#[derive(Debug)]
pub struct WorldBuilder {
    world: World,
}

impl WorldBuilder {
    /// Creates a builder without resources, except the [`Shutdown`] that every world has.
    #[must_use]
    pub fn new() -> Self {
        Self { world: World::new() }
    }

    /// Registers `value` as the one resource of its type. Any `T: Send + 'static` works; no trait is needed.
    ///
    /// # Panics
    /// If a `T` is already registered. The first value stays, since functions may have been resolved against it.
    #[track_caller]
    pub fn register<T: Send + 'static>(&mut self, value: T) -> ResourceId {
        match self.try_register(value) {
            Ok(id) => id,
            Err(_) => already_registered(type_name::<T>()),
        }
    }

    /// Registers `T::default()`.
    ///
    /// # Panics
    /// If a `T` is already registered.
    #[track_caller]
    pub fn register_default<T: Default + Send + 'static>(&mut self) -> ResourceId {
        self.register(T::default())
    }

    /// Registers `value`, or returns it if a `T` is already registered.
    ///
    /// # Errors
    /// Returns [`AlreadyRegistered`] with the value that was not registered.
    pub fn try_register<T: Send + 'static>(&mut self, value: T) -> Result<ResourceId, AlreadyRegistered<T>> {
        if self.registry().has(TypeId::of::<T>()) {
            return Err(AlreadyRegistered(value));
        }
        Ok(self.world.registry.insert(value))
    }

    /// Registers `value` if no `T` is registered yet, and drops it otherwise: for plugins that share a resource.
    pub fn ensure<T: Send + 'static>(&mut self, value: T) -> ResourceId {
        self.ensure_with(|| value)
    }

    /// Registers `T::default()` if no `T` is registered yet.
    pub fn ensure_default<T: Default + Send + 'static>(&mut self) -> ResourceId {
        self.ensure_with(T::default)
    }

    fn ensure_with<T: Send + 'static>(&mut self, make: impl FnOnce() -> T) -> ResourceId {
        match self.world.try_id::<T>() {
            Some(id) => id,
            None => self.world.registry.insert(make()),
        }
    }

    /// Installs a plugin, which registers what it needs. See [`Plugin`] for an example.
    ///
    /// # Panics
    /// If the plugin panics, such as for a resource that is already registered.
    #[track_caller]
    pub fn install_plugin(&mut self, plugin: impl Plugin) -> &mut Self {
        plugin.build(self);
        self
    }

    /// Installs a driver and returns its poller. See [`Installer`] for an example.
    ///
    /// # Panics
    /// If the driver panics, such as when one of its resources is already registered.
    #[track_caller]
    pub fn install_driver<I: Installer>(&mut self, driver: I) -> I::Poller {
        driver.install(self)
    }

    /// Returns the registry, with everything registered so far. Functions are resolved against it.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.world.registry
    }

    /// Returns a key that accesses resource `T` of the future world without a lookup.
    ///
    /// # Panics
    /// If no `T` is registered.
    #[track_caller]
    #[must_use]
    pub fn key<T: Send + 'static>(&self) -> Key<T> {
        self.registry().key::<T>()
    }

    /// Borrows resource `T`: for a plugin that builds on another one.
    ///
    /// # Panics
    /// If no `T` is registered.
    #[track_caller]
    #[must_use]
    pub fn resource<T: 'static>(&self) -> &T {
        self.world.resource::<T>()
    }

    /// Borrows resource `T` mutably, without a stamp: the write is part of the registration.
    ///
    /// A program registers a source or a timer this way, for example, and stores its key in another resource.
    ///
    /// ```
    /// use nexus_rt::{Sequence, WorldBuilder};
    ///
    /// /// A place in the list of symbols.
    /// struct Leader(usize);
    ///
    /// let mut builder = WorldBuilder::new();
    /// builder.register(vec!["ETHUSDT"]);
    /// let symbols = builder.resource_mut::<Vec<&str>>();
    /// symbols.push("BTCUSDT");
    /// let leader = Leader(symbols.len() - 1);
    /// builder.register(leader);
    ///
    /// let world = builder.build();
    /// assert_eq!(world.resource::<Vec<&str>>()[world.resource::<Leader>().0], "BTCUSDT");
    /// assert_eq!(world.changed_at::<Vec<&str>>(), Sequence::NEVER);
    /// ```
    ///
    /// # Panics
    /// If no `T` is registered.
    #[track_caller]
    #[must_use]
    pub fn resource_mut<T: 'static>(&mut self) -> &mut T {
        self.world.resource_mut::<T>().into_inner_unstamped()
    }

    /// Borrows the resource of a key mutably, without a stamp. Returns `None` if the key is of another world.
    #[cfg(feature = "mio")]
    pub(crate) fn resource_of<T: Send + 'static>(&mut self, key: Key<T>) -> Option<&mut T> {
        key.try_get_mut(&mut self.world).map(ResMut::into_inner_unstamped)
    }

    /// Returns a handle that asks the future world to stop: see [`Shutdown`].
    pub fn shutdown_handle(&self) -> ShutdownHandle {
        self.world.shutdown_handle()
    }

    /// Returns the number of registered resources. The [`Shutdown`] of every world is not counted.
    #[must_use]
    pub fn len(&self) -> usize {
        self.world.len()
    }

    /// Returns whether nothing is registered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.world.is_empty()
    }

    /// Returns whether the world has a resource `T`.
    #[must_use]
    pub fn contains<T: 'static>(&self) -> bool {
        self.world.contains::<T>()
    }

    /// Builds the world. From here on, resources are neither added nor removed.
    #[must_use]
    pub fn build(self) -> World {
        self.world
    }
}

impl Default for WorldBuilder {
    fn default() -> Self {
        Self::new()
    }
}

/// The error of [`WorldBuilder::try_register`]: a resource of this type is already registered.
#[derive(PartialEq, Eq)]
pub struct AlreadyRegistered<T>(
    /// The value that was not registered.
    pub T,
);

impl<T> fmt::Display for AlreadyRegistered<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        SecondOf(type_name::<T>()).fmt(f)
    }
}

/// The message for every type, given the name of one.
struct SecondOf<'n>(&'n str);

impl fmt::Display for SecondOf<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(name) = self;
        if *name == type_name::<Shutdown>() {
            return write!(
                f,
                "every world has a `{name}` of its own: do not register one; `shutdown_handle` returns its handle"
            );
        }
        write!(
            f,
            "a `{name}` is already registered: a world holds one value per type. Wrap the second one in a type of its \
             own (`struct Second({name});`), or share the first with `ensure`",
        )
    }
}

#[cold]
#[track_caller]
fn already_registered(name: &str) -> ! {
    panic!("{}", SecondOf(name))
}

impl<T> fmt::Debug for AlreadyRegistered<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AlreadyRegistered<{}>", type_name::<T>())
    }
}

impl<T> std::error::Error for AlreadyRegistered<T> {}
