//! Everything but sockets: the resources of the server, and what runs a request on them.

use std::hint;
use std::time::{Duration, Instant};

use nexus_gauge::Board;
use nexus_rt::{
    CallbackTemplate, Clock, Installer, Key, TemplatedCallback, TimerInstaller, TimerPoller, World, WorldBuilder,
};

use crate::changes::Changes;
use crate::channels::Channels;
use crate::commands::Specs;
use crate::db::{ExpiryTemplate, OnExpiry, on_expiry, unix_ms};
use crate::keys::Keys;
use crate::limits::Limits;
use crate::log::Log;
use crate::pause::Pause;
use crate::settings::{Options, Settings};
use crate::shared::Shared;
use crate::stats::Stats;
use crate::watch::Watch;

/// The most timers that run in one turn, keys that are swept, and removed ones that are dropped. The keys of those that
/// do not run are not there for commands either.
const AT_ONCE: usize = 500;

/// How often keys that have no timer are swept, unless many of them have ended.
const SWEEP: Duration = Duration::from_millis(10);

/// Has the allocator of the C library merge the small pieces that were freed. Otherwise it does so for those of a
/// million keys at once, when it is next asked for a large one, which this is.
fn merge_freed() {
    hint::black_box(Vec::<u8>::with_capacity(4_096));
}

/// Removes keys whose time has come.
#[derive(Debug)]
pub struct ExpiryPoller {
    timers: TimerPoller<TemplatedCallback<OnExpiry>>,
    keys: Key<Keys>,
    stats: Key<Stats>,
    clock: Key<Clock>,
    /// When keys are swept next.
    sweeps: Instant,
}

impl ExpiryPoller {
    /// Removes keys whose time has come, and hides those that there was no time to remove. How many it removes.
    pub fn poll(&mut self, world: &mut World, now: Instant) -> usize {
        let now_ms = unix_ms(self.clock.get(world));
        let mut keys = self.keys.get_mut(world);
        keys.now_ms = now_ms;
        let buries = keys.has_doomed();
        if buries {
            keys.bury(AT_ONCE);
        }
        if keys.untimed > 0 && now >= self.sweeps {
            let many = keys.sweep(AT_ONCE) > AT_ONCE / 4;
            self.sweeps = if many { now } else { now + SWEEP };
        }
        let swept = keys.take_ended();
        self.stats.get_mut(world).expired += swept as u64;
        let removed = swept + self.timers.poll_budget(world, now, AT_ONCE);
        if buries || removed > AT_ONCE / 4 {
            merge_freed();
        }
        removed
    }

    /// Removes some keys that have ended and have no timer. It runs no event, and no command can tell.
    pub(crate) fn sweep(&mut self, world: &mut World) {
        let mut keys = self.keys.get_mut(world);
        keys.bury(AT_ONCE);
        if keys.untimed > 0 {
            keys.sweep(AT_ONCE);
        }
    }

    /// When to poll next at the latest.
    #[must_use]
    pub fn next_deadline(&self, world: &World) -> Option<Instant> {
        let keys = self.keys.get(world);
        let busy = keys.has_doomed().then(|| self.clock.get(world).now());
        let sweeps = (keys.untimed > 0).then_some(self.sweeps);
        [busy, sweeps, self.timers.next_deadline(world)].into_iter().flatten().min()
    }

    /// When the first key ends that has a timer.
    pub(crate) fn next_end(&self, world: &World) -> Option<Instant> {
        self.timers.next_deadline(world)
    }

    /// How many keys have a timer.
    #[must_use]
    pub fn len(&self, world: &World) -> usize {
        self.timers.len(world)
    }

    /// Whether none has.
    #[must_use]
    pub fn is_empty(&self, world: &World) -> bool {
        self.timers.is_empty(world)
    }
}

/// Installs everything but sockets. What it gives is polled before requests are run, by the time of the same clock, so
/// that no request sees a key whose time has come. [`Commands`](crate::Commands) are then resolved against the world.
///
/// ```
/// use std::time::Duration;
///
/// use kv_server::{Client, Commands, Engine, Limits, Request, Session, Settings};
/// use nexus_rt::connections::Framing;
/// use nexus_rt::testing::VirtualClock;
/// use nexus_rt::{Clock, WorldBuilder};
///
/// let time = VirtualClock::new();
/// let clock = Clock::test(time.clone(), Duration::from_secs(1_700_000_000));
/// let settings = Settings { address: ([127, 0, 0, 1], 6379).into(), unix: None, started: clock.now() };
/// let mut builder = WorldBuilder::new();
/// let mut expiry = builder.install_driver(Engine { clock, settings, limits: Limits::default() });
/// let mut world = builder.build();
/// let mut commands = Commands::new(&world);
/// let mut client = Client::detached(Session::new(1));
///
/// let mut requests = Request::new(Limits::default().request);
/// requests.buffer().extend(b"SET a 1 EX 60\r\nGET a\r\nTTL a\r\n");
/// while let Some(request) = requests.decode()? {
///     commands.run(&mut client, &mut world, request);
/// }
/// assert_eq!(client.out(), b"+OK\r\n$1\r\n1\r\n:60\r\n");
///
/// time.advance(Duration::from_secs(60));
/// let now = world.resource_mut::<Clock>().update();
/// assert_eq!(expiry.poll(&mut world, now), 1);
/// # Ok::<(), kv_server::ProtocolError>(())
/// ```
#[derive(Debug)]
pub struct Engine {
    /// The time by which keys end.
    pub clock: Clock,
    /// What CONFIG and INFO tell.
    pub settings: Settings,
    /// How much clients may ask for.
    pub limits: Limits,
}

impl Installer for Engine {
    type Poller = ExpiryPoller;

    fn install(self, builder: &mut WorldBuilder) -> ExpiryPoller {
        let start = self.clock.now();
        let timers = TimerInstaller::new(start).stored_as::<TemplatedCallback<OnExpiry>>();
        let timers = builder.install_driver(timers);
        builder.register(self.clock);
        builder.register(self.settings);
        builder.register(self.limits);
        builder.register_default::<Keys>();
        builder.register(Stats::new());
        builder.register_default::<Watch>();
        builder.register(Board::new());
        builder.register_default::<Pause>();
        builder.register_default::<Changes>();
        builder.register_default::<Log>();
        builder.register_default::<Shared>();
        builder.register_default::<Channels>();
        builder.register_default::<Specs>();
        builder.register_default::<Options>();
        let template = CallbackTemplate::new(on_expiry, builder.registry());
        builder.register(ExpiryTemplate(template));
        ExpiryPoller { timers, keys: builder.key(), stats: builder.key(), clock: builder.key(), sweeps: start }
    }
}
