//! Systems: functions without an event that say whether the systems after them should run.

use std::fmt;

use crate::call::{Anchored, Callable, Entered, Mode, Resolved};
use crate::describe::{Describe, Visitor};
use crate::param::{CloneState, ResolveError};
use crate::pipeline::Pipeline;
use crate::sealed::Sealed;
use crate::step::{Splat, Step};
use crate::world::{Registry, World};

/// A function of the world alone, without an event: what a [`SystemScheduler`](crate::scheduler::SystemScheduler) runs.
///
/// Functions become systems with [`into_system`](IntoSystem::into_system). A pipeline from `()` to any [`SystemOutput`]
/// is a system too. To write one by hand, implement `run`, and [`Describe`] with an empty body.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a system",
    label = "not a system",
    note = "functions become systems by `f.into_system(registry)`; a pipeline is one if it goes from `()` to `bool`, \
            `Option<()>` or `()`"
)]
pub trait System: Describe + Send {
    /// Runs the system. Returns whether the systems after it should run.
    ///
    /// # Panics
    /// The systems of this library panic if `world` is not the world that they were resolved against.
    fn run(&mut self, world: &mut World) -> bool;

    /// Runs the system on a world that was already checked to be that of every function in it, without a second check.
    ///
    /// The default is the only implementation for systems written by hand: they receive the world, and a check
    /// afterwards ensures that it is still there.
    // Not `track_caller`, which would pass the caller's location to every boxed system.
    #[doc(hidden)]
    #[inline]
    fn run_entered(&mut self, world: Entered<'_>) -> bool {
        let mut this = self;
        let mut said_yes = false;
        world.lend(&mut this, |system, world| said_yes = system.run(world));
        said_yes
    }
}

/// The output of a system: `bool`, whether the systems after it should run; `()`, which always says yes; or
/// `Option<()>`, the output of pipelines with a `guard`, where `None` says no.
#[diagnostic::on_unimplemented(
    message = "a system cannot return `{Self}`",
    label = "returns `{Self}`",
    note = "a system returns `bool`, whether what comes after it should run; `Option<()>`, where `None` says no; or nothing, which \
            always says yes"
)]
pub trait SystemOutput: Sealed {
    /// Returns whether the systems after it should run.
    #[doc(hidden)]
    fn goes_on(self) -> bool;
}

impl SystemOutput for bool {
    #[inline(always)]
    fn goes_on(self) -> bool {
        self
    }
}

impl SystemOutput for Option<()> {
    #[inline(always)]
    fn goes_on(self) -> bool {
        self.is_some()
    }
}

impl SystemOutput for () {
    #[inline(always)]
    fn goes_on(self) -> bool {
        true
    }
}

/// Turns functions and closures into systems.
///
/// It is implemented for every type; the methods require a suitable function.
///
/// ```
/// use nexus_rt::scheduler::{IntoSystem, System};
/// use nexus_rt::{Res, ResMut, WorldBuilder};
///
/// fn reprice(mid: Res<u64>, mut quote: ResMut<i64>) -> bool {
///     let wanted = *mid as i64 - 1;
///     quote.set_if_neq(wanted)
/// }
///
/// let mut builder = WorldBuilder::new();
/// builder.register(100_u64);
/// builder.register(0_i64);
/// let mut world = builder.build();
/// let mut reprice = reprice.into_system(world.registry());
/// assert!(reprice.run(&mut world));
/// assert!(!reprice.run(&mut world));
/// ```
pub trait IntoSystem: Sized {
    /// Resolves the function as a system: `fn(params..)` or `fn(&mut World)`, returning `bool`, `Option<()>` or
    /// nothing.
    ///
    /// ```
    /// use nexus_rt::WorldBuilder;
    /// use nexus_rt::scheduler::{IntoSystem, System};
    ///
    /// let mut world = WorldBuilder::new().build();
    /// let mut always = (|| true).into_system(world.registry());
    /// assert!(always.run(&mut world));
    /// ```
    ///
    /// # Panics
    /// If a resource is missing or two params conflict. The message lists everything that is wrong, at the caller's
    /// line.
    #[inline]
    #[track_caller]
    fn into_system<M>(self, registry: &Registry) -> SystemFn<Self, M>
    where
        M: Mode,
        Self: Callable<(), (), M, Out: SystemOutput>,
    {
        SystemFn(Splat(Resolved::new(self, registry)))
    }

    /// Resolves the function as a system, and returns what is wrong instead of panicking.
    ///
    /// ```
    /// use nexus_rt::scheduler::IntoSystem;
    /// use nexus_rt::{ResMut, WorldBuilder};
    ///
    /// let world = WorldBuilder::new().build();
    /// let count = |mut n: ResMut<u64>| *n += 1;
    /// let error = count.try_into_system(world.registry()).unwrap_err();
    /// assert_eq!(error.missing()[0].resource(), "u64");
    /// ```
    ///
    /// # Errors
    /// Returns every missing resource and every conflict between params.
    #[inline]
    fn try_into_system<M>(self, registry: &Registry) -> Result<SystemFn<Self, M>, ResolveError>
    where
        M: Mode,
        Self: Callable<(), (), M, Out: SystemOutput>,
    {
        Ok(SystemFn(Splat(Resolved::try_new(self, registry)?)))
    }
}

impl<F> IntoSystem for F {}

/// A function as a system. [`into_system`](IntoSystem::into_system) returns it.
#[must_use = "a system does nothing until it is run"]
pub struct SystemFn<F, M: Mode>(Splat<Resolved<F, M>>);

impl<F, M> System for SystemFn<F, M>
where
    F: Callable<(), (), M, Out: SystemOutput> + Send,
    M: Mode,
{
    #[inline]
    #[track_caller]
    fn run(&mut self, world: &mut World) -> bool {
        let world = self.0.check(world);
        self.run_entered(world)
    }

    #[inline]
    #[track_caller]
    fn run_entered(&mut self, world: Entered<'_>) -> bool {
        self.0.run(&mut (), world, ()).goes_on()
    }
}

impl<F, M: Mode> Describe for SystemFn<F, M> {
    fn describe(&self, visitor: &mut dyn Visitor) {
        self.0.describe(visitor);
    }
}

impl<F: Clone, M: Mode<State: CloneState>> Clone for SystemFn<F, M> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<F, M: Mode> fmt::Debug for SystemFn<F, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SystemFn({})", self.name())
    }
}

impl<S> System for Pipeline<(), S>
where
    S: Step<(), (), Out: SystemOutput> + Send,
{
    #[inline]
    #[track_caller]
    fn run(&mut self, world: &mut World) -> bool {
        Self::run(self, world, ()).goes_on()
    }

    #[inline]
    #[track_caller]
    fn run_entered(&mut self, world: Entered<'_>) -> bool {
        self.chain.run(&mut (), world, ()).goes_on()
    }
}

impl<S: System + ?Sized> System for Box<S> {
    #[inline]
    #[track_caller]
    fn run(&mut self, world: &mut World) -> bool {
        (**self).run(world)
    }

    #[inline]
    #[track_caller]
    fn run_entered(&mut self, world: Entered<'_>) -> bool {
        (**self).run_entered(world)
    }
}
