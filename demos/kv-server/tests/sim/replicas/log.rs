//! `Stream`: a log that servers in one process share, and what each of them sees of it.

use std::collections::{HashSet, VecDeque};
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use kv_server::{Apply, Change, LogStatus, Lost, Member, Refused, SharedLog, Store};
use nexus_journal::{Input, Program};
use nexus_rt::{Clock, World};

/// The maximum number of waiting changes of one server.
const MOST: usize = 4_000;

/// An encoded change and its number.
pub(crate) type Written = (u32, Vec<u8>);

/// A change in the log.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) at: Duration,
    pub(crate) publisher: usize,
    pub(crate) number: u64,
    pub(crate) change: Written,
}

/// The log.
#[derive(Clone, Default)]
pub(crate) struct Stream(Arc<Mutex<State>>);

#[derive(Default)]
pub(crate) struct State {
    pub(crate) entries: Vec<Entry>,
    seen: HashSet<(usize, u64)>,
    pub(crate) links: Vec<Link>,
    pub(crate) members: Vec<Member>,
    /// For servers in threads of their own: the machine's clock, and what wakes the servers.
    pub(crate) real: Option<Clock>,
    pub(crate) wakers: Vec<Box<dyn Fn() + Send>>,
    /// The entry that is being applied.
    pub(crate) applies: Option<usize>,
}

/// The connection between a server and the log.
#[derive(Default)]
pub(crate) struct Link {
    /// Changes that were published and not sent yet.
    turn: Vec<(u64, Written)>,
    /// Changes that were sent and have not arrived.
    under_way: VecDeque<(u64, Written)>,
    last: Option<(u64, Written)>,
    /// The number of entries that the server sees.
    pub(crate) visible: usize,
    pub(crate) cut: bool,
    pub(crate) lost: Option<Lost>,
}

impl Stream {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("nobody panics with it")
    }

    /// Opens a server's end of the log, which starts from a snapshot or from nothing. Returns it and its number.
    pub(crate) fn open(&self, node: &str, start: Option<Start>) -> (ModelLog, usize) {
        let mut state = self.state();
        state.links.push(Link::default());
        let publisher = state.links.len() - 1;
        let applied = start.as_ref().map_or(0, |start| start.upto);
        let log = ModelLog { stream: self.clone(), node: node.into(), publisher, next: 0, applied, start };
        (log, publisher)
    }
}

impl State {
    /// Moves some of a server's changes under way into the log. With `again`, the last one arrives once more.
    pub(crate) fn deliver(&mut self, publisher: usize, count: usize, again: bool, now: Duration) {
        let at = self.entries.last().map_or(now, |last| last.at.max(now));
        let link = &mut self.links[publisher];
        let count = count.min(link.under_way.len());
        let again = link.last.clone().filter(|_| again);
        let come: Vec<_> = again.into_iter().chain(link.under_way.drain(..count)).collect();
        link.last = come.last().cloned().or(link.last.take());
        for (number, change) in come {
            if self.seen.insert((publisher, number)) {
                self.entries.push(Entry { at, publisher, number, change });
            }
        }
    }

    /// Returns whether everything that was published has arrived.
    pub(crate) fn is_still(&self) -> bool {
        (0..self.links.len()).all(|link| self.links[link].turn.is_empty() && !self.is_under_way(link))
    }

    /// Returns whether changes of a server are under way.
    pub(crate) fn is_under_way(&self, publisher: usize) -> bool {
        !self.links[publisher].under_way.is_empty()
    }

    /// Loses what an ending server has not sent, and some of what is under way.
    pub(crate) fn end(&mut self, publisher: usize, keeps: usize) {
        let link = &mut self.links[publisher];
        link.turn.clear();
        link.under_way.truncate(keeps);
    }
}

/// The snapshot that a server starts from.
#[derive(Clone)]
pub(crate) struct Start {
    upto: usize,
    at: Duration,
    changes: Vec<Written>,
}

impl Start {
    /// Takes a snapshot of the log up to an entry.
    pub(crate) fn take(entries: &[Entry], from: Duration) -> Self {
        let (mut world, mut store, _) = Store::replica_at(from);
        for entry in entries {
            world.resource_mut::<Clock>().set_unix(entry.at);
            store.apply(&mut world, read(&entry.change));
        }
        let mut changes = Vec::new();
        Store::snapshot(&world, |change| changes.push(written(&change)));
        Self { upto: entries.len(), at: entries.last().map_or(from, |entry| entry.at), changes }
    }
}

pub(crate) fn written(change: &Change<'_>) -> Written {
    let mut bytes = Vec::new();
    change.encode(&mut bytes);
    (change.source(), bytes)
}

pub(crate) fn read((source, bytes): &Written) -> Change<'_> {
    Change::decode(*source, bytes).expect("what was written is read")
}

/// A server's end of the log.
pub(crate) struct ModelLog {
    stream: Stream,
    node: String,
    publisher: usize,
    next: u64,
    applied: usize,
    start: Option<Start>,
}

impl SharedLog for ModelLog {
    fn publish(&mut self, change: &Change<'_>) -> Result<u64, Refused> {
        let link = &mut self.stream.state().links[self.publisher];
        if link.cut {
            return Err(Refused::Unreachable);
        }
        if link.turn.len() + link.under_way.len() >= MOST {
            return Err(Refused::TooMuch);
        }
        self.next += 1;
        link.turn.push((self.next, written(change)));
        Ok(self.next)
    }

    fn flush(&mut self, _: &World) {
        let mut state = self.stream.state();
        let link = &mut state.links[self.publisher];
        let turn = mem::take(&mut link.turn);
        if turn.is_empty() {
            return;
        }
        link.under_way.extend(turn);
        let Some(clock) = &mut state.real else { return };
        clock.update();
        let now = clock.unix();
        state.deliver(self.publisher, usize::MAX, false, now);
        let all = state.entries.len();
        state.links.iter_mut().for_each(|link| link.visible = all);
        state.wakers.iter().for_each(|wake| wake());
    }

    fn poll(&mut self, world: &mut World, apply: &mut Apply<'_>) -> Result<usize, Lost> {
        if let Some(start) = self.start.take() {
            world.resource_mut::<Clock>().set_unix(start.at);
            for change in &start.changes {
                world.next_sequence();
                apply(world, None, read(change));
            }
        }
        let before = self.applied;
        loop {
            let mut state = self.stream.state();
            if let Some(lost) = state.links[self.publisher].lost.clone() {
                return Err(lost);
            }
            let sees = self.applied < state.links[self.publisher].visible;
            let entry = state.entries.get(self.applied).filter(|_| sees).cloned();
            state.applies = entry.is_some().then_some(self.applied);
            drop(state);
            let Some(entry) = entry else { return Ok(self.applied - before) };
            self.applied += 1;
            world.resource_mut::<Clock>().set_unix(entry.at);
            world.next_sequence();
            let own = (entry.publisher == self.publisher).then_some(entry.number);
            apply(world, own, read(&entry.change));
        }
    }

    fn status(&self) -> LogStatus {
        let state = self.stream.state();
        LogStatus {
            node: self.node.clone(),
            position: self.applied as u64,
            lag: (state.entries.len() - self.applied) as u64,
            connected: !state.links[self.publisher].cut,
            checked: None,
            waiting: state.links[self.publisher].under_way.len(),
        }
    }

    fn members(&self) -> Vec<Member> {
        self.stream.state().members.clone()
    }
}
