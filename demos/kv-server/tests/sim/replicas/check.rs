//! The checks after a run: servers agree, and clients were answered as by one server that does one thing at a time.

use std::collections::HashMap;
use std::time::Duration;

use kv_server::{Change, Client, Commands, Engine, Keys, Limits, Request, Session, Settings, Store};
use nexus_journal::Program;
use nexus_rt::connections::{ConnectionId, Framing};
use nexus_rt::{Clock, World, WorldBuilder};

use super::log::{Entry, read};
use super::node::{Asked, Seats};
use crate::simulation::traffic::{Words, encode, shown};

/// A single server that does one thing at a time and has no log.
struct Single {
    world: World,
    commands: Commands,
    clients: HashMap<ConnectionId, Client>,
    foreign: Client,
}

impl Single {
    fn new(start: Duration) -> Self {
        let clock = Clock::historical(start);
        let settings = Settings { address: ([127, 0, 0, 1], 6379).into(), unix: None, started: clock.now() };
        let mut builder = WorldBuilder::new();
        let mut expiry = builder.install_driver(Engine { clock, settings, limits: Limits::default() });
        let mut world = builder.build();
        world.resource_mut::<Keys>().keep_trace(true);
        let now = world.resource::<Clock>().now();
        expiry.poll(&mut world, now);
        let commands = Commands::new(&world);
        Self { world, commands, clients: HashMap::new(), foreign: Client::detached(Session::new(0)) }
    }

    fn run(&mut self, id: ConnectionId, words: &Words) -> Vec<u8> {
        let client = self.clients.entry(id).or_insert_with(|| Client::detached(Session::new(1)));
        let mut request = Request::new(Limits::default().request);
        request.buffer().extend(&encode(words));
        let request = request.decode().expect("it is a request").expect("it is whole");
        self.commands.run(client, &mut self.world, request);
        std::mem::take(client.out())
    }

    /// Applies a change whose client got no answer.
    fn apply(&mut self, change: Change<'_>, runs: bool) {
        let mut requests = match change {
            Change::Requests(requests) => requests,
            Change::Transaction(transaction) if runs => transaction.requests,
            _ => return,
        };
        let mut request = Request::new(Limits::default().request);
        while request.fill(&mut requests).expect("it is a request") {
            self.commands.apply(&mut self.foreign, &mut self.world, &request);
        }
    }

    /// Makes keys expire by the time of the clock.
    fn look(&mut self) {
        self.apply(Change::Requests(b"\x02\x03DEL\x06nobody"), true);
    }
}

/// Compares the answers to each client.
pub(crate) fn replies(entries: &[Entry], seats: &Seats, start: Duration) -> Result<(u64, u64, u64), String> {
    let mut single = Single::new(start);
    let (mut reference, mut store, _) = Store::replica_at(start);
    let mut own: HashMap<usize, (ConnectionId, &Asked)> = HashMap::new();
    let mut local: HashMap<u64, Vec<(ConnectionId, &Asked)>> = HashMap::new();
    for (id, seat) in &seats.seats {
        for asked in &seat.asked {
            let Some(answer) = &asked.answer else { continue };
            match answer.entry {
                Some(entry) if own.insert(entry, (*id, asked)).is_some() => {
                    return Err(format!("two were answered by entry {entry}"));
                }
                Some(_) => {}
                None => local.entry(answer.position).or_default().push((*id, asked)),
            }
        }
    }
    for position in 0..=entries.len() {
        if let Some(at) = position.checked_sub(1) {
            let entry = &entries[at];
            let before = reference.resource::<Keys>().changes();
            reference.resource_mut::<Clock>().set_unix(entry.at);
            store.apply(&mut reference, read(&entry.change));
            let runs = reference.resource::<Keys>().changes() != before;
            single.world.resource_mut::<Clock>().set_unix(entry.at);
            single.look();
            match own.get(&at) {
                Some((id, asked)) if is_nil(asked) && is_flushed(&entries[..at], entry) => {
                    single.run(*id, &vec![b"DISCARD".to_vec()]);
                }
                Some((id, asked)) => compare(&mut single, *id, asked, position)?,
                None => single.apply(read(&entry.change), runs),
            }
        }
        for (id, asked) in local.remove(&(position as u64)).unwrap_or_default() {
            compare(&mut single, id, asked, position)?;
        }
    }
    let keys = single.world.resource::<Keys>();
    let now = i64::try_from(single.world.resource::<Clock>().unix().as_millis()).unwrap_or(i64::MAX);
    Ok((keys.trace(), keys.changes(), keys.digest(now)))
}

/// Returns whether a request was refused by the limits of one server, which other servers need not have.
pub(crate) fn is_limited(reply: &[u8]) -> bool {
    let refusals = [&b"-OOM "[..], b"-ERR string exceeds", b"-EXECABORT Transaction discarded because of: "];
    refusals.iter().any(|refusal| reply.starts_with(refusal))
}

fn is_nil(asked: &Asked) -> bool {
    asked.answer.as_ref().is_some_and(|answer| answer.reply == b"*-1\r\n")
}

/// Returns whether a transaction was aborted because all keys were removed before it. Keys that did not exist count
/// too, since the transaction depends on their slots.
fn is_flushed(before: &[Entry], entry: &Entry) -> bool {
    let Change::Transaction(transaction) = read(&entry.change) else { return false };
    let since = usize::try_from(transaction.since).unwrap_or(usize::MAX);
    let flushes = |entry: &Entry| entry.change.1.windows(8).any(|word| word == b"FLUSHALL");
    before[since.min(before.len())..].iter().any(flushes)
}

fn compare(single: &mut Single, id: ConnectionId, asked: &Asked, position: usize) -> Result<(), String> {
    let Some(answer) = &asked.answer else { return Ok(()) };
    if answer.reply.starts_with(b"-CLUSTERDOWN") {
        if asked.words[0].eq_ignore_ascii_case(b"EXEC") {
            single.run(id, &vec![b"DISCARD".to_vec()]);
        }
        return Ok(());
    }
    if is_limited(&answer.reply) {
        // The request did not run, and it fails a transaction.
        let instead = if asked.words[0].eq_ignore_ascii_case(b"EXEC") { &b"DISCARD"[..] } else { b"NOSUCH" };
        single.run(id, &vec![instead.to_vec()]);
        return Ok(());
    }
    let expected = single.run(id, &asked.words);
    if expected == answer.reply {
        return Ok(());
    }
    Err(format!(
        "at position {position}, {} was answered {}, and one server says {}",
        shown(&asked.words),
        answer.reply.escape_ascii(),
        expected.escape_ascii()
    ))
}

/// Returns an error unless each read has seen every change answered before it was asked.
pub(crate) fn reads(seats: &Seats) -> Result<(), String> {
    const READS: [&[u8]; 3] = [b"GET", b"MGET", b"PTTL"];
    for asked in seats.seats.values().flat_map(|seat| &seat.asked) {
        let Some(answer) = &asked.answer else { continue };
        let is_read = READS.contains(&&*asked.words[0]) && answer.reply != b"+QUEUED\r\n";
        if is_read && !answer.reply.starts_with(b"-CLUSTERDOWN") && answer.position < asked.known {
            return Err(format!(
                "{} was answered at position {}, and {} had been answered",
                shown(&asked.words),
                answer.position,
                asked.known
            ));
        }
    }
    Ok(())
}
