//! Everything but sockets: the resources of the server, and what runs a request on them.

use std::time::Instant;

use nexus_rt::{
    CallbackTemplate, Clock, Installer, Key, Shutdown, TemplatedCallback, TimerInstaller, TimerPoller, World,
    WorldBuilder,
};

use crate::channels::Channels;
use crate::commands::Specs;
use crate::keys::{ExpiryTemplate, Keys, OnExpiry, on_expiry, unix_ms};
use crate::limits::Limits;
use crate::settings::Settings;
use crate::stats::Stats;

/// The most keys that end in one turn. The others are not there for commands either, and go in the next turns.
const ENDING: usize = 2_000;

/// Runs the timers of keys that end.
#[derive(Debug)]
pub struct ExpiryPoller {
    timers: TimerPoller<TemplatedCallback<OnExpiry>>,
    keys: Key<Keys>,
    clock: Key<Clock>,
}

impl ExpiryPoller {
    /// Removes keys whose time has come, and hides those that there was no time to remove. How many it removes.
    pub fn poll(&mut self, world: &mut World, now: Instant) -> usize {
        let now_ms = unix_ms(self.clock.get(world));
        self.keys.get_mut(world).set_now(now_ms);
        self.timers.poll_budget(world, now, ENDING)
    }

    /// When to poll next at the latest.
    #[must_use]
    pub fn next_deadline(&self, world: &World) -> Option<Instant> {
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
/// let settings = Settings { address: ([127, 0, 0, 1], 6379).into(), started: clock.now() };
/// let mut builder = WorldBuilder::new();
/// let mut expiry = builder.install_driver(Engine { clock, settings, limits: Limits::default() });
/// let mut world = builder.build();
/// let mut commands = Commands::new(world.registry());
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
        let timers = TimerInstaller::new(self.clock.now()).stored_as::<TemplatedCallback<OnExpiry>>();
        let timers = builder.install_driver(timers);
        builder.ensure_default::<Shutdown>();
        builder.register(self.clock);
        builder.register(self.settings);
        builder.register(self.limits);
        builder.register_default::<Keys>();
        builder.register_default::<Stats>();
        builder.register_default::<Channels>();
        builder.register_default::<Specs>();
        let template = CallbackTemplate::new(on_expiry, builder.registry());
        builder.register(ExpiryTemplate(template));
        ExpiryPoller { timers, keys: builder.key(), clock: builder.key() }
    }
}
