//! Runtime primitives for single-threaded, event-driven systems.
//!
//! User code is plain functions and closures. They say in their signature what they need of one typed [`World`], are
//! resolved once when the program is put together, and then run at the speed of code written by hand. `main()` is the
//! executor: it polls drivers, which advance the sequence and run handlers.
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
//! - [`IntoHandler`], [`IntoCallback`]: from functions to [`Handler`]s, without and with a context.
//! - [`PipelineStart`], [`DagStart`]: chains of functions that route, fork and merge, with combinators for `Option`,
//!   `Result` and `bool`; [`BatchPipeline`]: over many items at once.
//! - [`fan_out!`], [`Broadcast`]: one event for many handlers; [`Cloned`], [`Owned`], [`ByRef`], [`Adapt`]: events of
//!   another form; [`CatchAssertUnwindSafe`].
//! - [`Describe::plan`]: what is wired, to print and to draw.
//! - [`SchedulerBuilder`], [`IntoSystem`]: functions without an event, in the order that their edges ask for.
//! - [`HandlerTemplate`], [`CallbackTemplate`]: handlers stamped while the program runs.
//! - [`World::run_startup`], [`World::run`], [`Shutdown`]: start, loop and end.
//! - [`Clock`]: time as a resource. [`TestHarness`], [`VirtualClock`]: for tests.
//! - [`Plugin`], [`Installer`], [`Key`]: how programs and drivers are put together. [`Registrations`], [`Driver`],
//!   [`Poller`]: what drivers stand on, yours too; [`testing::check_driver`] holds one to their rules.
//! - `TimerInstaller`, `TimerWheel`: timers (feature `timer`). `MioInstaller`, `MioDriver`: sockets (feature `mio`).
//! - `FlatVirtual`, `FlexVirtual`: type-erased handlers without a heap (feature `smartptr`).
//!
//! Beside these features there are `derive`, on by default, for `#[derive(Param)]`, and `signals`, for
//! `ShutdownHandle::enable_signals`. Without any, the library depends on nothing.
//!
//! The guide in `docs/` of the repository begins with a first program; its chapter on error messages tells what to do
//! about those of the compiler.

mod adapt;
mod batch;
mod broadcast;
mod call;
mod callback;
mod catch;
mod chain;
mod clock;
mod dag;
mod describe;
mod driver;
mod fan_out;
mod handler;
#[cfg(feature = "smartptr")]
mod inline;
mod into_handler;
mod lifecycle;
mod names;
mod nonce;
mod param;
mod pipeline;
mod poll;
mod scheduler;
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
pub use call::{Callable, Mode, Resolved};
pub use callback::Callback;
pub use catch::CatchAssertUnwindSafe;
pub use chain::{Chain, ForkBuilder, RouteBuilder, RouteStart, SplatBuilder};
pub use clock::{Clock, VirtualClock};
pub use dag::{Dag, DagStart};
pub use describe::{Describe, Function, FunctionNode, Kind, Node, Plan, PlanFormat, UnknownPlanFormat, Visitor};
#[cfg(all(feature = "mio", feature = "smartptr"))]
pub use driver::{FlexMio, InlineMio};
#[cfg(all(feature = "timer", feature = "smartptr"))]
pub use driver::{FlexTimerWheel, InlineTimerWheel};
#[cfg(feature = "mio")]
pub use driver::{MioDriver, MioEvent, MioInstaller, MioPoller, MioToken, MioWaker};
#[cfg(feature = "timer")]
pub use driver::{MissedTicks, Periodic, TimerEvent, TimerInstaller, TimerPoller, TimerWheel};
pub use fan_out::FanOut;
pub use handler::{Handler, RefHandler, Virtual};
#[cfg(feature = "smartptr")]
pub use inline::{FlatVirtual, FlexVirtual, space};
pub use into_handler::{IntoCallback, IntoHandler};
pub use lifecycle::Turn;
#[cfg(feature = "mio")]
pub use mio;
#[cfg(feature = "derive")]
pub use nexus_rt_derive::Param;
#[cfg(feature = "timer")]
pub use nexus_timer::{Full, TimerKey};
pub use param::{
    Access, AccessKind, Conflict, Dispatch, Local, Missing, Param, RegistryRef, Report, Requests, ResolveError,
};
pub use pipeline::{Pipeline, PipelineBuilder, PipelineStart};
pub use poll::{Driver, Poller, Polls, Registration, RegistrationKey, Registrations};
pub use scheduler::{CycleError, SchedulerBuilder, SystemId, SystemScheduler};
pub use sequence::Sequence;
pub use shutdown::{Shutdown, ShutdownHandle};
pub use step::{Finished, IntoStep, Verdict, ViewAt};
pub use system::{IntoSystem, System, SystemFn, SystemOutput};
pub use template::{
    Blueprint, CallbackBlueprint, CallbackTemplate, HandlerTemplate, TemplatedCallback, TemplatedHandler,
};
pub use testing::harness::{Changes, TestHarness};
#[cfg(feature = "timer")]
pub use testing::timers::TestTimerDriver;
pub use world::{
    AlreadyRegistered, Installer, Key, Plugin, Registry, Res, ResMut, ResourceId, ResourceInfo, World, WorldBuilder,
    WorldId,
};

/// What `#[derive(Param)]` and the macros name, so that they rely on no name of the crate that uses them.
#[doc(hidden)]
pub mod __private {
    pub use core;

    pub use crate::param::CopyState;
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
        Sockets: "docs/src/sockets.md" needs ["mio"];
        Drivers: "docs/src/drivers.md";
        PollLoop: "docs/src/poll-loop.md" needs ["mio", "signals", "timer"];
        Systems: "docs/src/systems.md";
        Testing: "docs/src/testing.md";
        Performance: "docs/src/performance.md" needs ["smartptr"];
        Errors: "docs/src/errors.md";
        FromBevy: "docs/src/from-bevy.md" needs ["derive"];
        FromNexusRt: "docs/src/from-nexus-rt.md" needs ["timer"];
    }
}
