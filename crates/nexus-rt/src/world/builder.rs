//! How a world is put together: resources, plugins and drivers.

use std::any::type_name;
use std::fmt;

use super::World;
use super::key::Key;
use super::registry::{Registry, ResourceId};

/// Collects resources and drivers, then becomes a [`World`].
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
    /// A builder without resources.
    #[must_use]
    pub fn new() -> Self {
        Self { world: World::new() }
    }

    /// Registers `value` as the one resource of its type. Any `T: Send + 'static` will do; no trait is needed.
    ///
    /// # Panics
    /// If a `T` is already registered: the first value stays, since others may have been resolved against it.
    #[track_caller]
    pub fn register<T: Send + 'static>(&mut self, value: T) -> ResourceId {
        match self.try_register(value) {
            Ok(id) => id,
            Err(already) => panic!("{already}"),
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

    /// Registers `value`, or hands it back if there already is a `T`.
    ///
    /// # Errors
    /// [`AlreadyRegistered`] with the value that was not registered.
    pub fn try_register<T: Send + 'static>(&mut self, value: T) -> Result<ResourceId, AlreadyRegistered<T>> {
        if self.contains::<T>() {
            return Err(AlreadyRegistered(value));
        }
        Ok(self.world.registry.insert(value))
    }

    /// Registers `value` if there is no `T` yet; otherwise drops it. For a plugin that shares a resource with others.
    pub fn ensure<T: Send + 'static>(&mut self, value: T) -> ResourceId {
        self.ensure_with(|| value)
    }

    /// Registers `T::default()` if there is no `T` yet.
    pub fn ensure_default<T: Default + Send + 'static>(&mut self) -> ResourceId {
        self.ensure_with(T::default)
    }

    fn ensure_with<T: Send + 'static>(&mut self, make: impl FnOnce() -> T) -> ResourceId {
        match self.world.try_id::<T>() {
            Some(id) => id,
            None => self.world.registry.insert(make()),
        }
    }

    /// Lets a plugin register what it brings.
    #[track_caller]
    pub fn install_plugin(&mut self, plugin: impl Plugin) -> &mut Self {
        plugin.build(self);
        self
    }

    /// Installs a driver and gives its poller.
    #[track_caller]
    pub fn install_driver<I: Installer>(&mut self, driver: I) -> I::Poller {
        driver.install(self)
    }

    /// What functions are resolved against, with all that is registered so far.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.world.registry
    }

    /// A handle that reaches resource `T` of the world to be built without a look-up.
    ///
    /// # Panics
    /// If no `T` is registered.
    #[track_caller]
    #[must_use]
    pub fn key<T: Send + 'static>(&self) -> Key<T> {
        self.registry().key::<T>()
    }

    /// Borrows resource `T`, for a plugin that builds on another.
    ///
    /// # Panics
    /// If no `T` is registered.
    #[track_caller]
    #[must_use]
    pub fn resource<T: 'static>(&self) -> &T {
        self.world.resource::<T>()
    }

    /// How many resources are registered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.world.len()
    }

    /// Whether nothing is registered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.world.is_empty()
    }

    /// Whether a `T` is registered.
    #[must_use]
    pub fn contains<T: 'static>(&self) -> bool {
        self.world.contains::<T>()
    }

    /// The finished world. From here on resources are neither added nor removed.
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

/// A bundle of registrations, for [`WorldBuilder::install_plugin`].
///
/// Closures are plugins too:
///
/// ```
/// use nexus_rt::{Plugin, WorldBuilder};
///
/// struct Limits {
///     max_orders: u32,
/// }
///
/// struct Risk(Limits);
///
/// impl Plugin for Risk {
///     fn build(self, builder: &mut WorldBuilder) {
///         builder.register(self.0);
///     }
/// }
///
/// let mut builder = WorldBuilder::new();
/// builder
///     .install_plugin(Risk(Limits { max_orders: 10 }))
///     .install_plugin(|builder: &mut WorldBuilder| {
///         builder.register_default::<u64>();
///     });
/// assert_eq!(builder.build().resource::<Limits>().max_orders, 10);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a plugin",
    note = "implement `Plugin` for it, or pass a closure `|builder: &mut WorldBuilder| {{ .. }}`"
)]
pub trait Plugin {
    /// Registers what the plugin brings.
    fn build(self, builder: &mut WorldBuilder);
}

impl<F: FnOnce(&mut WorldBuilder)> Plugin for F {
    #[track_caller]
    fn build(self, builder: &mut WorldBuilder) {
        self(builder);
    }
}

/// An event source before it is installed, for [`WorldBuilder::install_driver`].
///
/// It registers the resources that its users need and returns a poller of its own type, whose `poll` has whatever
/// signature suits the source: time, sockets and rings do not poll alike. Handlers reach the resource through params, to add,
/// move and remove what the driver serves; `main()` owns the poller. A poller keeps [`Key`]s, not references.
///
/// ```
/// use std::collections::VecDeque;
///
/// use nexus_rt::{Handler, Installer, IntoHandler, Key, ResMut, World, WorldBuilder};
///
/// #[derive(Default)]
/// struct Queue(VecDeque<u32>);
///
/// struct QueueInstaller;
///
/// struct QueuePoller {
///     queue: Key<Queue>,
/// }
///
/// impl Installer for QueueInstaller {
///     type Poller = QueuePoller;
///
///     fn install(self, builder: &mut WorldBuilder) -> QueuePoller {
///         builder.register_default::<Queue>();
///         QueuePoller { queue: builder.key() }
///     }
/// }
///
/// impl QueuePoller {
///     fn poll(&mut self, world: &mut World, handler: &mut impl Handler<u32>) {
///         while let Some(event) = self.queue.get_mut(world).0.pop_front() {
///             world.next_sequence();
///             handler.run(world, event);
///         }
///     }
/// }
///
/// let mut builder = WorldBuilder::new();
/// let mut poller = builder.install_driver(QueueInstaller);
/// builder.register(0_u64);
/// let mut world = builder.build();
///
/// let mut sum = (|mut sum: ResMut<u64>, x: u32| *sum += u64::from(x)).into_handler(world.registry());
/// world.resource_mut::<Queue>().0.extend([1, 2, 3]);
/// poller.poll(&mut world, &mut sum);
/// assert_eq!(*world.resource::<u64>(), 6);
/// ```
///
/// What every driver of this library does, and one of your own should:
///
/// - **Time and IO are arguments.** A poller is told the time; it reads none, but for what is left of a time-out. So a test, and a
///   replay, decide. One that waits moves the world's [`Clock`](crate::Clock) afterwards, whose time they decide too.
/// - **An event is a sequence.** For each event the driver advances the sequence, then runs one handler.
/// - **Keys are names, not places.** What it hands out to name a registration is `Copy + Send`, and never names another one later: a
///   key whose registration is gone does nothing.
/// - **A handler may do anything to the driver's resource**, also to the registration that is running: cancel it, move it, add
///   others. What was cancelled before its turn does not run.
/// - **A panic loses nobody else's event.** It goes on through `poll`; the handler that panicked is dropped and counted; everything
///   that was due after it is delivered by the next `poll`.
/// - **A handler that leaves another world in place of its own** is reported at once, by name. Nothing is kept across a handler
///   that would not be checked again.
/// - **A budget bounds a poll**: what is left over is still due, in the same order.
/// - **Nothing allocates** once the driver has seen its largest load.
pub trait Installer {
    /// What the user keeps and polls.
    type Poller;

    /// Registers resources and makes the poller.
    fn install(self, builder: &mut WorldBuilder) -> Self::Poller;
}

/// There already is a resource of this type: the error of [`WorldBuilder::try_register`].
pub struct AlreadyRegistered<T>(
    /// The value that was not registered.
    pub T,
);

impl<T> fmt::Display for AlreadyRegistered<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = type_name::<T>();
        write!(
            f,
            "a `{name}` is already registered: a world holds one value per type. Wrap the second one in a type of its \
             own (`struct Second({name});`), or share the first with `ensure`",
        )
    }
}

impl<T> fmt::Debug for AlreadyRegistered<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AlreadyRegistered<{}>", type_name::<T>())
    }
}

impl<T> std::error::Error for AlreadyRegistered<T> {}
