//! Everything but sockets: the resources of the server, and what runs a request on them.

use nexus_rt::{
    CallbackTemplate, Clock, Installer, Shutdown, TemplatedCallback, TimerInstaller, TimerPoller, WorldBuilder,
};

use crate::channels::Channels;
use crate::commands::Specs;
use crate::keys::{ExpiryTemplate, Keys, OnExpiry, on_expiry};
use crate::limits::Limits;
use crate::pause::Pause;
use crate::settings::{Options, Settings};
use crate::stats::{CommandStats, Stats};
use crate::watch::Watch;

/// Runs the timers of keys that end.
pub type ExpiryPoller = TimerPoller<TemplatedCallback<OnExpiry>>;

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
        let poller = builder.install_driver(timers);
        builder.ensure_default::<Shutdown>();
        builder.register(self.clock);
        builder.register(self.settings);
        builder.register(self.limits);
        builder.register_default::<Keys>();
        builder.register(Stats { commands: vec![CommandStats::default(); Specs::COUNT], ..Stats::default() });
        builder.register_default::<Watch>();
        builder.register_default::<Pause>();
        builder.register_default::<Channels>();
        builder.register_default::<Specs>();
        builder.register_default::<Options>();
        let template = CallbackTemplate::new(on_expiry, builder.registry());
        builder.register(ExpiryTemplate(template));
        poller
    }
}
