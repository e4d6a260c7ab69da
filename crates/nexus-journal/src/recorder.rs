//! `Recorder`: the entrance of a live program, where each input is written and applied.

use std::sync::Arc;
use std::time::{Duration, Instant};

use nexus_rt::{Clock, Key, Sequence, World};

use crate::digests::Digests;
use crate::disk::Disk;
use crate::error::Error;
use crate::files;
use crate::format::CHECK;
use crate::inputs::Input;
use crate::journal::Journal;
use crate::options::Options;
use crate::reader::Reader;
use crate::replay::{Program, Replayed};

/// Writes inputs as they are applied, and moves the clock of the world, so that a replay sees the same.
///
/// The world needs a [historical](Clock::historical) clock, live as in a replay. [`update`](Self::update) sets it to
/// the machine's time once per turn, and the journal stores that time with each input.
///
/// ```
/// use std::time::Duration;
///
/// use nexus_journal::{Digests, Dir, Options, Program, Recorder, inputs};
/// use nexus_rt::{Clock, World, WorldBuilder};
///
/// inputs! {
///     enum Call {
///         1 = Add(u64),
///     }
/// }
///
/// struct Adder;
///
/// impl Program for Adder {
///     type Input<'a> = Call;
///
///     fn apply(&mut self, world: &mut World, Call::Add(number): Call) {
///         *world.resource_mut::<u64>() += number;
///     }
/// }
///
/// # let directory = tempfile::tempdir()?;
/// # let dir = Dir::new(directory.path());
/// let mut builder = WorldBuilder::new();
/// builder.register(Clock::historical(Duration::ZERO));
/// builder.register(0_u64);
/// let (mut world, mut adder) = (builder.build(), Adder);
/// let options = Options::new("adder");
/// let (mut recorder, _) =
///     Recorder::open(dir, options, (&mut world, &mut adder), Digests::new())?;
///
/// recorder.update(&mut world); // once per turn
/// let sequence = recorder.input(&mut world, &mut adder, Call::Add(7));
/// assert_eq!(recorder.commit(&world)?, sequence); // safe: the reply may leave
/// assert_eq!(*world.resource::<u64>(), 7);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Recorder {
    journal: Journal,
    digests: Digests,
    clock: Key<Clock>,
    /// The time of the machine.
    real: Clock,
    /// Inputs until the next check.
    until_check: u64,
}

impl Recorder {
    /// Replays a journal on a new world, and continues it. A tail that was never safe is cut off. A directory without a
    /// journal gets one.
    ///
    /// ```
    /// # use nexus_journal::{Digests, Dir, Options, Program, Recorder, inputs};
    /// # use nexus_rt::{Clock, World, WorldBuilder};
    /// # use std::time::Duration;
    /// # inputs! { enum Call { 1 = Add(u64) } }
    /// # struct Adder;
    /// # impl Program for Adder {
    /// #     type Input<'a> = Call;
    /// #     fn apply(&mut self, world: &mut World, Call::Add(number): Call) {
    /// #         *world.resource_mut::<u64>() += number;
    /// #     }
    /// # }
    /// # fn new_world() -> World {
    /// #     let mut builder = WorldBuilder::new();
    /// #     builder.register(Clock::historical(Duration::ZERO));
    /// #     builder.register(0_u64);
    /// #     builder.build()
    /// # }
    /// # let directory = tempfile::tempdir()?;
    /// # let dir = Dir::new(directory.path());
    /// for run in 1..=3 {
    ///     let (mut world, mut adder) = (new_world(), Adder);
    ///     let (options, digests) = (Options::new("adder"), Digests::new());
    ///     let (mut recorder, replayed) =
    ///         Recorder::open(dir.clone(), options, (&mut world, &mut adder), digests)?;
    ///     assert_eq!(replayed.inputs, run - 1); // those of the runs before
    ///     recorder.input(&mut world, &mut adder, Call::Add(7));
    ///     assert_eq!(*world.resource::<u64>(), 7 * run);
    ///     recorder.close(&world)?;
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// If the journal is in use, is damaged, or belongs to another program; if the replay diverges; or if the disk is
    /// full or fails. The journal then stays as it was.
    ///
    /// # Panics
    /// If the clock of the world is not historical, or if the name of the program is longer than 28 bytes.
    #[track_caller]
    pub fn open<P: Program>(
        disk: impl Into<Arc<dyn Disk>>,
        options: Options,
        (world, program): (&mut World, &mut P),
        digests: Digests,
    ) -> Result<(Self, Replayed), Error> {
        Self::open_by(Clock::realtime(), disk, options, (world, program), digests)
    }

    /// Like [`open`](Self::open), but takes the time from `real` instead of the machine's clock. With the clock of a
    /// test, equal inputs at equal times write equal bytes.
    ///
    /// ```
    /// # use nexus_journal::{Digests, Dir, Options, Program, Recorder, inputs};
    /// # use nexus_rt::{World, WorldBuilder};
    /// # inputs! { enum Call { 1 = Tick } }
    /// # struct Ticks;
    /// # impl Program for Ticks {
    /// #     type Input<'a> = Call;
    /// #     fn apply(&mut self, _: &mut World, _: Call) {}
    /// # }
    /// # let directory = tempfile::tempdir()?;
    /// # let disk = Dir::new(directory.path());
    /// use std::time::Duration;
    ///
    /// use nexus_rt::Clock;
    /// use nexus_rt::testing::VirtualClock;
    ///
    /// let mut builder = WorldBuilder::new();
    /// builder.register(Clock::historical(Duration::ZERO));
    /// let (mut world, time) = (builder.build(), VirtualClock::new());
    /// let real = Clock::test(time.clone(), Duration::from_secs(1_000));
    /// let options = Options::new("ticks");
    /// let (mut recorder, _) =
    ///     Recorder::open_by(real, disk, options, (&mut world, &mut Ticks), Digests::new())?;
    /// time.advance(Duration::from_secs(5));
    /// recorder.update(&mut world);
    /// assert_eq!(world.resource::<Clock>().unix(), Duration::from_secs(1_005));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`open`](Self::open).
    ///
    /// # Panics
    /// As [`open`](Self::open).
    #[track_caller]
    pub fn open_by<P: Program>(
        mut real: Clock,
        disk: impl Into<Arc<dyn Disk>>,
        options: Options,
        (world, program): (&mut World, &mut P),
        digests: Digests,
    ) -> Result<(Self, Replayed), Error> {
        let disk = disk.into();
        let lock = files::lock(&*disk)?;
        let mut reader = Reader::open(disk.clone(), Some(&options.program))?;
        let replayed = reader.replay(world, program, &digests, None)?;
        reader.repair()?;
        files::sweep(&*disk, reader.replaced())?;
        real.update();
        let until_check = options.check_every;
        let journal = Journal::open(disk, lock, options, (replayed.last, real.unix()))?;
        let mut recorder = Self { journal, digests, clock: world.key(), real, until_check };
        recorder.update(world);
        Ok((recorder, replayed))
    }

    /// Takes the time from another clock from now on. If that clock is behind the world, time runs at half the speed
    /// until it has caught up. A test therefore sets its clock from the start, by [`open_by`](Self::open_by).
    pub fn set_time(&mut self, real: Clock) {
        self.real = real;
    }

    /// Sets the clock of the world to the present, once per turn, and returns the time.
    ///
    /// The clock never goes back. If the machine's clock is behind the world, such as after a correction, the world's
    /// clock runs at half the speed until the machine has caught up.
    ///
    /// # Panics
    /// If the clock of the world is not historical.
    #[track_caller]
    pub fn update(&mut self, world: &mut World) -> Instant {
        let before = self.real.unix();
        self.real.update();
        let elapsed = self.real.unix().saturating_sub(before);
        let mut clock = self.clock.get_mut(world);
        let unix = self.real.unix().max(clock.unix() + elapsed / 2);
        clock.set_unix(unix)
    }

    /// Records that the present event is this input, without applying it. Returns its sequence.
    ///
    /// A replay applies the input by [`Program::apply`], so the program must do the same work there. Some requests
    /// reveal only while they run whether they change state. For these, the program runs the request first and then
    /// calls `append`. The event must begin before that work, by a driver or by [`World::next_sequence`]: what the work
    /// writes has the sequence of the event, live as in a replay.
    ///
    /// # Panics
    /// If the present event already has an input, or if the payload is 4 GiB or longer.
    #[inline]
    #[track_caller]
    pub fn append<'a>(&mut self, world: &World, input: &impl Input<'a>) -> Sequence {
        assert!(
            world.current_sequence() > self.journal.last(),
            "the present event already has an input: begin an event, by `World::next_sequence`, before the work of the \
             next one"
        );
        let (sequence, at) = (world.current_sequence(), self.now(world));
        self.journal.append(input.source(), sequence, at, |out| input.encode(out));
        self.until_check = self.until_check.saturating_sub(1);
        sequence
    }

    /// Records an input and applies it, as a new event. Returns its sequence.
    ///
    /// ```
    /// # use nexus_journal::{Digests, Dir, Options, Program, Recorder, inputs};
    /// # use nexus_rt::{Clock, World, WorldBuilder};
    /// # use std::time::Duration;
    /// # inputs! { enum Call { 1 = Add(u64) } }
    /// # struct Adder;
    /// # impl Program for Adder {
    /// #     type Input<'a> = Call;
    /// #     fn apply(&mut self, world: &mut World, Call::Add(number): Call) {
    /// #         *world.resource_mut::<u64>() += number;
    /// #     }
    /// # }
    /// # let mut builder = WorldBuilder::new();
    /// # builder.register(Clock::historical(Duration::ZERO));
    /// # builder.register(0_u64);
    /// # let (mut world, mut adder) = (builder.build(), Adder);
    /// # let directory = tempfile::tempdir()?;
    /// # let dir = Dir::new(directory.path());
    /// # let (mut recorder, _) =
    /// #     Recorder::open(dir, Options::new("adder"), (&mut world, &mut adder), Digests::new())?;
    /// let sequence = recorder.input(&mut world, &mut adder, Call::Add(7));
    /// assert_eq!((sequence, *world.resource::<u64>()), (world.current_sequence(), 7));
    /// assert!(recorder.journal().safe() < sequence); // until the next commit
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Panics
    /// If the payload is 4 GiB or longer.
    #[inline]
    pub fn input<P: Program>(&mut self, world: &mut World, program: &mut P, input: P::Input<'_>) -> Sequence {
        world.next_sequence();
        let sequence = self.append(world, &input);
        program.apply(world, input);
        sequence
    }

    /// Writes the inputs of a turn, once per turn. Returns the sequence up to which every input is safe.
    ///
    /// After [`Options::check_every`] inputs, it also records a [`check`](Self::check).
    ///
    /// # Errors
    /// If the disk is full or fails. From then on, every call returns an error.
    #[inline]
    pub fn commit(&mut self, world: &World) -> Result<Sequence, Error> {
        if self.until_check == 0 && self.journal.is_pending() {
            self.check(world);
        }
        self.journal.commit()
    }

    /// Records the [`Digests`] of the world, which a replay compares.
    pub fn check(&mut self, world: &World) {
        self.until_check = self.journal.options().check_every;
        let (at, digests) = (self.now(world), &self.digests);
        self.journal.note(CHECK, at, |out| _ = digests.note(world, out));
    }

    /// Returns one digest for all watched resources: see [`Digests::total`].
    #[must_use]
    pub fn total(&self, world: &World) -> u64 {
        self.digests.total(world)
    }

    /// Records a last [`check`](Self::check), and [closes](Journal::close) the journal.
    ///
    /// # Errors
    /// If the disk is full or fails.
    pub fn close(mut self, world: &World) -> Result<(), Error> {
        self.check(world);
        self.journal.close()
    }

    /// Returns the journal.
    #[must_use]
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Returns the journal mutably, for example to [begin the next file](Journal::rotate).
    pub fn journal_mut(&mut self) -> &mut Journal {
        &mut self.journal
    }

    fn now(&self, world: &World) -> Duration {
        self.clock.get(world).unix()
    }
}
