//! Runtime primitives for single-threaded, event-driven systems: trading gateways, feed handlers, protocol servers,
//! simulators, embedded controllers.
//!
//! Programs consist of plain functions. The signature of a function says which resources of the [`World`] it needs.
//! Functions are resolved once, when the program is put together, and then run at the speed of code written by hand.
//! `main()` is the executor: it polls drivers, which run handlers with events. This is not an async runtime.
//!
//! ```
//! use nexus_rt::{Describe, PipelineStart, Res, ResMut, WorldBuilder};
//!
//! struct Limit(u64);
//! struct TooLarge(u64);
//!
//! fn check(limit: Res<Limit>, quantity: u64) -> Result<u64, TooLarge> {
//!     if quantity <= limit.0 { Ok(quantity) } else { Err(TooLarge(quantity)) }
//! }
//!
//! fn reject(mut rejected: ResMut<Vec<u64>>, TooLarge(quantity): TooLarge) {
//!     rejected.push(quantity);
//! }
//!
//! fn book(mut volume: ResMut<u64>, quantity: u64) {
//!     *volume += quantity;
//! }
//!
//! let mut builder = WorldBuilder::new();
//! builder.register(Limit(100));
//! builder.register(Vec::<u64>::new());
//! builder.register(0_u64);
//! let mut world = builder.build();
//!
//! let reg = world.registry();
//! let mut orders = PipelineStart::<u64>::new()
//!     .then(check, reg) // -> Result<u64, TooLarge>
//!     .catch(reject, reg) // -> Option<u64>
//!     .map(book, reg)
//!     .build();
//! for quantity in [60, 101, 40] {
//!     world.next_sequence();
//!     orders.run(&mut world, quantity);
//! }
//! assert_eq!(*world.resource::<u64>(), 100);
//! assert_eq!(*world.resource::<Vec<u64>>(), [101]);
//!
//! // Every handler prints its plan: its functions, and what each one reads and writes.
//! assert_eq!(
//!     orders.plan().to_string(),
//!     "\
//! check
//! ├─ check      reads Limit      -> Result<u64, TooLarge>
//! ├─ catch                       -> Option<u64>
//! │  └─ reject  writes Vec<u64>
//! └─ map                         -> Option<()>
//!    └─ book    writes u64
//! "
//! );
//! ```
//!
//! Its goals, in order: soundness, zero overhead, small size, clear errors.
//!
//! # Where to find things
//!
//! | to | see |
//! |---|---|
//! | hold state, one value per type | [`WorldBuilder`], [`World`], [`Key`] |
//! | take state in a function | [`Res`], [`ResMut`], [`Local`], [`LastRun`], and every other [`Param`] |
//! | turn a function into a [`Handler`] | [`IntoHandler`]; [`IntoCallback`] with a context; [`no_event`] without an event |
//! | accept both functions and handlers | [`Handles`] |
//! | chain functions | [`PipelineStart`], [`DagStart`], and their combinators at [`Chain`](chain::Chain); [`cases!`] |
//! | run a chain on many items | [`BatchPipeline`], [`Pipeline::run_each`] |
//! | pass one event to many handlers | [`fan_out!`], [`Broadcast`] |
//! | pass an event in another form | [`Cloned`], [`Owned`], [`ByRef`], [`Adapt`] |
//! | create handlers while the program runs | [`HandlerTemplate`], [`CallbackTemplate`], or `Clone` |
//! | store handlers of any type | [`Virtual`], [`BoxedPipeline`]; [`FlatVirtual`] and [`FlexVirtual`] without a heap |
//! | stop panics | [`CatchAssertUnwindSafe`] |
//! | run functions in the order of a graph | [`scheduler`] |
//! | run a handler when something changed | [`reactors`] |
//! | print and draw what is wired | [`Describe::plan`], [`plan`] |
//! | start, loop and stop | [`World::run_startup`], [`World::run`], [`World::drain`], [`Shutdown`] |
//! | catch SIGINT and SIGTERM | [`ShutdownHandle::enable_signals`] |
//! | have time as a resource | [`Clock`] |
//! | schedule timers | [`TimerInstaller`], [`timer`] |
//! | serve and open TCP and Unix connections | [`connections`] |
//! | receive and send datagrams | [`datagrams`] |
//! | poll any other source, such as a pipe | [`MioInstaller`], [`io`] |
//! | exchange events with other threads | [`inbox`] |
//! | wait, and be woken by other threads | [`wait`] |
//! | write a driver or a plugin | [`Installer`], [`Plugin`], [`poll`] |
//! | write a param | [`#[derive(Param)]`][derive], [`param`] |
//! | test | [`testing`] |
//!
//! # Features
//!
//! | feature | adds | depends on |
//! |---|---|---|
//! | `derive` (default) | [`#[derive(Param)]`][derive] | `nexus-rt-derive` |
//! | `timer` | [`TimerInstaller`], [`TimerWheel`] and the module [`timer`] | `nexus-timer` |
//! | `mio` | the modules [`connections`], [`datagrams`] and [`io`], [`MioInstaller`], [`MioDriver`], and the crate `mio` | `mio`, `nexus-timer`; on Unix also `rustix` |
//! | `ring` | the module [`inbox`]: events from and to other threads | `crossbeam-queue` |
//! | `smartptr` | [`FlatVirtual`], [`FlexVirtual`]: type-erased handlers without a heap | `smallbox` |
//! | `signals` | [`ShutdownHandle::enable_signals`] | `signal-hook` |
//!
//! Without any feature, the library depends on nothing.
//!
//! The guide in `docs/` of the repository begins with a first program. Its chapter on error messages explains those of
//! the compiler.
//!
// Where a feature is off, its names lead to the table of features.
#![cfg_attr(feature = "derive", doc = "[derive]: derive@Param")]
#![cfg_attr(not(feature = "derive"), doc = "[derive]: #features")]
#![cfg_attr(
    not(feature = "mio"),
    doc = "[`connections`]: #features\n[`datagrams`]: #features\n[`io`]: #features\n[`MioInstaller`]: #features\n\
           [`MioDriver`]: #features"
)]
#![cfg_attr(not(feature = "ring"), doc = "[`inbox`]: #features")]
#![cfg_attr(not(feature = "signals"), doc = "[`ShutdownHandle::enable_signals`]: #features")]
#![cfg_attr(not(feature = "smartptr"), doc = "[`FlatVirtual`]: #features\n[`FlexVirtual`]: #features")]
#![cfg_attr(
    not(feature = "timer"),
    doc = "[`TimerInstaller`]: #features\n[`TimerWheel`]: #features\n[`timer`]: #features"
)]
#![cfg_attr(docsrs, feature(doc_cfg))]

// First, so that the page of `Chain` begins with its combinators.
pub mod chain;

mod adapt;
mod batch;
mod broadcast;
mod call;
mod callback;
mod catch_unwind;
mod clock;
#[cfg(feature = "mio")]
pub mod connections;
mod dag;
#[cfg(feature = "mio")]
pub mod datagrams;
mod describe;
mod doorbell;
mod driver;
mod fan_out;
mod handler;
mod idle;
#[cfg(feature = "ring")]
pub mod inbox;
#[cfg(feature = "smartptr")]
mod inline;
mod into_handler;
#[cfg(feature = "mio")]
pub mod io;
mod lifecycle;
mod names;
mod nonce;
pub mod param;
mod pipeline;
pub mod poll;
pub mod reactors;
pub mod scheduler;
mod sealed;
mod sequence;
mod shutdown;
mod step;
mod surround;
mod system;
mod template;
pub mod testing;
#[cfg(feature = "timer")]
pub mod timer;
pub mod wait;
mod world;

pub use adapt::{Adapt, ByRef, Cloned, Owned};
pub use batch::BatchPipeline;
pub use broadcast::{Broadcast, BroadcastKey};
pub use call::{NoEvent, no_event};
pub use callback::Callback;
pub use catch_unwind::CatchAssertUnwindSafe;
pub use clock::Clock;
pub use dag::{Dag, DagStart};
pub use describe::Describe;
#[cfg(all(feature = "mio", feature = "smartptr"))]
pub use driver::{FlexMio, InlineMio};
#[cfg(all(feature = "timer", feature = "smartptr"))]
pub use driver::{FlexTimerWheel, InlineTimerWheel};
#[cfg(feature = "mio")]
pub use driver::{MioDriver, MioInstaller, MioPoller};
#[cfg(feature = "timer")]
pub use driver::{Periodic, TimerInstaller, TimerPoller, TimerWheel};
pub use fan_out::FanOut;
pub use handler::{Handler, RefHandler, Virtual};
#[cfg(feature = "smartptr")]
pub use inline::{FlatVirtual, FlexVirtual};
pub use into_handler::{Handles, IntoCallback, IntoHandler};
#[cfg(feature = "mio")]
pub use mio;
/// Derives [`Param`](trait@Param) for a struct of params.
///
/// ```
/// use nexus_rt::{Handler, IntoHandler, Param, Res, ResMut, WorldBuilder};
///
/// #[derive(Param)]
/// struct Account<'w> {
///     limit: Res<'w, u32>,
///     balance: ResMut<'w, i64>,
/// }
///
/// fn withdraw(mut account: Account, amount: u32) {
///     if amount <= *account.limit {
///         *account.balance -= i64::from(amount);
///     }
/// }
///
/// let mut builder = WorldBuilder::new();
/// builder.register(100_u32);
/// builder.register(500_i64);
/// let mut world = builder.build();
/// let mut withdraw = withdraw.into_handler(world.registry());
/// [60, 101].map(|amount| withdraw.run(&mut world, amount));
/// assert_eq!(*world.resource::<i64>(), 440);
/// ```
#[cfg(feature = "derive")]
pub use nexus_rt_derive::Param;
pub use param::local::Local;
pub use param::registry::RegistryRef;
pub use param::traits::Param;
pub use pipeline::{BoxedPipeline, Pipeline, PipelineBuilder, PipelineStart};
pub use sequence::Sequence;
pub use shutdown::{Shutdown, ShutdownHandle};
pub use template::{
    Blueprint, CallbackBlueprint, CallbackTemplate, HandlerTemplate, TemplatedCallback, TemplatedHandler,
};
pub use world::{Installer, Key, LastRun, Plugin, Registry, Res, ResMut, ResourceId, World, WorldBuilder};

/// What a world reports about itself: [`ResourceInfo`](registry::ResourceInfo), [`WorldId`](registry::WorldId).
///
/// [`World::resources`] lists what is registered. [`Turn`](registry::Turn) is what a turn of [`World::run`] may return.
pub mod registry {
    pub use crate::lifecycle::Turn;
    pub use crate::world::{AlreadyRegistered, ResourceInfo, WorldId};
}

/// What a handler is made of, as data to print, draw and walk: [`Plan`](plan::Plan).
///
/// [`Describe::plan`] makes one. A [`Visitor`](plan::Visitor) walks a handler without making one.
pub mod plan {
    pub use crate::describe::{Function, FunctionNode, Kind, Node, Plan, PlanFormat, UnknownPlanFormat, Visitor};
}

/// What `#[derive(Param)]` and the macros name, so that they rely on no name of the crate that uses them.
#[doc(hidden)]
pub mod __private {
    pub use core;

    pub use crate::param::copy_state::{CloneState, CopyState};
    pub use crate::step::Given;
}

/// The README, SAFETY.md and the guide, so that their code is compiled and run. A page says which features its code
/// needs.
#[cfg(doctest)]
mod pages {
    macro_rules! pages {
        ($($Page:ident: $path:tt $(needs [$($feature:tt),*])?;)*) => {$(
            #[cfg(all($($(feature = $feature),*)?))]
            #[doc = include_str!(concat!("../../../", $path))]
            struct $Page;
        )*};
    }

    pages! {
        Readme: "README.md";
        Safety: "SAFETY.md";
        FirstProgram: "docs/src/first-program.md";
        Tutorial: "docs/src/tutorial.md";
        TutorialJournal: "docs/src/tutorial-journal.md";
        TutorialShip: "docs/src/tutorial-ship.md";
        World: "docs/src/world.md" needs ["derive"];
        Handlers: "docs/src/handlers.md";
        Pipelines: "docs/src/pipelines.md";
        Branches: "docs/src/branches.md";
        Batches: "docs/src/batches.md";
        Templates: "docs/src/templates.md";
        Timers: "docs/src/timers.md" needs ["timer"];
        Connections: "docs/src/connections.md" needs ["mio", "signals", "timer"];
        Framing: "docs/src/framing.md" needs ["mio"];
        ConnectionsMore: "docs/src/connections-more.md" needs ["mio", "timer"];
        Reactors: "docs/src/reactors.md";
        Sockets: "docs/src/sockets.md" needs ["mio"];
        Waiting: "docs/src/waiting.md" needs ["mio", "ring", "timer"];
        Draining: "docs/src/draining.md" needs ["mio", "timer"];
        IoErrors: "docs/src/io-errors.md" needs ["mio"];
        Drivers: "docs/src/drivers.md";
        Journal: "docs/src/journal.md" needs ["timer"];
        Replay: "docs/src/replay.md" needs ["timer"];
        Gauges: "docs/src/gauges.md" needs ["mio", "ring", "timer"];
        GaugeReadme: "crates/nexus-gauge/README.md";
        JournalReadme: "crates/nexus-journal/README.md";
        Recipes: "docs/src/recipes.md" needs ["mio", "timer"];
        HowItWorks: "docs/src/how-it-works.md" needs ["timer"];
        PollLoop: "docs/src/poll-loop.md" needs ["mio", "ring", "signals", "timer"];
        TimerReadme: "crates/nexus-timer/README.md" needs ["timer"];
        DeriveReadme: "crates/nexus-rt-derive/README.md" needs ["derive"];
        Systems: "docs/src/systems.md";
        Testing: "docs/src/testing.md" needs ["mio", "timer"];
        Simulation: "docs/src/simulation.md" needs ["timer"];
        Performance: "docs/src/performance.md" needs ["smartptr"];
        Errors: "docs/src/errors.md";
        FromBevy: "docs/src/from-bevy.md" needs ["derive"];
        FromNexusRt05: "docs/src/from-nexus-rt-0.5.md" needs ["derive", "mio", "smartptr", "timer"];
        FromNexusRt: "docs/src/from-nexus-rt.md" needs ["derive", "mio", "ring", "smartptr", "timer"];
    }
}
