//! `Shared`: the log that a server shares with others, as a resource, and the clients that wait for it.

use std::collections::HashMap;
use std::mem;
use std::ops::{Range, RangeInclusive};
use std::time::Instant;

use nexus_rt::connections::ConnectionId;
use nexus_rt::{Clock, Key, World};

use crate::shared_log::{LogStatus, Member, Refused, SharedLog};
use crate::slots::SLOTS;
use crate::store::Change;

/// How a server shares a log.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ReplicaOptions {
    /// Whether a read waits until this server has applied every change that any server answered before it.
    pub linearizable: bool,
    /// The number of this server's shard, from 0, and the number of shards. Without it, the server serves all keys.
    pub shard: Option<(u16, u16)>,
}

/// Returns the slots of a shard, divided as `redis-cli` divides them.
pub(crate) fn slots_of((shard, shards): (u16, u16)) -> Range<u16> {
    let first = |shard: u16| ((2 * u32::from(shard) * u32::from(SLOTS) / u32::from(shards)).div_ceil(2)) as u16;
    first(shard)..first(shard + 1)
}

/// The log, and the clients that wait for it. Without a log it does nothing.
#[derive(Default)]
pub(crate) struct Shared {
    /// `None` while the log applies what has come.
    pub(crate) log: Option<Box<dyn SharedLog>>,
    pub(crate) options: ReplicaOptions,
    /// The last known status and members, for requests that run while the log is taken out.
    pub(crate) known: (LogStatus, Vec<Member>),
    /// The clock that the world does not use now: the machine's while requests run by the log's clock, otherwise the
    /// log's.
    clock: Option<Clock>,
    /// Whether the world's clock is that of the log.
    pub(crate) by_log: bool,
    /// What waits for each published change, by the number of the change.
    pub(crate) owners: HashMap<u64, Owner>,
    pub(crate) barriers: Barriers,
    /// Clients whose next request may run now.
    pub(crate) ready: Vec<ConnectionId>,
}

/// The publisher of a change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Owner {
    Client(ConnectionId),
    /// All clients that wait for the barrier of this number.
    Barrier(u64),
    Tick,
}

/// The barriers that reads wait for. A barrier gets its number from the first read that waits for it, and is published
/// when that turn ends.
#[derive(Debug, Default)]
pub(crate) struct Barriers {
    /// The number of the last barrier that was published.
    pub(crate) published: u64,
    /// The number of the last barrier that came back.
    pub(crate) passed: u64,
    /// Whether a client waits for the next barrier.
    pub(crate) is_wanted: bool,
    /// The waiting clients, each with the number of its barrier.
    pub(crate) clients: Vec<(u64, ConnectionId)>,
}

impl Barriers {
    /// Returns the number of the barrier that comes after a request that arrives now.
    pub(crate) fn next(&self) -> u64 {
        self.published + 1
    }

    /// Makes a client wait for a barrier.
    pub(crate) fn wait(&mut self, number: u64, client: ConnectionId) {
        self.is_wanted |= number > self.published;
        self.clients.push((number, client));
    }

    /// Removes and returns the clients that wait for barriers of these numbers.
    pub(crate) fn take(&mut self, numbers: RangeInclusive<u64>) -> Vec<ConnectionId> {
        let taken = self.clients.extract_if(.., |(wanted, _)| numbers.contains(wanted));
        taken.map(|(_, client)| client).collect()
    }
}

impl Shared {
    /// Begins to share a log, whose clock is apart from the machine's.
    pub(crate) fn open(&mut self, log: Box<dyn SharedLog>, options: ReplicaOptions, clock: Clock) {
        assert!(
            options.shard.is_none_or(|(shard, shards)| shard < shards && shards <= SLOTS),
            "there is no such shard"
        );
        self.known = (log.status(), log.members());
        (self.log, self.options, self.clock) = (Some(log), options, Some(clock));
    }

    /// Returns whether a log is shared, even if it is lost.
    pub(crate) fn is_open(&self) -> bool {
        self.clock.is_some()
    }

    /// Publishes a change for an owner. Returns its number.
    pub(crate) fn publish(&mut self, change: &Change<'_>, owner: Owner) -> Result<u64, Refused> {
        let number = self.log.as_mut().ok_or(Refused::Unreachable)?.publish(change)?;
        self.owners.insert(number, owner);
        Ok(number)
    }

    /// Returns the status of the log, or `None` if no log is shared.
    pub(crate) fn status(&self) -> Option<LogStatus> {
        let status = || self.log.as_ref().map_or_else(|| self.known.0.clone(), |log| log.status());
        self.is_open().then(status)
    }

    /// Returns the mode that clients are told: whether they have to find the server of each key.
    pub(crate) fn mode(&self) -> &'static str {
        if self.options.shard.is_some() { "cluster" } else { "standalone" }
    }

    /// Returns the live servers.
    pub(crate) fn members(&self) -> Vec<Member> {
        self.log.as_ref().map_or_else(|| self.known.1.clone(), |log| log.members())
    }

    /// Returns the machine's time, which connections use, while requests run by `clock`.
    pub(crate) fn machine_now(&self, clock: &Clock) -> Instant {
        self.clock.as_ref().filter(|_| self.by_log).unwrap_or(clock).now()
    }

    /// Returns the clock that the world does not use now.
    pub(crate) fn other_clock(&self) -> Option<&Clock> {
        self.clock.as_ref()
    }
}

/// Calls `act` while the world uses the log's clock.
pub(crate) fn by_log<T>(
    (shared, clock): (Key<Shared>, Key<Clock>),
    world: &mut World,
    act: impl FnOnce(&mut World) -> T,
) -> T {
    if shared.get(world).by_log {
        return act(world);
    }
    swap(shared, clock, world);
    let result = act(world);
    swap(shared, clock, world);
    result
}

fn swap(shared: Key<Shared>, clock: Key<Clock>, world: &mut World) {
    let mut shared_log = shared.get_mut(world);
    let Some(other) = shared_log.clock.take() else { return };
    shared_log.by_log = !shared_log.by_log;
    let other = mem::replace(&mut *clock.get_mut(world), other);
    shared.get_mut(world).clock = Some(other);
}

#[cfg(test)]
mod tests {
    use super::slots_of;
    use crate::slots::SLOTS;

    #[test]
    fn shards_divide_all_slots_as_redis_cli_does() {
        assert_eq!([0, 1, 2].map(|shard| slots_of((shard, 3))), [0..5_461, 5_461..10_923, 10_923..SLOTS]);
        for shards in (1..400).chain([SLOTS - 1, SLOTS]) {
            let mut next = 0;
            for shard in 0..shards {
                let slots = slots_of((shard, shards));
                assert!(slots.start == next && !slots.is_empty(), "{shard} of {shards}");
                next = slots.end;
            }
            assert_eq!(next, SLOTS, "{shards}");
        }
    }
}
