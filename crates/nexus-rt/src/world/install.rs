//! Plugins and drivers, which are installed while a world is built, and the contract of all drivers.

use super::builder::WorldBuilder;

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
    /// Registers the plugin's resources.
    fn build(self, builder: &mut WorldBuilder);
}

impl<F: FnOnce(&mut WorldBuilder)> Plugin for F {
    #[track_caller]
    fn build(self, builder: &mut WorldBuilder) {
        self(builder);
    }
}

/// An event source that can be installed, for [`WorldBuilder::install_driver`].
///
/// It registers the resources that its users need and returns a poller of its own type. The signature of `poll` suits
/// the source: time, sockets and rings are polled differently. Handlers access the resource through params, to add,
/// move and remove what the driver serves. `main()` owns the poller, which stores [`Key`](crate::Key)s instead of
/// references.
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
/// let add = |mut sum: ResMut<u64>, x: u32| *sum += u64::from(x);
/// let mut sum = add.into_handler(world.registry());
/// world.resource_mut::<Queue>().0.extend([1, 2, 3]);
/// poller.poll(&mut world, &mut sum);
/// assert_eq!(*world.resource::<u64>(), 6);
/// ```
///
/// A driver that stores handlers in its resource implements [`Driver`](crate::poll::Driver).
/// [`Registrations`](crate::poll::Registrations) stores them, [`Poller`](crate::poll::Poller) runs them, and together
/// they keep most of the rules below.
///
/// # Rules
///
/// [`check_driver`](crate::testing::check_driver) checks a driver against these rules, under these names:
///
/// - **An event is a sequence.** For each event, the driver advances the sequence, then runs one handler.
/// - **Keys are names, not places.** A key is `Copy + Send` and is never reused. Once its registration has ended, it
///   does nothing.
/// - **What ended before its turn does not run.** A handler may end others and add more, even in their place.
/// - **A handler may do anything to its own registration**: end it, or make another event due for it.
/// - **A panic loses no other event.** It propagates out of `poll`. The handler that panicked is dropped and
///   counted. The next `poll` delivers everything that was due after it.
/// - **A drop that panics loses no other event**, and a handler that ran to its end does not count as panicked.
/// - **A driver runs on its own world.** A poll on another one is refused. A handler that leaves another world in place
///   of its own is reported at once, by name.
/// - **A budget bounds a poll.** Events left over are still due, in the same order, before later events.
/// - **A poll ends when its resource is swapped or polled elsewhere.** This does not count as a panic. A handler that
///   returns to another resource is dropped, and its registration ends once its own resource is back.
/// - **Nothing allocates** once the driver has seen its largest load.
///
/// One rule cannot be checked:
///
/// - **Time and IO are arguments.** A poller does not read the clock of the machine, except to compute how long a wait
///   may still last. A poller that waits updates the world's [`Clock`](crate::Clock) afterwards; tests and replays
///   control that clock too.
pub trait Installer {
    /// What the user stores and polls.
    type Poller;

    /// Registers resources and returns the poller.
    fn install(self, builder: &mut WorldBuilder) -> Self::Poller;
}
