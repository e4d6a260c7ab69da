//! MULTI, EXEC, DISCARD, WATCH and UNWATCH: requests that run together, unless a watched key has changed.

use nexus_rt::{Res, ResMut};

use super::spec::{self, Specs};
use super::{Call, Done};
use crate::error::CommandError;
use crate::keys::Keys;
use crate::limits::Limits;
use crate::replies::Protocol;
use crate::request::Request;
use crate::session::{Client, Reply, Transaction};

/// The approximate memory of a watched key in addition to its name, in bytes.
const WATCH: usize = 160;

pub(super) fn multi(client: &mut Client, _: &Request) -> Done {
    if client.state.transaction.is_some() {
        return Err(CommandError::NestedMulti);
    }
    client.state.begin();
    client.reply().ok();
    Ok(())
}

/// Ends the transaction. Its requests run next, unless one of them was refused or a watched key has changed.
pub(super) fn exec(client: &mut Client, mut keys: ResMut<Keys>, limits: Res<Limits>, _: &Request) -> Done {
    let Some(transaction) = client.state.end() else { return Err(CommandError::WithoutMulti("EXEC")) };
    let by_log = client.state.waiting.aborted;
    let changed = by_log.unwrap_or(unwatch_all(client, &mut keys));
    if by_log.is_none() && is_too_large(&transaction, &keys, &limits) {
        return Err(CommandError::AbortedBecause(Box::new(CommandError::OutOfMemory)));
    }
    if transaction.failed {
        return Err(CommandError::Aborted);
    }
    if changed {
        client.reply().nil_array();
        return Ok(());
    }
    client.reply().array(transaction.queue.len());
    client.state.due = transaction.queue;
    Ok(())
}

fn is_too_large(transaction: &Transaction, keys: &Keys, limits: &Limits) -> bool {
    keys.used() > limits.memory && transaction.queue.iter().any(|(command, _)| spec::ALL[*command].grows())
}

/// Returns whether a client's transaction would not run now.
pub(super) fn is_aborted(client: &Client, keys: &Keys, limits: &Limits) -> bool {
    let state = &client.state;
    let transaction = |transaction: &Transaction| transaction.failed || is_too_large(transaction, keys, limits);
    keys.has_changed(&state.watches) || state.transaction.as_deref().is_some_and(transaction)
}

pub(super) fn discard(client: &mut Client, mut keys: ResMut<Keys>, _: &Request) -> Done {
    if client.state.transaction.is_none() {
        return Err(CommandError::WithoutMulti("DISCARD"));
    }
    forget(client, &mut keys);
    client.reply().ok();
    Ok(())
}

pub(super) fn watch(client: &mut Client, mut keys: ResMut<Keys>, request: &Request) -> Done {
    if client.state.transaction.is_some() {
        return Err(CommandError::WatchInMulti);
    }
    let state = &mut client.state;
    for key in request.from(1) {
        keys.watch(&mut state.watches, key);
    }
    state.watching = state.watches.keys().map(|key| WATCH + key.len()).sum();
    client.charge(client.state.holds());
    client.reply().ok();
    Ok(())
}

pub(super) fn unwatch(client: &mut Client, mut keys: ResMut<Keys>, _: &Request) -> Done {
    unwatch_all(client, &mut keys);
    client.reply().ok();
    Ok(())
}

/// Drops the transaction and the watched keys of a client without telling it.
pub(crate) fn forget(client: &mut Client, keys: &mut Keys) {
    client.state.end();
    unwatch_all(client, keys);
}

/// Drops the transaction of a client whose EXEC was refused.
#[cold]
#[inline(never)]
pub(super) fn forget_refused(client: &mut Client, keys: &mut Keys) {
    if client.state.last.is_some_and(|spec| spec.name == "exec") {
        forget(client, keys);
    }
}

/// Stops watching a client's keys. Returns whether any of them has changed.
fn unwatch_all(client: &mut Client, keys: &mut Keys) -> bool {
    let changed = keys.unwatch(&mut client.state.watches);
    client.state.watching = 0;
    client.charge(client.state.holds());
    changed
}

/// Decides on a call of a client that waits for messages or has begun a transaction: runs, queues or refuses it.
#[cold]
pub(super) fn redirect<'a>(client: &Client, call: Call<'a>) -> Result<Call<'a>, CommandError> {
    let (state, name) = (&client.state, call.spec.full_name);
    if state.transaction.is_some() && call.spec.flags.contains(&"no_multi") {
        return Err(CommandError::NotInMulti);
    }
    let waits = state.subscriptions() > 0 && state.protocol == Protocol::Two;
    if waits && !call.spec.while_subscribed() {
        return Err(CommandError::Subscribed(name));
    }
    if state.transaction.is_none() || call.spec.in_transaction() {
        return Ok(call);
    }
    Ok(Call { command: QUEUE, ..call })
}

/// Returns whether a client's transaction contains changes.
pub(super) fn may_change(client: &Client) -> bool {
    let queue = client.state.transaction.iter().flat_map(|transaction| &transaction.queue);
    queue.into_iter().any(|(command, _)| super::may_change(&spec::ALL[*command]))
}

/// Returns whether a client's transaction contains reads.
pub(super) fn reads(client: &Client) -> bool {
    let mut queue = client.state.transaction.iter().flat_map(|transaction| &transaction.queue);
    queue.any(|(command, request)| spec::of(*command, request).flags.contains(&"readonly"))
}

/// The number of the command that runs instead of a queued one.
pub(super) const QUEUE: usize = spec::ALL.len();

/// Queues a request for the transaction.
pub(super) fn queue(client: &mut Client, specs: Res<Specs>, request: &Request) -> Done {
    if let (Some(transaction), Some((command, _))) = (&mut client.state.transaction, specs.find(request.get(0))) {
        // A transaction that will not run needs no memory.
        if !transaction.failed {
            transaction.bytes += request.size();
            transaction.queue.push((command, request.copy()));
        }
    }
    client.charge(client.state.holds());
    client.reply().simple("QUEUED");
    Ok(())
}
