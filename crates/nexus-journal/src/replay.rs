//! Replay: the inputs of a journal, applied again.

use std::time::Duration;

use nexus_rt::{Clock, Key, Sequence, World};

use crate::digests::Digests;
use crate::error::{Divergence, Error};
use crate::format::CHECK;
use crate::inputs::Input;
use crate::reader::{Reader, Torn};

/// A program as a function of its inputs: what is live and what is replayed goes through its one entrance.
pub trait Program {
    /// What reaches it, usually made by [`inputs!`](crate::inputs).
    type Input<'a>: Input<'a>;

    /// Applies an input. The time is that of the world's clock, and the number of the input the world's sequence.
    ///
    /// What this does depends on nothing but the world and the input: no other time, no other random numbers, no order
    /// that a `HashMap` happens to have.
    fn apply(&mut self, world: &mut World, input: Self::Input<'_>);
}

/// What a replay came to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Replayed {
    /// How many inputs were applied, those of the snapshot included.
    pub inputs: u64,
    /// How many checks agreed.
    pub checks: u64,
    /// The sequence of the last input.
    pub last: Sequence,
    /// The time of the last input, since 1970.
    pub at: Duration,
    /// How many bytes of the journal were read: all of it, unless it was to stop before.
    pub bytes: u64,
    /// What was torn at the end.
    pub torn: Option<Torn>,
}

impl Reader {
    /// Applies every input, up to `until` if that is given, and compares the world with every check. It may be called
    /// again, to go on from there.
    ///
    /// # Errors
    /// If the journal is damaged, if the state at `until` was compacted away, or if the program does not do again what
    /// it did.
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
            // Events that are no inputs, such as that a socket is readable, have sequences too.
            if reached > sequence || reached == sequence && sequence > begins {
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
        self.at = now;
        let last = self.last();
        // After the inputs of a snapshot, or where the events after the last input were none.
        if world.current_sequence() < last {
            world.advance_to(last);
        }
        let (bytes, _) = self.progress();
        Ok(Replayed { inputs, checks, last, at: self.at, bytes, torn: self.torn().cloned() })
    }
}
