//! `Clients`: the connected clients, and the next request of each.

use std::collections::VecDeque;

use kv_server::{Client, Session};

use super::random::Random;
use super::traffic::{self, Words};

#[derive(Default)]
pub(crate) struct Clients {
    all: Vec<One>,
    /// The number of clients so far.
    pub(crate) count: u64,
}

struct One {
    client: Client,
    todo: VecDeque<Words>,
}

impl Clients {
    /// Connects clients until there are this many.
    pub(crate) fn connect(&mut self, clients: usize) {
        while self.all.len() < clients {
            self.count += 1;
            self.all.push(One { client: Client::detached(Session::new(self.count)), todo: VecDeque::new() });
        }
    }

    /// Disconnects all clients.
    pub(crate) fn lose(&mut self) {
        self.all.clear();
    }

    /// Returns the next request of a client, with the client and its number.
    pub(crate) fn next(&mut self, random: &mut Random, now_ms: i64) -> (&mut Client, Words, u64) {
        let at = random.index(self.all.len());
        if self.all[at].todo.is_empty() && self.all[at].client.state.number + 3 < self.count && random.one_in(8) {
            self.all.swap_remove(at);
            self.connect(self.all.len() + 1);
        }
        let at = at.min(self.all.len() - 1);
        let One { client, todo } = &mut self.all[at];
        if todo.is_empty() {
            todo.extend(traffic::next(random, now_ms));
        }
        let words = todo.pop_front().expect("it asks something");
        let number = client.state.number;
        (client, words, number)
    }
}
