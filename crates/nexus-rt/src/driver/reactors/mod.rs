//! The reactors driver: handlers that run once when something that they watch has changed.

mod event;
mod resource;
mod sources;

use std::fmt;
use std::marker::PhantomData;

pub use event::{ReactorEvent, ReactorId, SourceId};
pub use resource::Reactors;
pub use sources::Sources;

use crate::handler::{Handler, Virtual};
use crate::poll::Poller;
use crate::world::{Installer, World, WorldBuilder};

/// Installs [`Reactors`] and returns their [`ReactorsPoller`].
///
/// ```
/// use nexus_rt::reactors::{ReactorEvent, Reactors, ReactorsInstaller};
/// use nexus_rt::{IntoCallback, ResMut, WorldBuilder};
///
/// fn quote(name: &mut &'static str, mut log: ResMut<Vec<&'static str>>, _: ReactorEvent) {
///     log.push(*name);
/// }
///
/// let mut builder = WorldBuilder::new();
/// let mut poller = builder.install_driver(ReactorsInstaller::new());
/// builder.register(Vec::<&str>::new());
/// let mut world = builder.build();
///
/// let callback = |name| Box::new(quote.into_callback(name, world.registry()));
/// let [one, both] = ["one", "both"].map(callback);
/// let mut reactors = world.resource_mut::<Reactors>();
/// let (btc, eth) = (reactors.add_source(), reactors.add_source());
/// reactors.add(one, [btc]);
/// reactors.add(both, [btc, eth]);
///
/// [eth, btc, eth].map(|source| reactors.mark(source));
/// assert_eq!(poller.poll(&mut world), 2);
/// world.resource_mut::<Reactors>().mark(eth);
/// assert_eq!(poller.poll(&mut world), 1);
/// assert_eq!(*world.resource::<Vec<&str>>(), ["one", "both", "both"]);
/// ```
#[must_use = "install it with `WorldBuilder::install_driver`"]
pub struct ReactorsInstaller<H = Virtual<ReactorEvent>, Tag = ()> {
    types: PhantomData<fn() -> (H, Tag)>,
}

impl ReactorsInstaller {
    /// Creates an installer of boxed reactors.
    pub fn new() -> Self {
        Self { types: PhantomData }
    }
}

impl Default for ReactorsInstaller {
    fn default() -> Self {
        Self::new()
    }
}

impl<H, Tag> ReactorsInstaller<H, Tag> {
    /// Stores each reactor as an `Other`: a [`TemplatedCallback`](crate::TemplatedCallback), an inline box, or any
    /// other handler of [`ReactorEvent`].
    ///
    /// ```
    /// use nexus_rt::reactors::{ReactorEvent, Reactors, ReactorsInstaller};
    /// use nexus_rt::{CallbackTemplate, TemplatedCallback, WorldBuilder, callback_blueprint};
    ///
    /// callback_blueprint!(OnQuote, Context = u64, Event = ReactorEvent, Params = ());
    ///
    /// let mut builder = WorldBuilder::new();
    /// let installer = ReactorsInstaller::new().stored_as::<TemplatedCallback<OnQuote>>();
    /// let mut poller = builder.install_driver(installer);
    /// builder.register(0_u64);
    /// let mut world = builder.build();
    ///
    /// let count = |runs: &mut u64, _: ReactorEvent| *runs += 1;
    /// let template = CallbackTemplate::<OnQuote>::new(count, world.registry());
    /// let mut reactors = world.resource_mut::<Reactors<TemplatedCallback<OnQuote>>>();
    /// let quote = reactors.add_source();
    /// let reactor = reactors.add(template.generate(0), [quote]);
    /// reactors.mark(quote);
    /// assert_eq!(poller.poll(&mut world), 1);
    /// let reactors = world.resource::<Reactors<TemplatedCallback<OnQuote>>>();
    /// assert_eq!(reactors.get(reactor).map(|reactor| reactor.ctx), Some(1));
    /// ```
    pub fn stored_as<Other: Handler<ReactorEvent> + 'static>(self) -> ReactorsInstaller<Other, Tag> {
        ReactorsInstaller { types: PhantomData }
    }

    /// Distinguishes these reactors from others of the same world: their resource is a `Reactors<H, Other>`.
    pub fn tagged<Other: 'static>(self) -> ReactorsInstaller<H, Other> {
        ReactorsInstaller { types: PhantomData }
    }
}

impl<H: Handler<ReactorEvent> + 'static, Tag: 'static> Installer for ReactorsInstaller<H, Tag> {
    type Poller = ReactorsPoller<H, Tag>;

    /// # Panics
    /// If the world already has such reactors: [`tagged`](Self::tagged) distinguishes two.
    #[track_caller]
    fn install(self, builder: &mut WorldBuilder) -> ReactorsPoller<H, Tag> {
        builder.register(Reactors::<H, Tag>::new());
        ReactorsPoller(Poller::new(builder.key()))
    }
}

impl<H, Tag> fmt::Debug for ReactorsInstaller<H, Tag> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReactorsInstaller")
    }
}

/// Runs the reactors whose sources are marked. [`ReactorsInstaller`] returns it, and `main()` polls it.
///
/// [`Reactors`] describes which reactors run, and [`Installer`] the rules of all drivers.
#[must_use = "reactors run when they are polled"]
pub struct ReactorsPoller<H: 'static = Virtual<ReactorEvent>, Tag: 'static = ()>(Poller<Reactors<H, Tag>>);

impl<H: Handler<ReactorEvent> + 'static, Tag: 'static> ReactorsPoller<H, Tag> {
    /// Runs one pass: each reactor that watches a marked source, once, in the order of registration. Returns the number
    /// of reactors run.
    ///
    /// A pass is assembled when it begins, and clears the marks. A mark or a reactor that is added during the pass
    /// counts for the next one, so every poll ends. If a panic or a budget ended the previous poll, this one runs only
    /// the rest of that pass.
    ///
    /// # Panics
    /// If `world` is not the world that the driver was installed in; if a reactor leaves another world in its place; or
    /// if a reactor panics, which loses that reactor and no other: the rest is still due.
    #[track_caller]
    pub fn poll(&mut self, world: &mut World) -> usize {
        self.poll_budget(world, usize::MAX)
    }

    /// Like [`poll`](Self::poll), but runs at most `budget` reactors. The next poll runs the rest of the pass.
    ///
    /// # Panics
    /// As [`poll`](Self::poll).
    #[track_caller]
    pub fn poll_budget(&mut self, world: &mut World, budget: usize) -> usize {
        self.0.run_after(world, budget, Reactors::begin, Reactors::take_due)
    }

    /// Returns whether the next poll has work, so that the loop must not sleep.
    ///
    /// Marks are made by the loop's own handlers, so they ring no doorbell. After its polls, the loop calls this, and
    /// passes the present as the deadline of its sleep: `reactors.is_due(world).then_some(now)`.
    ///
    /// # Panics
    /// If `world` is not the world that the driver was installed in.
    #[must_use]
    #[track_caller]
    pub fn is_due(&self, world: &World) -> bool {
        self.0.key().get(world).is_due()
    }
}

impl<H, Tag> fmt::Debug for ReactorsPoller<H, Tag> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReactorsPoller")
    }
}
