//! `DriverRig`: how `check_driver` operates a driver.

use crate::world::World;

/// A driver under test, installed in its own world, for [`check_driver`](crate::testing::check_driver).
///
/// Handlers of the test access the driver through the world that they receive, so everything but polling is a function
/// of the world.
///
/// ```
/// # use std::collections::VecDeque;
/// # use nexus_rt::poll::{Driver, Poller, Polls, RegistrationKey, Registrations};
/// # use nexus_rt::{Virtual, WorldBuilder};
/// use nexus_rt::testing::{DriverRig, Probe, check_driver};
/// use nexus_rt::{Describe, Handler, World};
/// # #[derive(Default)]
/// # struct Bus { subscribers: Registrations<Virtual<RegistrationKey>>, due: VecDeque<RegistrationKey> }
/// # impl Bus {
/// #     fn next(&mut self) -> Option<(RegistrationKey, Virtual<RegistrationKey>, RegistrationKey)> {
/// #         while let Some(key) = self.due.pop_front() {
/// #             let Some(handler) = self.subscribers.take_out(key) else { continue };
/// #             return Some((key, handler, key));
/// #         }
/// #         None
/// #     }
/// # }
/// # impl Driver for Bus {
/// #     type Handler = Virtual<RegistrationKey>;
/// #     type Key = RegistrationKey;
/// #     fn polls(&mut self) -> &mut Polls { self.subscribers.polls() }
/// #     fn put_back(&mut self, key: RegistrationKey, handler: Self::Handler) -> Result<(), Self::Handler> {
/// #         self.subscribers.put_back(key, handler)
/// #     }
/// #     fn end(&mut self, key: RegistrationKey) { self.subscribers.remove(key); }
/// # }
///
/// /// A bus that passes each event on to one subscriber, which receives its own key.
/// struct Rig {
///     world: World,
///     poller: Poller<Bus>,
/// }
///
/// struct Subscriber(Probe<RegistrationKey>);
///
/// impl Describe for Subscriber {}
///
/// impl Handler<RegistrationKey> for Subscriber {
///     fn run(&mut self, world: &mut World, key: RegistrationKey) {
///         (self.0)(world, key);
///     }
/// }
///
/// impl DriverRig for Rig {
///     type Key = RegistrationKey;
///
///     fn new() -> Self {
///         let mut builder = WorldBuilder::new();
///         builder.register_default::<Bus>();
///         Self { poller: Poller::new(builder.key()), world: builder.build() }
///     }
///
///     fn world(&mut self) -> &mut World {
///         &mut self.world
///     }
///
///     fn poll(&mut self, budget: usize) -> usize {
///         self.poller.run(&mut self.world, budget, Bus::next)
///     }
///
///     fn register(world: &mut World, probe: Probe<RegistrationKey>) -> RegistrationKey {
///         world.resource_mut::<Bus>().subscribers.insert(Box::new(Subscriber(probe)), ())
///     }
///
///     fn fire(world: &mut World, key: RegistrationKey) {
///         world.resource_mut::<Bus>().due.push_back(key);
///     }
///
///     fn end(world: &mut World, key: RegistrationKey) -> bool {
///         world.resource_mut::<Bus>().subscribers.remove(key).is_some()
///     }
///
///     fn panicked(world: &World) -> u64 {
///         world.resource::<Bus>().subscribers.panicked()
///     }
///
///     fn swap(one: &mut World, other: &mut World) {
///         std::mem::swap(&mut *one.resource_mut::<Bus>(), &mut *other.resource_mut::<Bus>());
///     }
/// }
///
/// check_driver::<Rig>();
/// ```
pub trait DriverRig: Sized + 'static {
    /// Identifies a registration.
    type Key: Copy + Send + 'static;

    /// Installs a fresh driver in a fresh world.
    fn new() -> Self;

    /// Returns the world.
    fn world(&mut self) -> &mut World;

    /// Polls the driver on [`world`](Self::world), without waiting, and returns the number of handlers run.
    fn poll(&mut self, budget: usize) -> usize;

    /// Adds a registration that stays until it is ended. For each event, its handler calls `probe` with the world and
    /// its own key.
    ///
    /// The handler is best written by hand, as the `Subscriber` above. A function would report by itself that it leaves
    /// another world in place of its own, even if the driver does not.
    fn register(world: &mut World, probe: Probe<Self::Key>) -> Self::Key;

    /// Makes an event due for a registration: after the events already due, or among them in the order of registration.
    /// Does nothing if the key matches no registration.
    fn fire(world: &mut World, key: Self::Key);

    /// Ends a registration. Returns `false` if the key matches no registration.
    fn end(world: &mut World, key: Self::Key) -> bool;

    /// Returns the number of handlers that panicked.
    fn panicked(world: &World) -> u64;

    /// Swaps the driver's resources of two worlds, as any handler that receives the world can do.
    fn swap(one: &mut World, other: &mut World);

    /// Returns the number of allocations of this thread, if the test program counts them. With `None`, the rule about
    /// allocations is not checked.
    fn allocations() -> Option<u64> {
        None
    }
}

/// The action of a test handler, given the world and its own key.
pub type Probe<K> = Box<dyn FnMut(&mut World, K) + Send>;
