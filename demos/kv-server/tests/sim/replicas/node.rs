//! `Node`: a server that shares a log, without sockets, and its clients, with the requests and answers of each.

use std::collections::HashMap;
use std::mem;
use std::time::Duration;

use kv_server::{Client, Clients, Commands, Engine, ExpiryPoller, Keys, Limits, Replica, ReplicaOptions, Request};
use kv_server::{Session, Settings};
use nexus_rt::connections::{ConnectionId, Framing};
use nexus_rt::testing::VirtualClock;
use nexus_rt::{Clock, World, WorldBuilder};

use super::log::{Start, Stream};
use crate::simulation::traffic::{Words, encode};

/// A request of a client.
pub(crate) struct Asked {
    pub(crate) words: Words,
    /// The last change that had been answered to any client.
    pub(crate) known: u64,
    pub(crate) answer: Option<Answer>,
}

/// An answer to a client.
pub(crate) struct Answer {
    pub(crate) reply: Vec<u8>,
    /// The number of changes that the server had applied.
    pub(crate) position: u64,
    /// The log entry of the request.
    pub(crate) entry: Option<usize>,
}

/// A client, all its requests, and how many of them were answered.
#[derive(Default)]
pub(crate) struct Seat {
    pub(crate) asked: Vec<Asked>,
    pub(crate) answered: usize,
}

/// All clients so far.
#[derive(Default)]
pub(crate) struct Seats {
    pub(crate) seats: HashMap<ConnectionId, Seat>,
    /// The last change that was answered to any client.
    pub(crate) known: u64,
}

impl Seats {
    /// Takes what was written to a client.
    fn note(&mut self, client: &mut Client, world: &World, applies: Option<usize>) {
        let position = world.resource::<Keys>().position();
        let out = mem::take(client.out());
        let Some(seat) = self.seats.get_mut(&client.id()) else { return };
        let mut rest = &out[..];
        while !rest.is_empty() {
            let (reply, after) = rest.split_at(length(rest));
            let is_error = reply.starts_with(b"-CLUSTERDOWN");
            let asked = seat.asked.get_mut(seat.answered).expect("there is one answer for each request");
            asked.answer = Some(Answer { reply: reply.to_vec(), position, entry: applies.filter(|_| !is_error) });
            seat.answered += 1;
            rest = after;
        }
        if applies.is_some() {
            self.known = self.known.max(position);
        }
    }
}

/// Returns the length of the reply at the start of bytes.
fn length(bytes: &[u8]) -> usize {
    let line = bytes.windows(2).position(|end| end == b"\r\n").expect("a line has an end") + 2;
    let number = || str::from_utf8(&bytes[1..line - 2]).ok().and_then(|text| text.parse::<i64>().ok()).unwrap_or(0);
    match bytes[0] {
        b'$' => usize::try_from(number()).map_or(line, |value| line + value + 2),
        b'*' => (0..number()).fold(line, |at, _| at + length(&bytes[at..])),
        _ => line,
    }
}

#[derive(Default)]
struct Table(HashMap<ConnectionId, Client>);

impl Clients for Table {
    fn with(&mut self, world: &mut World, id: ConnectionId, act: &mut dyn FnMut(&mut Client, &mut World)) -> bool {
        let Some(mut client) = self.0.remove(&id) else { return false };
        act(&mut client, world);
        self.0.insert(id, client);
        true
    }

    fn unsent(&self, _: &World, _: ConnectionId) -> usize {
        0
    }
}

pub(crate) struct Node {
    pub(crate) world: World,
    commands: Commands,
    expiry: ExpiryPoller,
    replica: Replica,
    clients: Table,
    stream: Stream,
    pub(crate) publisher: usize,
}

impl Node {
    pub(crate) fn start(
        stream: &Stream,
        (time, unix, limits): (&VirtualClock, Duration, Limits),
        options: ReplicaOptions,
        start: Option<Start>,
    ) -> Self {
        let clock = Clock::test(time.clone(), unix);
        let settings = Settings { address: ([127, 0, 0, 1], 6379).into(), unix: None, started: clock.now() };
        let mut builder = WorldBuilder::new();
        let expiry = builder.install_driver(Engine { clock, settings, limits });
        let mut world = builder.build();
        let commands = Commands::new(&world);
        let (log, publisher) = stream.open("node", start);
        let replica = Replica::new(&mut world, Box::new(log), options);
        Self { world, commands, expiry, replica, clients: Table::default(), stream: stream.clone(), publisher }
    }

    pub(crate) fn connect(&mut self, seats: &mut Seats) -> ConnectionId {
        let mut client = Client::detached(Session::new(seats.seats.len() as u64 + 1));
        Replica::join(&mut client);
        let id = client.id();
        seats.seats.insert(id, Seat::default());
        self.clients.0.insert(id, client);
        id
    }

    /// Returns whether the server turns again soon, even if nothing comes.
    pub(crate) fn turns_soon(&self) -> bool {
        let soon = self.world.resource::<Clock>().now() + Duration::from_millis(200);
        self.replica.next_deadline(&self.world, &self.expiry).is_some_and(|next| next <= soon)
    }

    pub(crate) fn disconnect(&mut self, id: ConnectionId) {
        self.clients.0.remove(&id);
    }

    pub(crate) fn ask(&mut self, seats: &mut Seats, id: ConnectionId, words: Words) {
        let mut request = Request::new(Limits::default().request);
        request.buffer().extend(&encode(&words));
        let request = request.decode().expect("it is a request").expect("it is whole");
        let known = seats.known;
        seats.seats.get_mut(&id).expect("it has a seat").asked.push(Asked { words, known, answer: None });
        let client = self.clients.0.get_mut(&id).expect("it is connected");
        self.world.next_sequence();
        self.commands.run(client, &mut self.world, request);
        seats.note(client, &self.world, None);
    }

    /// Runs one turn of the server.
    pub(crate) fn turn(&mut self, seats: &mut Seats) -> usize {
        self.world.resource_mut::<Clock>().update();
        let Self { world, commands, expiry, replica, clients, stream, .. } = self;
        let mut run = |client: &mut Client, world: &mut World, request: &Request| {
            commands.run(client, world, request);
            let applies = stream.state().applies;
            seats.note(client, world, applies);
        };
        let came = replica.poll(world, clients, &mut run).expect("the log is not lost");
        replica.expire(world, expiry);
        replica.flush(world, clients, expiry);
        clients.0.values_mut().for_each(|client| seats.note(client, world, None));
        came
    }
}
