//! Requests that run again: those of a journal, which were admitted when they first ran.

use nexus_rt::{Clock, Key, Registry, World};

use super::{Call, Commands, transactions};
use crate::db::unix_ms;
use crate::error::CommandError;
use crate::keys::Keys;
use crate::request::Request;
use crate::session::{Client, Marks};

/// What is needed before and after a request that runs again.
pub(super) struct Again {
    keys: Key<Keys>,
    clock: Key<Clock>,
}

impl Again {
    pub(super) fn new(reg: &Registry) -> Self {
        Self { keys: reg.key(), clock: reg.key() }
    }
}

/// Added to the numbers of commands that run again, so that they are above all others.
const OFFSET: usize = transactions::QUEUE + 1;

/// Returns the index of a command in the table, without the offset of those that run again.
#[inline]
pub(super) fn number(command: usize) -> usize {
    command.checked_sub(OFFSET).unwrap_or(command)
}

/// Admits requests that change keys, whichever client they stand for.
#[cold]
pub(super) fn admit<'a>(client: &Client, call: Call<'a>) -> Result<Call<'a>, CommandError> {
    // A published message reaches the clients of every server that shares a log.
    let runs = call.spec.writes() || client.state.marks.has(Marks::ORDERED) && super::may_change(call.spec);
    if !runs {
        return Err(CommandError::other("ERR only what changes keys runs again"));
    }
    Ok(Call { command: OFFSET + call.command, ..call })
}

impl Commands {
    /// Runs a request that has changed keys before, at the time of the clock, which must be that of the original event.
    /// Returns whether it has changed keys, which it has if they are as they were before the original event.
    ///
    /// No limits apply, neither the server's nor those of `client`, since the request was admitted when it first ran.
    /// `client` stands for all clients and is in no transaction. The request gets no replies. It is not counted, not
    /// shown to monitors, and not added to the [`Changes`](crate::Changes). A request that cannot change keys does not
    /// run.
    ///
    /// # Panics
    /// If `world` is not the one that the commands were resolved against.
    pub fn apply(&mut self, client: &mut Client, world: &mut World, request: &Request) -> bool {
        if request.is_empty() {
            return false;
        }
        let now_ms = unix_ms(self.again.clock.get(world));
        let mut keys = self.again.keys.get_mut(world);
        keys.now_ms = now_ms;
        let before = keys.changes();
        client.state.marks.set(Marks::ORDERED, keys.slots_digest().is_some());
        client.state.marks.set(Marks::AGAIN, true);
        self.run.run_with(client, world, request);
        // It may have been rejected because of its number of arguments.
        [Marks::AGAIN, Marks::ORDERED, Marks::REJECTED]
            .into_iter()
            .for_each(|mark| client.state.marks.set(mark, false));
        client.out().clear();
        self.again.keys.get(world).changes() != before
    }
}
