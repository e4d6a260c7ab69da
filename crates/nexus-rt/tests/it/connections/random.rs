//! Random peers and handlers, compared with a simple model.

use std::fmt::Write as _;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use nexus_rt::Clock;
use nexus_rt::connections::{Address, Client, ConnectionId};

use super::{LONG, Peer, Rig};

/// For what must not happen.
const NEVER: Duration = Duration::from_secs(1_000);

/// Numbers that are the same for the same seed.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed >> 31) as usize % most
    }

    pub(super) fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
}

/// A peer, what it is still to send, and what it is to receive.
struct Actor {
    peer: Option<Peer>,
    id: ConnectionId,
    name: String,
    script: Vec<u8>,
    expected: String,
    /// Whether it may get less.
    abrupt: bool,
    finished: bool,
}

impl Actor {
    fn new(rig: &mut Rig, address: &Address, name: String, random: &mut Random) -> Self {
        let (peer, id) = rig.peer(address, &name);
        let (mut script, mut expected, mut abrupt) = (String::new(), String::new(), false);
        for n in 0..random.below(40) {
            match random.below(24) {
                0 => {
                    let length = random.below(200_000);
                    writeln!(script, "big {length}").unwrap();
                    expected.extend(std::iter::repeat_n('x', length));
                }
                1 => script += "pause\n",
                2 => {
                    writeln!(script, "tell {name} <{n}>").unwrap();
                    write!(expected, "<{n}>").unwrap();
                }
                3 if random.below(8) == 0 => {
                    script += "panic\n";
                    abrupt = true;
                    break;
                }
                4 if random.below(4) == 0 => {
                    let close = random.of(&["close", "end"]);
                    writeln!(script, "{close} {name}\necho never").unwrap();
                    break;
                }
                _ => {
                    writeln!(script, "echo [{n}]").unwrap();
                    write!(expected, "[{n}]").unwrap();
                }
            }
        }
        Self { peer: Some(peer), id, name, script: script.into(), expected, abrupt, finished: false }
    }

    /// Does one thing.
    fn act(&mut self, rig: &mut Rig, random: &mut Random) {
        let Some(peer) = &mut self.peer else { return };
        match random.below(10) {
            0..=4 => self.send(random.of(&[1, 3, 50, 100_000])),
            5 => _ = peer.receive(),
            6 | 7 => self.resume(rig),
            8 if random.below(40) == 0 => (self.peer, self.abrupt) = (None, true),
            _ => {}
        }
    }

    fn send(&mut self, most: usize) {
        let Some(peer) = &mut self.peer else { return };
        if let Ok(sent) = peer.socket.write(&self.script[..most.min(self.script.len())]) {
            self.script.drain(..sent);
        }
    }

    fn resume(&self, rig: &mut Rig) {
        // Only then: it ends the loop's sleep.
        let paused = rig.net().client(self.id).is_some_and(|client| client.state.paused);
        if paused && let Some(client) = rig.net().client_mut(self.id) {
            client.state.paused = false;
            client.resume();
        }
    }

    /// Sends and receives the rest. Returns whether that is over.
    fn is_over(&mut self, rig: &mut Rig) -> bool {
        self.resume(rig);
        self.send(usize::MAX);
        let Some(peer) = &mut self.peer else { return true };
        if self.script.is_empty() && !std::mem::replace(&mut self.finished, true) {
            _ = peer.socket.shutdown(std::net::Shutdown::Write);
        }
        peer.receive();
        peer.over
    }
}

/// What is to be safe before replies leave, if the program keeps that.
struct Journal {
    kept: bool,
    position: u64,
    released: u64,
    /// The positions that hold something, and how much had been written to all connections before.
    written: Vec<(u64, u64)>,
}

impl Journal {
    fn hold(&mut self, rig: &mut Rig) {
        if self.kept {
            self.position += 1;
            let unsent: usize = rig.net().iter().map(Client::unsent).sum();
            self.written.push((self.position, rig.net().stats().sent + unsent as u64));
            rig.net().hold(self.position);
        }
    }

    fn release(&mut self, rig: &mut Rig, position: u64) {
        self.released = position;
        self.written.retain(|(held, _)| *held > position);
        rig.net().release(position);
    }

    /// One turn, in which what the latest one held leaves first.
    fn turn(&mut self, rig: &mut Rig, budget: usize) {
        self.release(rig, self.position);
        self.hold(rig);
        turn(rig, LONG, budget);
        self.check(rig);
    }

    /// Sees that nothing has left that is not safe.
    fn check(&self, rig: &mut Rig) {
        let sent = rig.net().stats().sent;
        assert!(self.written.first().is_none_or(|(_, most)| sent <= *most), "{sent} of {:?}", self.written);
    }
}

/// One turn, which sleeps no longer than this.
fn turn(rig: &mut Rig, sleep: Duration, budget: usize) {
    let turn = AssertUnwindSafe(|| {
        rig.io.poll(&mut rig.world, Some(sleep)).unwrap();
        rig.net.poll(&mut rig.world, budget, &mut rig.chain);
    });
    _ = catch_unwind(turn);
}

fn run(seed: u64) {
    let mut random = Random(seed);
    let (frames, pause) = (random.of(&[1, 3, 1_000]), random.of(&[0, 100, 10_000, 1 << 20]));
    let mut rig = Rig::with(|limits| {
        (limits.frames, limits.pause, limits.unsent) = (frames, pause, usize::MAX);
        (limits.stalled, limits.linger, limits.silent) = (NEVER, NEVER, Some(NEVER));
    });
    let (_, address) = rig.listen();
    let mut actors: Vec<_> =
        (0..=random.below(4)).map(|n| Actor::new(&mut rig, &address, format!("n{n}"), &mut random)).collect();
    let mut journal = Journal { kept: random.below(2) == 0, position: 0, released: 0, written: Vec::new() };
    for _ in 0..random.below(150) {
        match random.below(6) {
            0 => journal.hold(&mut rig),
            1 => {
                let more = random.below((journal.position - journal.released + 1) as usize) as u64;
                let position = journal.released + more;
                journal.release(&mut rig, position);
            }
            _ => {}
        }
        let actor = random.below(actors.len());
        actors[actor].act(&mut rig, &mut random);
        if random.below(2) == 0 {
            turn(&mut rig, Duration::ZERO, random.of(&[0, 1, 2, usize::MAX]));
            journal.check(&mut rig);
        }
    }
    if random.below(8) == 0 {
        // What has not come yet is not answered.
        actors.iter_mut().for_each(|actor| actor.abrupt = true);
        let deadline = rig.world.resource::<Clock>().now() + NEVER;
        rig.net().drain(deadline);
    }
    let (budget, started) = (random.of(&[1, 2, usize::MAX]), Instant::now());
    while actors.iter_mut().filter_map(|actor| (!actor.is_over(&mut rig)).then_some(())).count() > 0 {
        let begun = Instant::now();
        journal.turn(&mut rig, budget);
        assert!(begun.elapsed() < LONG / 2, "seed {seed}: it sleeps while there is something to do: {:?}", rig.log());
    }
    for Actor { peer, name, expected, abrupt, .. } in &mut actors {
        let received = peer.take().map(|peer| peer.received).filter(|_| !*abrupt);
        let expected = format!("{expected}farewell");
        assert!(received.is_none_or(|received| received == expected), "seed {seed}, {name}");
    }
    while !rig.net().is_empty() {
        // One whose peer is gone may have paused since.
        actors.iter().for_each(|actor| actor.resume(&mut rig));
        journal.turn(&mut rig, budget);
        assert!(started.elapsed() < LONG, "seed {seed}: {:?}", rig.net());
    }
    for Actor { name, .. } in &actors {
        let ends = [format!("{name} ended"), format!("{name} lost")];
        let ended = rig.log().iter().filter(|line| ends.iter().any(|end| line.starts_with(end)));
        assert_eq!(ended.count(), 1, "seed {seed}, {name}: {:?}", rig.log());
    }
    assert_eq!((rig.net().stats().memory, rig.has_logged("never")), (0, 0), "seed {seed}");
}

#[test]
fn random_connections_get_what_a_model_says() {
    (0..60).for_each(run);
}
