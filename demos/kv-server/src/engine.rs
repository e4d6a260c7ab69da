//! The server without its sockets: its resources, and what runs a request on them.

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

/// The maximum number of timers that run in one turn, of keys that are swept, and of removed entries that are dropped.
/// Commands do not see expired keys, even if their timers have not run.
const AT_ONCE: usize = 500;

/// How often keys without a timer are swept, unless many of them have expired.
const SWEEP: Duration = Duration::from_millis(10);

/// Makes the allocator of the C library merge small freed chunks. Otherwise it merges those of a million keys at once
/// at the next large allocation; this is such an allocation.
fn merge_freed() {
    hint::black_box(Vec::<u8>::with_capacity(4_096));
}

/// Removes expired keys.
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
    /// Removes expired keys, and hides those that it has no time to remove. Returns the number of keys removed.
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

    /// Returns the latest time of the next poll.
    #[must_use]
    pub fn next_deadline(&self, world: &World) -> Option<Instant> {
        let keys = self.keys.get(world);
        let busy = keys.has_doomed().then(|| self.clock.get(world).now());
        let sweeps = (keys.untimed > 0).then_some(self.sweeps);
        [busy, sweeps, self.timers.next_deadline(world)].into_iter().flatten().min()
    }

    /// Returns when the first key with a timer expires.
    pub(crate) fn next_end(&self, world: &World) -> Option<Instant> {
        self.timers.next_deadline(world)
    }

    /// Returns the number of keys with a timer.
    #[must_use]
    pub fn len(&self, world: &World) -> usize {
        self.timers.len(world)
    }

    /// Returns whether no key has a timer.
    #[must_use]
    pub fn is_empty(&self, world: &World) -> bool {
        self.timers.is_empty(world)
    }
}

/// Removes some expired keys that have no timer while many changes are applied in a row and no poller runs. It runs no
/// event, and commands see no difference.
#[derive(Debug)]
pub(crate) struct Sweeper {
    keys: Key<Keys>,
    until: u32,
}

impl Sweeper {
    /// The number of changes between two sweeps.
    const EVERY: u32 = 256;

    pub(crate) fn new(world: &World) -> Self {
        Self { keys: world.key(), until: Self::EVERY }
    }

    /// Counts a change, and sweeps when enough were applied.
    pub(crate) fn count(&mut self, world: &mut World) {
        self.until -= 1;
        if self.until > 0 {
            return;
        }
        self.until = Self::EVERY;
        let mut keys = self.keys.get_mut(world);
        keys.bury(AT_ONCE);
        if keys.untimed > 0 {
            keys.sweep(AT_ONCE);
        }
    }
}

/// Installs everything except sockets. Poll the [`ExpiryPoller`] that it returns before running requests, with the time
/// of the same clock, so that no request sees an expired key. [`Commands`](crate::Commands) are then resolved against
/// the world.
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
    /// The clock by which keys expire.
    pub clock: Clock,
    /// What CONFIG and INFO report.
    pub settings: Settings,
    /// The limits on what clients may ask for.
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
