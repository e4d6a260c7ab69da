//! `Checks`: compares the digests of replicas at the same sequence.

use std::collections::{BTreeMap, VecDeque};

use nexus_journal::Digests;
use nexus_rt::Sequence;

use crate::error::{Alarm, Error};

/// The number of checks that wait for the digests of other nodes.
const KEPT: usize = 64;

/// The digests of all nodes at a sequence.
#[derive(Default)]
struct Votes {
    /// The digests of this node, if it has reached the sequence.
    own: Option<Box<[u8]>>,
    /// The digests of other nodes.
    others: Vec<(Box<str>, Box<[u8]>)>,
    told: bool,
}

/// Compares the digests of replicas.
#[derive(Default)]
pub(crate) struct Checks {
    votes: BTreeMap<Sequence, Votes>,
    /// The last sequence at which all nodes that had reported agreed.
    pub(crate) agreed: Sequence,
    pub(crate) alarms: VecDeque<Alarm>,
    /// Whether this node serves. As long as it starts, it does not stop because as many disagree as agree: that may be
    /// why it was started again, and its state may be the right one.
    pub(crate) serves: bool,
}

impl Checks {
    /// Adds the digests of this node. `alive` are the other nodes whose digests are expected.
    ///
    /// # Errors
    /// If more nodes disagree with this one than agree, or, of a node that serves, equally many once all have reported.
    pub(crate) fn note<'a>(
        &mut self,
        digests: &Digests,
        at: Sequence,
        note: Box<[u8]>,
        alive: impl Iterator<Item = &'a str>,
    ) -> Result<(), Error> {
        self.votes.entry(at).or_default().own = Some(note);
        while self.votes.len() > KEPT {
            self.votes.pop_first();
        }
        self.judge(digests, at, alive)
    }

    /// Adds the digests of another node.
    ///
    /// # Errors
    /// As for [`note`](Self::note).
    pub(crate) fn hear<'a>(
        &mut self,
        digests: &Digests,
        (node, at, note): (&str, Sequence, &[u8]),
        alive: impl Iterator<Item = &'a str>,
    ) -> Result<(), Error> {
        let votes = self.votes.entry(at).or_default();
        votes.others.retain(|(name, _)| **name != *node);
        votes.others.push((node.into(), note.into()));
        self.judge(digests, at, alive)
    }

    fn judge<'a>(
        &mut self,
        digests: &Digests,
        at: Sequence,
        mut alive: impl Iterator<Item = &'a str>,
    ) -> Result<(), Error> {
        let Some(votes) = self.votes.get_mut(&at) else { return Ok(()) };
        let Some(own) = &votes.own else { return Ok(()) };
        let differs = |note: &[u8]| digests.compare(own, note);
        let against: Vec<_> = votes.others.iter().filter(|(_, note)| !differs(note).is_empty()).collect();
        let (for_it, after) = (1 + votes.others.len() - against.len(), self.agreed);
        let all = alive.all(|name| votes.others.iter().any(|(other, _)| **other == *name));
        let Some((other, note)) = against.first() else {
            if all && !votes.others.is_empty() {
                self.agreed = self.agreed.max(at);
            }
            return Ok(());
        };
        let resources = differs(note).into_iter().map(str::to_owned).collect();
        let alarm = |node: &str| Alarm { node: node.into(), resources, after, at };
        if against.len() > for_it || self.serves && all && against.len() == for_it {
            return Err(Error::Diverged { against: against.len(), alarm: Box::new(alarm(other)) });
        }
        if for_it > against.len() && !votes.told {
            votes.told = true;
            self.alarms.push_back(alarm(other));
        }
        Ok(())
    }
}
