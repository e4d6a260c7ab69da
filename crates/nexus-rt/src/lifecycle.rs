//! Startup and the loop: what runs once before the first event, and the loop around `main()`'s drivers.

use std::any::type_name;
use std::time::Instant;

use crate::call::{Callable, Mode, Resolved, replaced_world};
use crate::sealed::Sealed;
use crate::shutdown::{Shutdown, ShutdownHandle};
use crate::step::{Splat, enter};
use crate::world::World;

impl World {
    /// Runs a function once, with any params, and returns its output: to open connections, load state or arm timers.
    ///
    /// ```
    /// use nexus_rt::{Res, ResMut, WorldBuilder};
    ///
    /// struct Path(&'static str);
    ///
    /// fn load(path: Res<Path>, mut book: ResMut<Vec<u64>>) -> Result<(), String> {
    ///     book.extend(path.0.split(',').map_while(|price| price.parse::<u64>().ok()));
    ///     if book.is_empty() { Err(format!("nothing in {}", path.0)) } else { Ok(()) }
    /// }
    ///
    /// fn warm_up(mut book: ResMut<Vec<u64>>) {
    ///     book.reserve(1_000);
    /// }
    ///
    /// let mut builder = WorldBuilder::new();
    /// builder.register(Path("101,102"));
    /// builder.register(Vec::<u64>::new());
    /// let mut world = builder.build();
    /// world.run_startup(load)?;
    /// world.run_startup(warm_up);
    /// assert_eq!(*world.resource::<Vec<u64>>(), [101, 102]);
    /// # Ok::<(), String>(())
    /// ```
    ///
    /// Each call is a separate event: the sequence advances first, so the writes of one call do not count as changes in
    /// the next. As everywhere, a closure may not move its captures out. To move a value in, capture it in an `Option`
    /// and take it from there.
    ///
    /// # Panics
    /// If a resource is missing or two params conflict. The message lists everything that is wrong, at the caller's
    /// line.
    #[track_caller]
    pub fn run_startup<F, M>(&mut self, function: F) -> F::Out
    where
        F: Callable<(), (), M>,
        M: Mode,
    {
        let mut startup = Splat(Resolved::new(function, self.registry()));
        self.next_sequence();
        enter(&mut startup, &mut (), self, ())
    }

    /// Calls `turn` until a shutdown is requested, or until `turn` returns an error. It checks for requests before each
    /// turn.
    ///
    /// `turn` is the body of `main()`'s loop: it polls each driver once. It returns nothing or a `Result<(), E>`, and
    /// `run` returns the same type. A closure that uses `?` names its error at the end: `Ok::<(), io::Error>(())`.
    ///
    /// ```
    /// use nexus_rt::WorldBuilder;
    ///
    /// let mut builder = WorldBuilder::new();
    /// builder.register(0_u32);
    /// let mut world = builder.build();
    ///
    /// let ended = world.run(|world| {
    ///     *world.resource_mut::<u32>() += 1;
    ///     match *world.resource::<u32>() {
    ///         5 => Err("the line is dead"),
    ///         _ => Ok(()),
    ///     }
    /// });
    /// assert_eq!(ended, Err("the line is dead"));
    ///
    /// world.shutdown_handle().shutdown();
    /// let mut turns = 0;
    /// world.run(|_| turns += 1);
    /// assert_eq!(turns, 0);
    /// ```
    ///
    /// # Panics
    /// If `turn` leaves another world in its place.
    #[track_caller]
    pub fn run<T: Turn, F: FnMut(&mut Self) -> T>(&mut self, mut turn: F) -> T {
        let shutdown = self.shutdown_handle();
        let present = self.key::<Shutdown>();
        // Existing handles make their request to the original `Shutdown`. Handlers make theirs to the resource, which
        // one of them may have replaced.
        while !shutdown.is_shutdown() && !present.get(self).is_shutdown() {
            let ended = self.turn(&mut turn);
            if !ended.goes_on() {
                return ended;
            }
        }
        T::END
    }

    /// Finishes work that is under way at a shutdown: calls `turn` until `done`, until `deadline`, or until an error.
    ///
    /// It is the loop after [`run`](Self::run), with the same `turn`. Before it, stop new input, such as listeners and
    /// inboxes.
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    ///
    /// use nexus_rt::{World, WorldBuilder};
    ///
    /// let mut builder = WorldBuilder::new();
    /// builder.register(vec!["last", "first"]); // replies to send
    /// let mut world = builder.build();
    ///
    /// let mut turn = |world: &mut World| _ = world.resource_mut::<Vec<&str>>().pop();
    /// world.shutdown_handle().shutdown();
    /// world.run(&mut turn);
    /// let second = Instant::now() + Duration::from_secs(1);
    /// world.drain(second, |world| world.resource::<Vec<&str>>().is_empty(), &mut turn);
    /// assert!(world.resource::<Vec<&str>>().is_empty());
    /// ```
    ///
    /// A wait in `turn` may block: it ends with the drain. This holds for drivers and parkers that know this world's
    /// [`Shutdown`], but not for those made before a handler replaced it. If the deadline passes first, one more turn
    /// begins, in which drivers do what was due by then. A drain inside another one ends with that one at the latest.
    ///
    /// # Panics
    /// If `turn` leaves another world in its place.
    #[track_caller]
    pub fn drain<T: Turn, F: FnMut(&mut Self) -> T>(
        &mut self,
        deadline: Instant,
        mut done: impl FnMut(&Self) -> bool,
        mut turn: F,
    ) -> T {
        let draining = Draining::until(self.shutdown_handle(), deadline);
        let mut over = false;
        while !over && !done(self) {
            over = Instant::now() >= draining.until;
            let ended = self.turn(&mut turn);
            if !ended.goes_on() {
                return ended;
            }
        }
        T::END
    }

    /// Calls `turn` once, which must leave the world in its place.
    #[track_caller]
    fn turn<T, F: FnMut(&mut Self) -> T>(&mut self, turn: &mut F) -> T {
        let expected = self.world_id();
        let ended = turn(self);
        if self.world_id() != expected {
            replaced_world(type_name::<F>(), expected, self.world_id());
        }
        ended
    }
}

/// A drain that lasts until it is dropped: while it does, waits end at its deadline.
struct Draining {
    handle: ShutdownHandle,
    /// The deadline, or that of the drain around this one, if that is earlier.
    until: Instant,
    /// The end of the drain around this one.
    outer: Option<Instant>,
}

impl Draining {
    fn until(handle: ShutdownHandle, deadline: Instant) -> Self {
        let until = handle.limit(Some(deadline)).unwrap_or(deadline);
        let outer = handle.drain_until(Some(until));
        Self { handle, until, outer }
    }
}

impl Drop for Draining {
    fn drop(&mut self) {
        self.handle.drain_until(self.outer);
    }
}

/// What a turn of [`World::run`] returns: nothing, or a `Result<(), E>` whose error ends the loop.
#[diagnostic::on_unimplemented(
    message = "a turn of the loop cannot return `{Self}`",
    label = "returns `{Self}`",
    note = "return nothing, or a `Result<(), E>`, whose error ends the loop"
)]
pub trait Turn: Sealed {
    /// What `run` returns after a shutdown.
    #[doc(hidden)]
    const END: Self;

    /// Returns whether there is another turn.
    #[doc(hidden)]
    fn goes_on(&self) -> bool;
}

impl Turn for () {
    const END: Self = ();

    #[inline]
    fn goes_on(&self) -> bool {
        true
    }
}

impl<E> Turn for Result<(), E> {
    const END: Self = Ok(());

    #[inline]
    fn goes_on(&self) -> bool {
        self.is_ok()
    }
}
