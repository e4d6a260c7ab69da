//! `Model`: what the keys were after each event, and what of it was promised.

use std::collections::BTreeMap;
use std::time::Duration;

use kv_server::Keys;
use nexus_rt::World;

use super::traffic::PAIR;

/// A key, with its value and its end.
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
    /// Reads it from a world.
    pub(crate) fn of(world: &World, sequence: u64, at: Duration) -> Self {
        let keys = world.resource::<Keys>();
        let row = |key: &[u8]| {
            let value = keys.get(key).unwrap_or_default().to_vec();
            (key.to_vec(), (value, keys.expiry_unix_ms(key).flatten()))
        };
        let (trace, changes, digest) = (keys.trace(), keys.changes(), keys.digest(ms(at)));
        Self { sequence, at, trace, changes, digest, rows: keys.iter().map(row).collect() }
    }

    /// What is wrong with a state in itself.
    fn check(&self) -> Result<(), String> {
        let [one, other] = PAIR.map(|key| self.rows.get(key));
        if one == other {
            return Ok(());
        }
        Err(format!("something is half done at sequence {}: {one:?} and {other:?}", self.sequence))
    }
}

/// A time in milliseconds.
pub(crate) fn ms(at: Duration) -> i64 {
    i64::try_from(at.as_millis()).unwrap_or(i64::MAX)
}

/// What was done, and what was promised of it.
#[derive(Default)]
pub(crate) struct Model {
    /// The state after each event that has changed something.
    states: Vec<State>,
    /// Up to where the journal said that all is safe.
    safe: u64,
    /// Up to where replies that were released show what was done.
    shown: u64,
    /// For each turn that was written: its last sequence, and up to where a mark in it says that all was safe.
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

    /// What has to be there whatever happens.
    pub(crate) fn promised(&self) -> u64 {
        self.safe.max(self.shown)
    }

    /// Up to where a mark says that all is safe, whichever bit of the disk is wrong: by the last mark but one that is
    /// on it.
    pub(crate) fn vouched(&self) -> u64 {
        let mut safe = self.marks.iter().rev().filter(|(last, _)| *last <= self.safe);
        safe.nth(1).map_or(0, |(_, vouched)| *vouched)
    }

    /// Forgets what was promised, such as when the power fails and nothing is synced.
    pub(crate) fn promise_nothing(&mut self) {
        (self.safe, self.shown) = (0, 0);
        self.marks.clear();
    }

    /// Compares what is there after a restart.
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

    /// Compares what is there after a restart, which is served from now on.
    pub(crate) fn restarted(&mut self, found: &State) -> Result<(), String> {
        self.compare(found, self.promised())?;
        self.states.retain(|state| state.sequence <= found.sequence);
        (self.safe, self.shown) = (found.sequence, found.sequence);
        self.marks.clear();
        Ok(())
    }
}
