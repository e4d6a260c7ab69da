//! `Model`: the keys after each event, and what of it was promised.

use std::collections::BTreeMap;
use std::time::Duration;

use kv_server::Keys;
use nexus_rt::World;

use super::traffic::PAIR;

/// Keys, each with its value and its expiry time.
pub(crate) type Rows = BTreeMap<Vec<u8>, (Vec<u8>, Option<i64>)>;

/// The keys after an event.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct State {
    pub(crate) sequence: u64,
    /// The time of the event, since 1970.
    pub(crate) at: Duration,
    trace: u64,
    changes: u64,
    digest: u64,
    rows: Rows,
}

impl State {
    /// Reads the state of a world.
    pub(crate) fn of(world: &World, sequence: u64, at: Duration) -> Self {
        let keys = world.resource::<Keys>();
        let row = |key: &[u8]| {
            let value = keys.get(key).unwrap_or_default().to_vec();
            (key.to_vec(), (value, keys.expiry_unix_ms(key).flatten()))
        };
        let (trace, changes, digest) = (keys.trace(), keys.changes(), keys.digest(ms(at)));
        Self { sequence, at, trace, changes, digest, rows: keys.iter().map(row).collect() }
    }

    /// Checks that a state is consistent in itself.
    fn check(&self) -> Result<(), String> {
        let [one, other] = PAIR.map(|key| self.rows.get(key));
        if one == other {
            return Ok(());
        }
        Err(format!("something is half done at sequence {}: {one:?} and {other:?}", self.sequence))
    }
}

/// Returns a time in milliseconds.
pub(crate) fn ms(at: Duration) -> i64 {
    i64::try_from(at.as_millis()).unwrap_or(i64::MAX)
}

/// What was done, and what of it was promised.
#[derive(Default)]
pub(crate) struct Model {
    /// The state after each event that has changed something.
    states: Vec<State>,
    /// The last sequence that the journal reported as safe.
    safe: u64,
    /// The last sequence that released replies show.
    shown: u64,
    /// For each turn that was written: its last sequence, and the sequence that a mark in it reports as safe.
    marks: Vec<(u64, u64)>,
}

impl Model {
    /// Notes an event.
    pub(crate) fn did(&mut self, state: State) -> Result<(), String> {
        state.check()?;
        self.states.push(state);
        Ok(())
    }

    pub(crate) fn safe(&self) -> u64 {
        self.safe
    }

    pub(crate) fn promise(&mut self, safe: u64) {
        self.safe = self.safe.max(safe);
    }

    pub(crate) fn show(&mut self, upto: u64) {
        self.shown = self.shown.max(upto);
    }

    /// Notes that a turn was written.
    pub(crate) fn mark(&mut self, last: u64, vouched: u64) {
        self.marks.push((last, vouched));
    }

    /// Returns the last sequence that must survive whatever happens.
    pub(crate) fn promised(&self) -> u64 {
        self.safe.max(self.shown)
    }

    /// Returns the last sequence that a mark reports as safe, whichever bit of the disk is wrong: that of the last mark
    /// but one on the disk.
    pub(crate) fn vouched(&self) -> u64 {
        let mut safe = self.marks.iter().rev().filter(|(last, _)| *last <= self.safe);
        safe.nth(1).map_or(0, |(_, vouched)| *vouched)
    }

    /// Forgets what was promised, for example when the power fails and nothing is synced.
    pub(crate) fn promise_nothing(&mut self) {
        (self.safe, self.shown) = (0, 0);
        self.marks.clear();
    }

    /// Checks the state found after a restart.
    pub(crate) fn compare(&self, found: &State, least: u64) -> Result<(), String> {
        if found.sequence < least {
            return Err(format!("{} is there, and {least} was promised", found.sequence));
        }
        found.check()?;
        let known = self.states.iter().rfind(|state| state.sequence == found.sequence);
        let nothing = State::default();
        match known.or(Some(&nothing).filter(|_| found.sequence == 0)) {
            Some(known) if known == found => Ok(()),
            Some(known) => Err(format!("the state is {found:?}, and was {known:?}")),
            None => Err(format!("no event had the sequence {}, which is the last", found.sequence)),
        }
    }

    /// Checks the state found after a restart, and continues from it.
    pub(crate) fn restarted(&mut self, found: &State) -> Result<(), String> {
        self.compare(found, self.promised())?;
        self.states.retain(|state| state.sequence <= found.sequence);
        (self.safe, self.shown) = (found.sequence, found.sequence);
        self.marks.clear();
        Ok(())
    }
}
