//! Runtime primitives for single-threaded, event-driven systems.
//!
//! User code is plain functions and closures. They say in their signature what they need of one typed [`World`], are
//! resolved once when the program is put together, and then run at the speed of code written by hand. `main()` is the
//! executor: it polls drivers, which advance the sequence and run handlers. Drivers for timers, framed streams,
//! datagrams and events from other threads come with it, as features.
//!
//! ```
//! use nexus_rt::{Handler, IntoHandler, Res, ResMut, WorldBuilder};
//!
//! struct Fee(u64);
//!
//! fn charge(fee: Res<Fee>, mut total: ResMut<u64>, quantity: u64) {
//!     *total += quantity * fee.0;
//! }
//!
//! let mut builder = WorldBuilder::new();
//! builder.register(Fee(3));
//! builder.register(0_u64);
//! let mut world = builder.build();
//!
//! let mut handler = charge.into_handler(world.registry());
//! handler.run(&mut world, 5);
//! assert_eq!(*world.resource::<u64>(), 15);
//! ```
//!
//! Its goals, in order: soundness, zero overhead, small size, clear errors.
//!
//! - [`World`], [`WorldBuilder`]: one value per type. [`Res`], [`ResMut`] and the other [`Param`]s borrow them.
//! - [`IntoHandler`], [`IntoCallback`]: turn functions into [`Handler`]s, without and with a context. [`no_event`]
//!   wraps functions without an event, and [`Handles`] accepts functions and handlers alike.
//! - [`PipelineStart`], [`DagStart`]: [chains](chain) of functions that route, fork and merge, with combinators for
//!   `Option`, `Result` and `bool`; [`cases!`] routes by a `match`; [`BatchPipeline`] runs one over many items.
//! - [`fan_out!`], [`Broadcast`]: one event for many handlers. [`Cloned`], [`Owned`], [`ByRef`], [`Adapt`]: events in
//!   another form. [`CatchAssertUnwindSafe`]: panics that stay inside.
//! - [`HandlerTemplate`], [`CallbackTemplate`]: handlers stamped while the program runs.
//! - [`World::run_startup`], [`World::run`], [`Shutdown`]: start, loop and end. [`Clock`]: time as a resource.
//! - [`Plugin`], [`Installer`], [`Key`]: how programs and drivers are put together.
//!
//! The modules hold what fewer programs name:
//!
//! - [`chain`]: the type of all chains, and what their combinators accept.
//! - [`scheduler`]: functions without an event, run in the order of their edges.
//! - [`plan`]: what is wired, to print and to draw; [`Describe::plan`] makes one.
//! - [`param`]: what params access, and what is wrong when they cannot be resolved.
//! - [`poll`]: the table and the loop that every driver stands on, also yours.
//! - [`registry`]: what a world reports about itself.
//! - [`reactors`]: handlers that run when a source that they watch is marked.
//! - [`wait`]: how a loop sleeps, and how other threads wake it. `inbox`: events from other threads.
//! - `connections`: servers and clients over TCP and Unix sockets, whose bytes are cut into frames, with limits.
//!   `datagrams`: UDP and Unix datagrams.
//! - `timer`, `io`: events and keys of timers, and of other sources such as pipes.
//! - [`testing`]: a harness, clocks that a test moves, and the rules of drivers as a check.
//!
//! # Features
//!
//! | feature | adds | depends on |
//! |---|---|---|
//! | `derive` (default) | `#[derive(Param)]` | `nexus-rt-derive` |
//! | `timer` | `TimerInstaller`, `TimerWheel` and the module `timer` | `nexus-timer` |
//! | `mio` | the modules `connections`, `datagrams` and `io`, `MioInstaller`, `MioDriver`, and the crate `mio` | `mio`, `nexus-timer`; on Unix also `rustix` |
//! | `ring` | the module `inbox`: events from and to other threads | `crossbeam-queue` |
//! | `smartptr` | `FlatVirtual`, `FlexVirtual`: type-erased handlers without a heap | `smallbox` |
//! | `signals` | `ShutdownHandle::enable_signals` | `signal-hook` |
//!
//! Without any, the library depends on nothing.
//!
//! The guide in `docs/` of the repository begins with a first program; its chapter on error messages explains those of
//! the compiler.

mod adapt;
mod batch;
mod broadcast;
mod call;
mod callback;
mod catch_unwind;
pub mod chain;
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

/// What a world reports about itself, and what a turn of its loop may return.
pub mod registry {
    pub use crate::lifecycle::Turn;
    pub use crate::world::{AlreadyRegistered, ResourceInfo, WorldId};
}

/// What is wired, as data: to print, to draw and to walk, made by [`Describe::plan`].
pub mod plan {
    pub use crate::describe::{Function, FunctionNode, Kind, Node, Plan, PlanFormat, UnknownPlanFormat, Visitor};
}

/// Events and keys of timers, and policies for missed ticks (feature `timer`).
#[cfg(feature = "timer")]
pub mod timer {
    pub use nexus_timer::{Full, TimerKey};

    pub use crate::driver::{MissedTicks, TimerEvent};
}

/// Events from other threads, and to them (feature `ring`).
#[cfg(feature = "ring")]
pub mod inbox {
    pub use crate::driver::{
        Closed, Full, Inbox, InboxInstaller, InboxPoller, InboxStats as Stats, Outbox, Receiver, SendError, Sender,
        channel,
    };
}

/// Handlers that run once when something that they watch has changed.
///
/// [`Reactors`](reactors::Reactors) are a resource: handlers [mark](reactors::Reactors::mark) sources, and a poll runs
/// each reactor that watches one of them.
pub mod reactors {
    pub use crate::driver::{ReactorEvent, ReactorId, Reactors, ReactorsInstaller, ReactorsPoller, SourceId, Sources};
}

/// How a loop sleeps, and how other threads end its sleep.
///
/// A loop has one sleep for all its sources: in `MioPoller::poll_until` or in [`Parker::park`](wait::Parker::park). A
/// thread that has put something where the loop looks rings the [`Doorbell`](wait::Doorbell) of that sleep.
/// [`Idle`](wait::Idle) decides when the loop sleeps, and when it asks again at once.
pub mod wait {
    pub use crate::doorbell::Doorbell;
    pub use crate::driver::Parker;
    pub use crate::idle::{Idle, UnknownWait, Wait};
}

/// Framed streams over TCP and Unix sockets (feature `mio`).
#[cfg(feature = "mio")]
pub mod connections {
    pub use crate::driver::{
        Address, Buffer, Client, ConnectionId, Connections, ConnectionsInstaller, ConnectionsPoller, Ended, EndedStats,
        FrameTooLong, Framing, LengthPrefixed, Limits, LineTooLong, Lines, ListenerId, Opened, Retry, Stats, Stream,
        UnknownAddress,
    };
}

/// Datagrams over UDP and Unix sockets (feature `mio`).
#[cfg(feature = "mio")]
pub mod datagrams {
    pub use crate::driver::{DatagramStats as Stats, Datagrams, DatagramsInstaller, DatagramsPoller, Socket, SocketId};
}

/// Events, tokens and wakers of sockets (feature `mio`).
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
        Tutorial: "docs/src/tutorial.md";
        TutorialJournal: "docs/src/tutorial-journal.md";
        TutorialShip: "docs/src/tutorial-ship.md";
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
        Testing: "docs/src/testing.md" needs ["mio", "timer"];
        Performance: "docs/src/performance.md" needs ["smartptr"];
        Errors: "docs/src/errors.md";
        FromBevy: "docs/src/from-bevy.md" needs ["derive"];
        FromNexusRt05: "docs/src/from-nexus-rt-0.5.md" needs ["derive", "mio", "smartptr", "timer"];
        FromNexusRt: "docs/src/from-nexus-rt.md" needs ["derive", "mio", "ring", "smartptr", "timer"];
    }
}
