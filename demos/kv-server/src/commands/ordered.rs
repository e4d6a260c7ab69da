//! Requests of a server that shares a log: which of them go to the log, and in which order they run.

use std::mem;

use nexus_rt::{Clock, Key, Registry, World};

use super::spec::{self, Spec};
use super::{Call, Commands, Specs, may_change, rejected, transactions};
use crate::error::CommandError;
use crate::keys::Keys;
use crate::limits::Limits;
use crate::number;
use crate::request::Request;
use crate::session::{Client, Marks, own_id};
use crate::shared::{Owner, Shared, by_log, slots_of};
use crate::shared_log::Member;
use crate::slots::{Transaction, slot_of};
use crate::store::Change;

/// The resources that are needed before a request runs.
#[derive(Clone, Copy)]
pub(super) struct Ordered {
    shared: Key<Shared>,
    clock: Key<Clock>,
    specs: Key<Specs>,
    keys: Key<Keys>,
    limits: Key<Limits>,
}

impl Ordered {
    pub(super) fn new(reg: &Registry) -> Self {
        Self { shared: reg.key(), clock: reg.key(), specs: reg.key(), keys: reg.key(), limits: reg.key() }
    }
}

impl Commands {
    /// Runs a request by the log's clock, or makes it wait. The client is charged for what waits.
    #[inline(never)]
    pub(super) fn run_shared(&mut self, client: &mut Client, world: &mut World, request: &Request) {
        self.run_or_wait(client, world, request);
        client.charge(client.state.holds());
        client.owe(!client.state.waiting.is_empty());
    }

    fn run_or_wait(&mut self, client: &mut Client, world: &mut World, request: &Request) {
        let (marks, keys) = (client.state.marks, (self.ordered.shared, self.ordered.clock));
        if !marks.has(Marks::TURN | Marks::ORDERED) {
            client.state.waiting.arrived = self.ordered.shared.get(world).barriers.next();
        }
        if marks.has(Marks::ORDERED) || client.state.waiting.is_empty() {
            return by_log(keys, world, |world| self.run_at_turn(client, world, request));
        }
        let arrived = client.state.waiting.arrived;
        if marks.has(Marks::TURN) {
            if client.state.waiting.is_at_turn() {
                by_log(keys, world, |world| self.run_at_turn(client, world, request));
            } else if !self.publish_plain(client, world, request) {
                client.state.waiting.ask_first(request.copy(), arrived);
            }
        } else if client.state.waiting.asked() > 0 || !self.publish_plain(client, world, request) {
            client.state.waiting.ask(request.copy(), arrived);
            // It may be a read. With the barrier of this turn, it need not wait again.
            let mut shared = self.ordered.shared.get_mut(world);
            shared.barriers.is_wanted |= shared.options.linearizable;
        }
        if client.state.waiting.is_full() {
            client.pause();
        }
    }

    /// Runs a request that has no other before it.
    fn run_at_turn(&mut self, client: &mut Client, world: &mut World, request: &Request) {
        if client.state.marks.has(Marks::MUTE | Marks::MUTE_NEXT | Marks::MUTE_THIS) {
            self.run_mute(client, world, request);
        } else {
            self.run.run_with(client, world, request);
        }
        if let Some(postponed) = client.state.postponed.take() {
            let arrived = client.state.waiting.arrived;
            client.state.waiting.ask_first(*postponed, arrived);
        }
    }

    /// Publishes a request of a client whose earlier requests are with the log, if it certainly belongs there too: it
    /// is a change, and nothing forbids it. After the end of a transaction nothing is certain, since the client is in
    /// the transaction until EXEC comes back. Returns whether it was published.
    fn publish_plain(&mut self, client: &mut Client, world: &mut World, request: &Request) -> bool {
        let marks = Marks::STRANGER | Marks::MONITOR | Marks::PAUSED | Marks::MUTE_NEXT | Marks::MUTE_THIS;
        if client.state.marks.has(marks) || client.state.is_special() || client.state.waiting.awaits_barrier() {
            return false;
        }
        let Some((command, spec)) = self.ordered.specs.get(world).find(request.get(0)) else { return false };
        let call = Call { command, spec, request };
        if spec.is_container() || !spec.takes(request.len()) || !may_change(spec) {
            return false;
        }
        let (keys, limits) = (self.ordered.keys.get(world), self.ordered.limits.get(world));
        let is_short = spec.keys(request).all(|key| key.len() <= limits.key);
        let is_within = is_short && !(spec.grows() && keys.used() > limits.memory) && fits(&call, keys, limits).is_ok();
        let mut shared = self.ordered.shared.get_mut(world);
        is_within && is_served(&shared, client, &call).is_ok() && publish(client, &mut shared, request).is_ok()
    }
}

/// Added to the numbers of commands that may go to the log, so that they are above all others.
pub(super) const OFFSET: usize = 2 * (transactions::QUEUE + 1);

impl Ordered {
    /// Admits a call that runs at once. Publishes a call that must come back from the log, or makes it wait for a
    /// barrier. Leaves a call that has nothing to do with the log as it is.
    #[cold]
    pub(super) fn admit<'a>(
        self,
        client: &mut Client,
        world: &mut World,
        call: Call<'a>,
    ) -> Result<Call<'a>, CommandError> {
        let Some(command) = call.command.checked_sub(OFFSET) else { return Ok(call) };
        let call = Call { command, ..call };
        // Take it out during the call, since keys are read too.
        let mut shared = mem::take(&mut *self.shared.get_mut(world));
        let admitted = admit(client, (self.keys.get(world), self.limits.get(world)), &mut shared, call);
        *self.shared.get_mut(world) = shared;
        admitted
    }
}

fn admit<'a>(
    client: &mut Client,
    (keys, limits): (&Keys, &Limits),
    shared: &mut Shared,
    call: Call<'a>,
) -> Result<Call<'a>, CommandError> {
    fits(&call, keys, limits).map_err(|error| rejected(client, error))?;
    is_served(shared, client, &call).map_err(|error| rejected(client, error))?;
    if call.command == transactions::QUEUE {
        return Ok(call);
    }
    let is_exec = call.spec.name == "exec" && client.state.transaction.is_some();
    let published = if may_change(call.spec) {
        publish(client, shared, call.request)
    } else if is_exec && transactions::may_change(client) {
        // The transaction is aborted, but not by the log.
        if transactions::is_aborted(client, keys, limits) {
            return Ok(call);
        }
        publish_transaction(client, keys, shared)
    } else if shared.options.linearizable && reads(client, call.spec) {
        if client.state.waiting.arrived <= shared.barriers.passed {
            return Ok(call);
        }
        shared.barriers.wait(client.state.waiting.arrived, own_id(client));
        client.state.waiting.await_barrier(call.request.copy());
        Ok(())
    } else {
        return Ok(call);
    };
    published.map_err(|error| rejected(client, error))?;
    Err(CommandError::Postponed)
}

/// Checks the length of the resulting value against the limit of this server, given the present value. The limit does
/// not apply once the request runs. Also checks a request that will be part of a transaction.
fn fits(call: &Call<'_>, keys: &Keys, limits: &Limits) -> Result<(), CommandError> {
    let request = call.request;
    let length = match call.spec.name {
        "append" => keys.get(request.get(1)).map_or(0, <[u8]>::len) + request.get(2).len(),
        "setrange" => match number::parse(request.get(2)).map(usize::try_from) {
            Some(Ok(offset)) if !request.get(3).is_empty() => offset.saturating_add(request.get(3).len()),
            _ => 0,
        },
        _ => 0,
    };
    if length > limits.request.argument { Err(CommandError::ValueTooLong) } else { Ok(()) }
}

/// Returns whether a request reports keys or values.
fn reads(client: &Client, spec: &Spec) -> bool {
    spec.flags.contains(&"readonly") || spec.name == "exec" && transactions::reads(client)
}

fn publish(client: &mut Client, shared: &mut Shared, request: &Request) -> Result<(), CommandError> {
    let mut bytes = Vec::new();
    request.encode(&mut bytes);
    let owner = Owner::Client(own_id(client));
    let number = shared.publish(&Change::Requests(&bytes), owner).map_err(CommandError::refused)?;
    client.state.waiting.publish(number, bytes.len(), false);
    Ok(())
}

/// Publishes the changes of a transaction, with what they depend on.
fn publish_transaction(client: &mut Client, keys: &Keys, shared: &mut Shared) -> Result<(), CommandError> {
    let mut requests = Vec::new();
    let queue = client.state.transaction.iter().flat_map(|transaction| &transaction.queue);
    let changes = queue.filter(|(command, _)| may_change(&spec::ALL[*command]));
    changes.for_each(|(_, request)| request.encode(&mut requests));
    let watched = client.state.watches.keys();
    let slots: Vec<u8> = watched.clone().flat_map(|key| slot_of(key).to_le_bytes()).collect();
    let ends = watched.filter_map(|key| keys.expiry_unix_ms(key).flatten()).min().unwrap_or(i64::MAX);
    let change = match slots.is_empty() {
        true => Change::Requests(&requests),
        false => Change::Transaction(Transaction { since: keys.position(), ends, slots: &slots, requests: &requests }),
    };
    let number = shared.publish(&change, Owner::Client(own_id(client))).map_err(CommandError::refused)?;
    client.state.waiting.publish(number, requests.len(), true);
    Ok(())
}

/// Checks that the keys of a request, or of a transaction that ends, are all in one slot that this server serves.
fn is_served(shared: &Shared, client: &Client, call: &Call<'_>) -> Result<(), CommandError> {
    let Some(shard) = shared.options.shard else { return Ok(()) };
    let queue = client.state.transaction.iter().filter(|_| call.spec.name == "exec");
    let queued = queue.flat_map(|transaction| &transaction.queue);
    let queued = queued.flat_map(|(command, request)| spec::of(*command, request).keys(request));
    let mut slots = call.spec.keys(call.request).chain(queued).map(slot_of);
    let Some(slot) = slots.next() else { return Ok(()) };
    if slots.any(|other| other != slot) {
        return Err(CommandError::CrossSlot);
    }
    if slots_of(shard).contains(&slot) {
        return Ok(());
    }
    let members = shared.members();
    let serves = |member: &&Member| member.shard < shard.1 && slots_of((member.shard, shard.1)).contains(&slot);
    Err(CommandError::other(match members.iter().find(serves) {
        Some(Member { address, .. }) => format!("MOVED {slot} {}:{}", address.ip(), address.port()),
        None => "CLUSTERDOWN Hash slot not served".into(),
    }))
}
