//! Requests that run again: those of a journal, which were admitted when they first ran.

use nexus_rt::{Clock, Key, Registry, World};

use super::{Call, Commands, transactions};
use crate::db::unix_ms;
use crate::error::CommandError;
use crate::keys::Keys;
use crate::request::Request;
use crate::session::{Client, Marks};

/// What is asked before and after a request that runs again.
pub(super) struct Again {
    keys: Key<Keys>,
    clock: Key<Clock>,
}

impl Again {
    pub(super) fn new(reg: &Registry) -> Self {
        Self { keys: reg.key(), clock: reg.key() }
    }
}

/// The numbers of commands that run again are above those of all others.
const OFFSET: usize = transactions::QUEUE + 1;

/// The number in the table of a command that does not run as most do.
#[inline]
pub(super) fn number(command: usize) -> usize {
    command.checked_sub(OFFSET).unwrap_or(command)
}

/// Admits what changes keys, whoever asks.
#[cold]
pub(super) fn admit<'a>(client: &Client, call: Call<'a>) -> Result<Call<'a>, CommandError> {
    // A message reaches the clients of every server that shares a log.
    let runs = call.spec.writes() || client.state.marks.has(Marks::ORDERED) && super::may_change(call.spec);
    if !runs {
        return Err(CommandError::other("ERR only what changes keys runs again"));
    }
    Ok(Call { command: OFFSET + call.command, ..call })
}

impl Commands {
    /// Runs a request again that has changed keys before, by the time of the clock, which is that of its event. Whether
    /// it has changed some, which it has if these were as they had been.
    ///
    /// It was admitted then, so no limits apply now, neither the server's nor those of `client`, which stands for all
    /// clients and is in no transaction. There are no replies. It is not counted, not shown, and not among the
    /// [`Changes`](crate::Changes). A request of another kind does not run.
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
        // It may have been rejected for how many arguments it has.
        [Marks::AGAIN, Marks::ORDERED, Marks::REJECTED]
            .into_iter()
            .for_each(|mark| client.state.marks.set(mark, false));
        client.out().clear();
        self.again.keys.get(world).changes() != before
    }
}
