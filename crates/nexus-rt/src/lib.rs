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
//! | accept functions and handlers alike | [`Handles`] |
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
mod dag;
mod describe;
mod doorbell;
mod driver;
mod fan_out;
mod handler;
mod idle;
#[cfg(feature = "smartptr")]
mod inline;
mod into_handler;
mod lifecycle;
mod names;
mod nonce;
pub mod param;
mod pipeline;
pub mod poll;
pub mod scheduler;
mod sealed;
mod sequence;
mod shutdown;
mod step;
mod surround;
mod system;
mod template;
pub mod testing;
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

/// Timers (feature `timer`): [`TimerEvent`](timer::TimerEvent) and the key of a timer, [`TimerKey`](timer::TimerKey).
///
/// [`TimerInstaller`] installs the driver, and [`TimerWheel`] is its resource, on which handlers schedule timers.
/// [`MissedTicks`](timer::MissedTicks) is the policy of [`Periodic`] for ticks that were missed.
#[cfg(feature = "timer")]
pub mod timer {
    pub use nexus_timer::{Full, TimerKey};

    pub use crate::driver::{MissedTicks, TimerEvent};
}

/// Events from and to other threads (feature `ring`): [`Inbox`](inbox::Inbox), [`Sender`](inbox::Sender).
///
/// [`InboxInstaller`](inbox::InboxInstaller) installs a queue with a limit. Its [`Sender`](inbox::Sender)s send events
/// from any thread, and wake the loop. A [`channel`](inbox::channel) carries events to one other thread, and an
/// [`Outbox`](inbox::Outbox) to several.
#[cfg(feature = "ring")]
pub mod inbox {
    pub use crate::driver::{
        Closed, Full, Inbox, InboxInstaller, InboxPoller, InboxStats as Stats, Outbox, Receiver, SendError, Sender,
        channel,
    };
}

/// Handlers that run once per pass, if something that they watch was marked: [`Reactors`](reactors::Reactors).
///
/// They are a resource. Handlers [mark](reactors::Reactors::mark) sources, and a poll runs each reactor that watches
/// one of them.
pub mod reactors {
    pub use crate::driver::{ReactorEvent, ReactorId, Reactors, ReactorsInstaller, ReactorsPoller, SourceId, Sources};
}

/// How a loop sleeps, and how other threads end its sleep: [`Parker`](wait::Parker), [`Doorbell`](wait::Doorbell).
///
/// A loop has one sleep for all its sources: in `MioPoller::poll_until`, or in [`Parker::park`](wait::Parker::park)
/// without sockets. After another thread has put something where the loop looks, it rings the
/// [`Doorbell`](wait::Doorbell) of that sleep. [`Idle`](wait::Idle) decides when the loop sleeps, and when it polls
/// again at once.
pub mod wait {
    pub use crate::doorbell::Doorbell;
    pub use crate::driver::Parker;
    pub use crate::idle::{Idle, UnknownWait, Wait};
}

/// Framed streams over TCP and Unix sockets (feature `mio`): [`Connections`](connections::Connections).
///
/// [`ConnectionsInstaller`](connections::ConnectionsInstaller) installs the driver. It listens, accepts and connects,
/// cuts incoming bytes into frames ([`Framing`](connections::Framing)), and runs a handler for each frame. It keeps
/// outgoing bytes until the peer takes them, within [`Limits`](connections::Limits).
#[cfg(feature = "mio")]
pub mod connections {
    pub use crate::driver::{
        Address, Buffer, Client, ConnectionId, Connections, ConnectionsInstaller, ConnectionsPoller, Ended, EndedStats,
        FrameTooLong, Framing, LengthPrefixed, Limits, LineTooLong, Lines, ListenerId, Opened, Retry, Stats, Stream,
        UnknownAddress,
    };
}

/// Datagrams over UDP and Unix sockets (feature `mio`): [`Datagrams`](datagrams::Datagrams).
///
/// [`DatagramsInstaller`](datagrams::DatagramsInstaller) installs the driver, which runs a handler for each datagram.
/// Any handler sends with [`Datagrams::send`](datagrams::Datagrams::send).
#[cfg(feature = "mio")]
pub mod datagrams {
    pub use crate::driver::{DatagramStats as Stats, Datagrams, DatagramsInstaller, DatagramsPoller, Socket, SocketId};
}

/// Readiness of any source that `mio` polls, such as a pipe (feature `mio`): [`MioEvent`](io::MioEvent).
///
/// [`MioInstaller`] installs the driver, and [`MioDriver`] is its resource, on which handlers register sources.
#[cfg(feature = "mio")]
pub mod io {
    pub use crate::driver::{MioEvent, MioToken, MioWaker};
}

/// What `#[derive(Param)]` and the macros name, so that they rely on no name of the crate that uses them.
#[doc(hidden)]
pub mod __private {
    pub use core;

    pub use crate::param::copy_state::CopyState;
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
        World: "docs/src/world.md" needs ["derive"];
        Handlers: "docs/src/handlers.md";
        Pipelines: "docs/src/pipelines.md";
        Batches: "docs/src/batches.md";
        Templates: "docs/src/templates.md";
        Timers: "docs/src/timers.md" needs ["timer"];
        Connections: "docs/src/connections.md" needs ["mio", "signals", "timer"];
        Reactors: "docs/src/reactors.md";
        Sockets: "docs/src/sockets.md" needs ["mio"];
        Waiting: "docs/src/waiting.md" needs ["mio", "ring", "timer"];
        Drivers: "docs/src/drivers.md";
        Journal: "docs/src/journal.md" needs ["timer"];
        Gauges: "docs/src/gauges.md" needs ["mio", "ring", "timer"];
        GaugeReadme: "crates/nexus-gauge/README.md";
        JournalReadme: "crates/nexus-journal/README.md";
        PollLoop: "docs/src/poll-loop.md" needs ["mio", "signals", "timer"];
        Systems: "docs/src/systems.md";
        Testing: "docs/src/testing.md";
        Performance: "docs/src/performance.md" needs ["smartptr"];
        Errors: "docs/src/errors.md";
        FromBevy: "docs/src/from-bevy.md" needs ["derive"];
        FromNexusRt05: "docs/src/from-nexus-rt-0.5.md" needs ["derive", "mio", "smartptr", "timer"];
        FromNexusRt: "docs/src/from-nexus-rt.md" needs ["derive", "mio", "ring", "smartptr", "timer"];
    }
}
