//! Replay: the inputs of a journal, applied again.

use std::time::Duration;

use nexus_rt::{Clock, Key, Sequence, World};

use crate::digests::Digests;
use crate::error::{Divergence, Error};
use crate::format::CHECK;
use crate::inputs::Input;
use crate::reader::Reader;
use crate::torn::Torn;

/// A program as a function of its inputs. Live inputs and replayed ones go through its one entrance.
pub trait Program {
    /// The inputs, usually declared by [`inputs!`](crate::inputs).
    type Input<'a>: Input<'a>;

    /// Applies an input. Its time is that of the world's clock, and its number is the world's sequence.
    ///
    /// The result must depend only on the world and the input: not on another clock, on random numbers, or on the
    /// iteration order of a `HashMap`.
    fn apply(&mut self, world: &mut World, input: Self::Input<'_>);
}

/// The result of a replay.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Replayed {
    /// The number of inputs applied, including those of the snapshot.
    pub inputs: u64,
    /// The number of checks that agreed.
    pub checks: u64,
    /// The sequence of the last input.
    pub last: Sequence,
    /// The time of the last input, or of a snapshot without inputs, since 1970.
    pub at: Duration,
    /// The number of bytes read: the whole journal, unless the replay stopped earlier.
    pub bytes: u64,
    /// The torn tail, if there is one.
    pub torn: Option<Torn>,
}

impl Reader {
    /// Applies every input, up to `until` if given, and compares the world with every check. A second call continues
    /// from there.
    ///
    /// ```
    /// # use nexus_journal::{Digests, Dir, Disk, Options, Program, Reader, Recorder, inputs};
    /// # use nexus_rt::{Clock, World, WorldBuilder};
    /// # use std::sync::Arc;
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
    /// # let disk: Arc<dyn Disk> = Dir::new(directory.path()).into();
    /// # let (mut world, mut adder) = (new_world(), Adder);
    /// # let options = Options::new("adder");
    /// # let (mut recorder, _) =
    /// #     Recorder::open(disk.clone(), options, (&mut world, &mut adder), Digests::new())?;
    /// let first = recorder.input(&mut world, &mut adder, Call::Add(7));
    /// recorder.input(&mut world, &mut adder, Call::Add(8));
    /// recorder.close(&world)?;
    ///
    /// let (mut world, mut reader) = (new_world(), Reader::open(disk, Some("adder"))?);
    /// reader.replay(&mut world, &mut adder, &Digests::new(), Some(first))?;
    /// assert_eq!(*world.resource::<u64>(), 7); // the state after the first input
    /// reader.replay(&mut world, &mut adder, &Digests::new(), None)?;
    /// assert_eq!(*world.resource::<u64>(), 15);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// If the journal is damaged, if the state at `until` was compacted away, or if the replay diverges.
    ///
    /// # Panics
    /// If the clock of the world is not historical.
    #[track_caller]
    pub fn replay<P: Program>(
        &mut self,
        world: &mut World,
        program: &mut P,
        digests: &Digests,
        until: Option<Sequence>,
    ) -> Result<Replayed, Error> {
        let (clock, begins): (Key<Clock>, _) = (world.key(), self.begins());
        if let Some(asked) = until.filter(|until| *until < begins) {
            return Err(Error::Gone { asked, begins });
        }
        let (mut inputs, mut checks, mut now) = (0, 0, self.at);
        loop {
            let (before, agreed) = (self.last(), self.agreed);
            let Some(record) = self.read()? else { break };
            let (at, sequence) = (record.at, Sequence::new(record.sequence));
            if until.is_some_and(|until| sequence > until) {
                self.unread(before);
                break;
            }
            let reached = world.current_sequence();
            let diverged = |resources, reached, unwatched| {
                let divergence = Divergence { resources, after: agreed, at: sequence, reached, unwatched };
                Error::Diverged(Box::new(divergence))
            };
            if record.source == CHECK {
                let resources = digests.differ(world, record.payload, begins);
                if !resources.is_empty() {
                    return Err(diverged(resources, None, digests.unwatched(world)));
                }
                checks += 1;
                self.agreed = sequence;
                continue;
            }
            // Events that are no inputs, such as that a socket is readable, have sequences too. The first input of all
            // may be of the event that a world has begun with, or that its startup has ended with.
            let goes_on = sequence > begins && (inputs > 0 || before > begins);
            if reached > sequence || reached == sequence && goes_on {
                return Err(diverged(Vec::new(), Some(reached), digests.unwatched(world)));
            }
            let (source, length) = (record.source, record.payload.len());
            let input =
                P::Input::decode(source, record.payload).ok_or(Error::Unknown { source, at: sequence, length })?;
            world.advance_to(sequence);
            if at != now || inputs == 0 {
                clock.get_mut(world).set_unix(at);
                now = at;
            }
            program.apply(world, input);
            inputs += 1;
        }
        self.settle(world, clock, Some(now).filter(|_| inputs > 0));
        let last = self.last();
        let (bytes, _) = self.progress();
        Ok(Replayed { inputs, checks, last, at: self.at, bytes, torn: self.torn().cloned() })
    }

    /// Moves the world to what was read, after inputs of which the last has this time.
    #[track_caller]
    fn settle(&mut self, world: &mut World, clock: Key<Clock>, at: Option<Duration>) {
        match at {
            Some(at) => self.at = at,
            // A snapshot without inputs has a time, too.
            None if clock.get(world).unix() < self.at => _ = clock.get_mut(world).set_unix(self.at),
            None => {}
        }
        let last = self.last();
        // After the inputs of a snapshot, or where the events after the last input were none.
        if world.current_sequence() < last {
            world.advance_to(last);
        }
    }
}
