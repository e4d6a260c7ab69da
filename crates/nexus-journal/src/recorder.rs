//! `Recorder`: the choke point of a live program, where each input is written down and applied.

use std::sync::Arc;
use std::time::{Duration, Instant};

use nexus_rt::{Clock, Key, Sequence, World};

use crate::digests::Digests;
use crate::disk::Disk;
use crate::error::Error;
use crate::files;
use crate::format::CHECK;
use crate::inputs::Input;
use crate::journal::{Journal, Options};
use crate::reader::Reader;
use crate::replay::{Program, Replayed};

/// Writes inputs down as they are applied, and moves the clock of the world, so that a replay sees the same.
///
/// The world's clock is a [historical](Clock::historical) one, live as in a replay. [`update`](Self::update) moves it
/// once per turn to the time of the machine, and each input notes where it stands.
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
    /// Runs again what a journal has, on a new world, and goes on with it. A tail that was never safe is cut off.
    ///
    /// # Errors
    /// If the journal is in use, damaged, or that of another program; if the program does not do again what it did; or
    /// if the disk is full or fails. The journal is as it was then.
    ///
    /// # Panics
    /// If the clock of the world is not historical, or the name of the program is longer than 28 bytes.
    #[track_caller]
    pub fn open<P: Program>(
        disk: impl Into<Arc<dyn Disk>>,
        options: Options,
        (world, program): (&mut World, &mut P),
        digests: Digests,
    ) -> Result<(Self, Replayed), Error> {
        Self::open_by(Clock::realtime(), disk, options, (world, program), digests)
    }

    /// Does what [`open`](Self::open) does, with the time from another clock than that of the machine, such as that of
    /// a test. The same inputs at the same times are then the same bytes.
    ///
    /// # Errors
    /// As for [`open`](Self::open).
    ///
    /// # Panics
    /// As for [`open`](Self::open).
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

    /// Takes the time from another clock than that of the machine. If it is behind the world, time is slow until it
    /// has caught up, so a test takes its clock from the start, by [`open_by`](Self::open_by).
    pub fn set_time(&mut self, real: Clock) {
        self.real = real;
    }

    /// Moves the clock of the world to the present, once per turn, and returns it. It does not go back: if that of the
    /// machine did since the last input of an earlier run, it runs at half the speed until the machine has caught up.
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

    /// Writes down that the present event is this input. If an input was noted for it already, there is a new event.
    ///
    /// Whatever the program does because of it belongs into [`Program::apply`], which a replay calls. A server that
    /// finds out only while it runs a request whether that changes anything calls this after it.
    #[inline]
    pub fn append<'a>(&mut self, world: &mut World, input: &impl Input<'a>) -> Sequence {
        if world.current_sequence() <= self.journal.last() {
            world.next_sequence();
        }
        let (sequence, at) = (world.current_sequence(), self.now(world));
        self.journal.append(input.source(), sequence, at, |out| input.encode(out));
        self.until_check = self.until_check.saturating_sub(1);
        sequence
    }

    /// Writes an input down and applies it, as an event of its own.
    #[inline]
    pub fn input<P: Program>(&mut self, world: &mut World, program: &mut P, input: P::Input<'_>) -> Sequence {
        world.next_sequence();
        let sequence = self.append(world, &input);
        program.apply(world, input);
        sequence
    }

    /// Writes what was noted, once per turn, and returns up to where everything is safe. Now and then it notes what the
    /// world is worth.
    ///
    /// # Errors
    /// If the disk is full or fails. Nothing is written any more then.
    #[inline]
    pub fn commit(&mut self, world: &World) -> Result<Sequence, Error> {
        if self.until_check == 0 {
            self.check(world);
        }
        self.journal.commit()
    }

    /// Notes what the world is worth now, for a replay to compare.
    pub fn check(&mut self, world: &World) {
        self.until_check = self.journal.options().check_every;
        let (at, digests) = (self.now(world), &self.digests);
        self.journal.note(CHECK, at, |out| _ = digests.note(world, out));
    }

    /// Returns one word for all that is watched.
    #[must_use]
    pub fn total(&self, world: &World) -> u64 {
        self.digests.total(world)
    }

    /// Notes what the world is worth at the end, and [closes](Journal::close) the journal.
    ///
    /// # Errors
    /// If the disk is full or fails.
    pub fn close(mut self, world: &World) -> Result<(), Error> {
        self.check(world);
        self.journal.close()
    }

    /// Returns what it writes to.
    #[must_use]
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Returns what it writes to, to begin the next file.
    pub fn journal_mut(&mut self) -> &mut Journal {
        &mut self.journal
    }

    fn now(&self, world: &World) -> Duration {
        self.clock.get(world).unix()
    }
}
