//! `Checks`: compares the digests of replicas at the same sequence.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use nexus_journal::Digests;
use nexus_rt::Sequence;

use crate::error::{Alarm, Error};
use crate::order::Order;

/// The number of checks that wait for the digests of other nodes.
const KEPT: usize = 64;

/// A node that has published nothing for this long, by the time of the stream, no longer counts as alive. One whose
/// clients only read publishes nothing but its digests, so the time since an earlier check does not count.
const SILENCE: Duration = Duration::from_secs(10);

/// The digests of all nodes at a sequence.
#[derive(Default)]
struct Votes {
    /// The digests of this node, if it has reached the sequence, and the time of its check before that.
    own: Option<(Box<[u8]>, Duration)>,
    /// The digests of other nodes.
    others: Vec<(Box<str>, Box<[u8]>)>,
    told: bool,
}

/// Compares the digests of replicas.
#[derive(Default)]
pub(crate) struct Checks {
    votes: BTreeMap<Sequence, Votes>,
    /// The time of the last check of this node, or of the state that it began with, and of the check before that.
    last: Duration,
    before: Option<Duration>,
    /// The last sequence at which all nodes that had reported agreed.
    pub(crate) agreed: Sequence,
    pub(crate) alarms: VecDeque<Alarm>,
    /// Whether this node serves. As long as it starts, it does not stop because as many disagree as agree: that may be
    /// why it was started again, and its state may be the right one.
    pub(crate) serves: bool,
}

impl Checks {
    /// Begins with a state of this time, as if that had been checked.
    pub(crate) fn since(at: Duration) -> Self {
        Self { last: at, ..Self::default() }
    }

    /// Adds the digests of this node.
    ///
    /// # Errors
    /// If more nodes disagree with this one than agree, or, of a node that serves, equally many once all have reported.
    pub(crate) fn note(
        &mut self,
        digests: &Digests,
        (at, note): (Sequence, Box<[u8]>),
        order: &Order,
    ) -> Result<(), Error> {
        let last = std::mem::replace(&mut self.last, order.position.at);
        self.before = Some(last);
        self.votes.entry(at).or_default().own = Some((note, last));
        self.judge(digests, at, order)
    }

    /// Adds the digests of another node.
    ///
    /// # Errors
    /// As for [`note`](Self::note).
    pub(crate) fn hear(
        &mut self,
        digests: &Digests,
        (node, at, note): (&str, Sequence, &[u8]),
        order: &Order,
    ) -> Result<(), Error> {
        let votes = self.votes.entry(at).or_default();
        votes.others.retain(|(name, _)| **name != *node);
        votes.others.push((node.into(), note.into()));
        self.judge(digests, at, order)
    }

    /// Returns the names of the nodes that are alive: those that have published since 10 seconds before the last check
    /// but one, as each publishes its digests between two checks.
    pub(crate) fn alive<'a>(&self, order: &'a Order) -> impl Iterator<Item = &'a str> {
        order.alive(self.before.unwrap_or(order.position.at).saturating_sub(SILENCE))
    }

    fn judge(&mut self, digests: &Digests, at: Sequence, order: &Order) -> Result<(), Error> {
        while self.votes.len() > KEPT {
            self.votes.pop_first();
        }
        let Some(votes) = self.votes.get_mut(&at) else { return Ok(()) };
        let Some((own, before)) = &votes.own else { return Ok(()) };
        let differs = |note: &[u8]| digests.compare(own, note);
        let against: Vec<_> = votes.others.iter().filter(|(_, note)| !differs(note).is_empty()).collect();
        let (for_it, after) = (1 + votes.others.len() - against.len(), self.agreed);
        let mut alive = order.alive(before.saturating_sub(SILENCE)).filter(|name| *name != order.node());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_digests_are_kept_of_a_node_that_checks_more_often() {
        let (order, digests, mut checks) = (Order::new("a", 0), Digests::new(), Checks::default());
        for at in 1..=1_000 {
            checks.hear(&digests, ("b", Sequence::new(at), &[]), &order).expect("it goes on");
        }
        assert_eq!(checks.votes.len(), KEPT);
    }
}
