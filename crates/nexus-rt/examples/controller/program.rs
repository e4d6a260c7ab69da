//! The controller as a function of its inputs: settings, targets, and turns in which a timer is due.

use std::time::{Duration, Instant};

use nexus_journal::{Digests, Durability, Options, Payload, Program, inputs};
use nexus_rt::inbox::Outbox;
use nexus_rt::{Clock, TimerInstaller, TimerPoller, TimerWheel, World, WorldBuilder};

use super::control::{Late, Law, Motor, PERIOD, Settings, Target, Ticks, tick};

inputs! {
    /// The inputs of the controller.
    #[derive(Debug, Clone, Copy, PartialEq)]
    pub(crate) enum Input {
        /// Ticks begin.
        1 = Start(Settings),
        /// A new target speed for the motor.
        2 = Aim(f64),
        /// The timer wheel is due, mostly for a tick, sometimes only for its upkeep. The input has the time at which it
        /// was polled.
        3 = Turn,
    }
}

impl Payload<'_> for Settings {
    fn encode(&self, out: &mut Vec<u8>) {
        self.ticks.encode(out);
        self.limit.encode(out);
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (ticks, limit) = bytes.split_at_checked(8)?;
        Some(Self { ticks: u64::decode(ticks)?, limit: Duration::decode(limit)? })
    }
}

/// The number of turns, and the state of the wheel after the last one, without instants: those belong to one
/// process.
#[derive(Default, Hash)]
pub(crate) struct Turns {
    number: u64,
    timers: usize,
    /// The next deadline, relative to the time of the turn.
    next: Option<Duration>,
}

pub(crate) struct Controller {
    timers: TimerPoller,
}

impl Controller {
    /// Registers what makes up its state, over which it is [built](Self::over) later.
    pub(crate) fn register(builder: &mut WorldBuilder, reports: Outbox<Late>) -> TimerPoller {
        // Live or in a replay, time comes with the inputs.
        let clock = Clock::historical(Duration::ZERO);
        let timers = builder.install_driver(TimerInstaller::new(clock.now()));
        builder.register(clock);
        builder.register(reports);
        builder.register(Target(0.0));
        builder.register_default::<Law>();
        builder.register_default::<Motor>();
        builder.register_default::<Settings>();
        builder.register_default::<Ticks>();
        builder.register_default::<Turns>();
        timers
    }

    pub(crate) fn over(world: &World, timers: TimerPoller) -> (Self, Digests) {
        let (reg, mut digests) = (world.registry(), Digests::new());
        digests.watch::<Target>(reg).watch::<Law>(reg).watch::<Motor>(reg);
        digests.watch::<Settings>(reg).watch::<Ticks>(reg).watch::<Turns>(reg);
        (Self { timers }, digests)
    }

    /// Returns when the next timer is due, by the clock of the world.
    pub(crate) fn next_deadline(&self, world: &World) -> Option<Instant> {
        self.timers.next_deadline(world)
    }

    fn note_turn(&self, world: &mut World, now: Instant) {
        let (timers, next) = (self.timers.len(world), self.timers.next_deadline(world));
        let mut turns = world.resource_mut::<Turns>();
        (turns.number, turns.timers) = (turns.number + 1, timers);
        turns.next = next.map(|next| next.saturating_duration_since(now));
    }
}

impl Program for Controller {
    type Input<'a> = Input;

    fn apply(&mut self, world: &mut World, input: Input) {
        let now = world.resource::<Clock>().now();
        match input {
            Input::Start(settings) => {
                *world.resource_mut::<Settings>() = settings;
                self.timers.poll(world, now); // From 1970 to the present: nothing is due.
                let tick = Box::new(tick(world.registry()));
                world.resource_mut::<TimerWheel>().schedule_every(now + PERIOD, PERIOD, tick);
            }
            Input::Aim(speed) => world.resource_mut::<Target>().0 = speed,
            Input::Turn => _ = self.timers.poll(world, now),
        }
        self.note_turn(world, now);
    }
}

/// Returns the options of the journal: the loop does not wait for the disk.
pub(crate) fn options() -> Options {
    Options { durability: Durability::Behind, check_every: 100, ..Options::new("controller") }
}
