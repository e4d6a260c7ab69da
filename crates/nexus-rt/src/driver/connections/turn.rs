//! `Turn`: the part of a poll that serves one connection. It is read, its frames run, and their output is sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::panicking;
use std::time::Instant;

use super::client::{Client, Phase};
use super::ended::{Ended, Opened};
use super::framing::Framing;
use super::poller::ConnectionsPoller;
use super::resource::{ConnectionId, Connections};
use crate::chain::ByReference;
use crate::doorbell::Doorbell;
use crate::pipeline::Pipeline;
use crate::poll::{Driver, Poller};
use crate::step::{Finished, StepRef};
use crate::world::World;

/// The state of a poll.
pub(super) struct Turn {
    pub(super) now: Instant,
    /// The numbers of the driver and of this poll.
    pub(super) numbers: (u32, u64),
    /// The number of events that may still run.
    pub(super) left: usize,
    pub(super) rings: Rings,
}

/// The doorbell of the loop. The resource shares it with its poller, since the resource may be elsewhere when a poll
/// ends.
pub(super) struct Bell {
    loops: Doorbell,
    /// Whether a poll is in progress, which serves everything that is queued.
    polling: AtomicBool,
}

impl Bell {
    pub(super) fn new(loops: Doorbell) -> Arc<Self> {
        Arc::new(Self { loops, polling: AtomicBool::new(false) })
    }

    #[inline]
    pub(super) fn is_polling(&self) -> bool {
        self.polling.load(Ordering::Relaxed)
    }

    /// Makes the loop poll before it sleeps. A poll in progress serves what is queued meanwhile itself.
    #[inline]
    pub(super) fn ring(&self) {
        if !self.is_polling() {
            self.loops.ring();
        }
    }
}

/// A poll in progress. It makes the loop poll again before it sleeps, if it does not finish.
pub(super) struct Rings {
    bell: Arc<Bell>,
    pub(super) finished: bool,
}

impl Rings {
    pub(super) fn new(bell: &Arc<Bell>) -> Self {
        bell.polling.store(true, Ordering::Relaxed);
        Self { bell: bell.clone(), finished: false }
    }
}

impl Drop for Rings {
    fn drop(&mut self) {
        self.bell.polling.store(false, Ordering::Relaxed);
        if !self.finished {
            self.bell.ring();
        }
    }
}

/// Whether a poll continues. It ends if its resource is elsewhere, or was polled elsewhere.
#[derive(PartialEq)]
pub(super) enum Poll {
    GoesOn,
    /// It goes on, and a connection that was new is queued again.
    Opened,
    Ends,
}

/// The number of unsent bytes above which they are sent before all frames of the turn have run.
const EARLY: usize = 256 << 10;

/// Why no more frames of a connection run in this turn.
enum Stop<E> {
    /// No frame is complete.
    Dry,
    /// There may be more.
    More,
    Ends(Ended<E>),
    Elsewhere,
}

/// A connection that is out. A panic drops this, which moves the connection to those that will be ended.
struct Lent<'p, C> {
    client: Option<Box<Client<C>>>,
    stranded: &'p mut Vec<Box<Client<C>>>,
}

impl<C> Lent<'_, C> {
    fn take(mut self) -> Option<Box<Client<C>>> {
        self.client.take()
    }
}

impl<C: Send + 'static> Lent<'_, C> {
    /// Ends the poll. The connection returns if its resource is in place.
    #[cold]
    fn leave<Tag: 'static>(mut self, poller: &mut Poller<Connections<C, Tag>>, world: &mut World, turn: &Turn) -> Poll {
        let connections = poller.resource(world);
        if connections.polls().numbers().0 == turn.numbers.0
            && let Some(mut client) = self.client.take()
        {
            connections.hand_over(&mut client);
            let id = client.id;
            _ = connections.table.put_back(id, client);
            connections.queue(id);
        }
        Poll::Ends
    }
}

impl<C> Lent<'_, C> {
    #[cold]
    fn strand(&mut self, mut client: Box<Client<C>>) {
        client.ending = Some(if panicking() { Ended::Panicked } else { Ended::Displaced });
        self.stranded.push(client);
    }
}

impl<C> Drop for Lent<'_, C> {
    #[inline]
    fn drop(&mut self) {
        if let Some(client) = self.client.take() {
            self.strand(client);
        }
    }
}

impl<C: Send + 'static, F: Framing, Tag: 'static> ConnectionsPoller<C, F, Tag> {
    /// Begins to dial a connection, or reports to the program that it is established.
    fn open(&mut self, world: &mut World, client: Box<Client<C>>, turn: &mut Turn) -> Poll {
        let id = client.id;
        let mut lent = Lent { client: Some(client), stranded: &mut self.stranded };
        let Some(client) = &mut lent.client else { return Poll::GoesOn };
        if client.phase == Phase::Dialing {
            self.poller.resource(world).dial(client, turn.now);
        }
        if let Phase::Fresh(listener) = client.phase {
            client.phase = Phase::Open;
            if let Some(opened) = &mut self.opened {
                turn.left -= 1;
                world.next_sequence();
                opened(client, world, Opened { listener });
                if turn.settles(&mut self.poller, world, client).is_none() {
                    return lent.leave(&mut self.poller, world, turn);
                }
            }
        }
        let Some(client) = lent.take() else { return Poll::GoesOn };
        let parted = self.part(world, client, None, turn);
        let is_queued = parted != Poll::Ends && self.poller.resource(world).client(id).is_some_and(|it| it.queued);
        if is_queued { Poll::Opened } else { parted }
    }

    /// Gives one connection its turn.
    pub(super) fn attend<S>(
        &mut self,
        world: &mut World,
        id: ConnectionId,
        chain: &mut Pipeline<F::Frame, S, Client<C>, ByReference>,
        turn: &mut Turn,
    ) -> Poll
    where
        S: StepRef<Client<C>, F::Frame, Out: Finished>,
    {
        let connections = self.poller.resource(world);
        let Some(client) = connections.take_out(id) else { return Poll::GoesOn };
        let mut lent = Lent { client: Some(client), stranded: &mut self.stranded };
        let Some(client) = &mut lent.client else { return Poll::GoesOn };
        client.queued = false;
        if matches!(client.phase, Phase::Dialing | Phase::Fresh(_)) {
            let Some(client) = lent.take() else { return Poll::GoesOn };
            return self.open(world, client, turn);
        }
        let mut ended = None;
        if client.phase == Phase::Open && client.ending.is_none() {
            let connections = self.poller.resource(world);
            if client.unsent() > 0 {
                connections.stats.sent += client.flush(connections.gate, turn.now);
            }
            if turn.left > 0 && client.is_served(&connections.limits) && (client.pending || client.reads()) {
                let poller = &mut self.poller;
                let stop = self.partials.with(client.id, |framing| {
                    // Reading is no faster than its frames run.
                    if client.reads() && (!client.pending || framing.buffer().unread().is_empty()) {
                        let length = client.read(framing.buffer().room(), turn.now);
                        framing.buffer().add(length);
                        poller.resource(world).stats.received += length as u64;
                    }
                    let stop = frames(framing, poller, world, client, chain, turn);
                    let goes_on = !matches!(stop, Stop::Ends(_));
                    (stop, goes_on)
                });
                client.pending = matches!(stop, Stop::More | Stop::Elsewhere);
                match stop {
                    Stop::Elsewhere => return lent.leave(&mut self.poller, world, turn),
                    Stop::Ends(why) => ended = Some(why),
                    Stop::Dry | Stop::More => {}
                }
            }
        }
        let Some(client) = lent.take() else { return Poll::GoesOn };
        self.part(world, client, ended, turn)
    }

    /// Sends the output of a connection, and ends the connection if it is due.
    fn part(
        &mut self,
        world: &mut World,
        client: Box<Client<C>>,
        mut ended: Option<Ended<F::Error>>,
        turn: &mut Turn,
    ) -> Poll {
        let mut lent = Lent { client: Some(client), stranded: &mut self.stranded };
        let Some(client) = &mut lent.client else { return Poll::GoesOn };
        let connections = self.poller.resource(world);
        connections.stats.sent += client.flush(connections.gate, turn.now);
        client.conclude();
        if client.phase != Phase::Parting {
            // An event beyond the budget waits for the next poll.
            if turn.left > 0 || self.ended.is_none() || ended.is_some() {
                ended = ended.or_else(|| client.ending.take().map(Ended::widen));
            }
            if let Some(why) = ended {
                why.count(&mut connections.stats.ended);
                (client.phase, client.since, client.left) = (Phase::Parting, turn.now, None);
                if why.is_abrupt() || client.dial.is_some() {
                    // Nothing more is sent, even if the handler does not come back.
                    connections.hang_up(client);
                }
                self.partials.forget(client.id);
                if let Some(ended) = &mut self.ended {
                    turn.left = turn.left.saturating_sub(1);
                    world.next_sequence();
                    ended(client, world, why);
                    if turn.settles(&mut self.poller, world, client).is_none() {
                        return lent.leave(&mut self.poller, world, turn);
                    }
                }
            }
        }
        let connections = self.poller.resource(world);
        if client.phase == Phase::Parting {
            if client.is_beyond_limits() {
                client.output.forget();
                client.over = true;
            }
            connections.stats.sent += client.flush(connections.gate, turn.now);
            if client.unsent() == 0 && !client.over {
                client.shut(turn.now);
            }
            if client.readable && !client.over {
                client.read(self.partials.room(), turn.now);
            }
        }
        // The framing is of the program, and may panic.
        client.partial = self.partials.holds(client.id);
        let Some(client) = lent.take() else { return Poll::GoesOn };
        if client.phase == Phase::Parting && (client.socket.is_none() || client.over && client.unsent() == 0) {
            connections.remove(client);
        } else {
            connections.settle(client);
        }
        Poll::GoesOn
    }
}

impl Turn {
    /// Finds the resource again after user code ran, and hands over what was set aside meanwhile. Returns `None` if the
    /// poll must end.
    #[inline]
    fn settles<'w, C: Send + 'static, Tag: 'static>(
        &self,
        poller: &mut Poller<Connections<C, Tag>>,
        world: &'w mut World,
        client: &mut Client<C>,
    ) -> Option<&'w mut Connections<C, Tag>> {
        let connections = poller.resource(world);
        if connections.polls().numbers() != self.numbers {
            return None;
        }
        connections.hand_over(client);
        Some(connections)
    }
}

/// Runs the chain for each complete frame.
#[inline]
fn frames<C: Send + 'static, F: Framing, Tag: 'static, S>(
    framing: &mut F,
    poller: &mut Poller<Connections<C, Tag>>,
    world: &mut World,
    client: &mut Client<C>,
    chain: &mut Pipeline<F::Frame, S, Client<C>, ByReference>,
    turn: &mut Turn,
) -> Stop<F::Error>
where
    S: StepRef<Client<C>, F::Frame, Out: Finished>,
{
    let limits = &poller.resource(world).limits;
    let last = turn.left.saturating_sub(limits.frames.max(1));
    let mark = limits.pause.min(limits.unsent).min(EARLY);
    loop {
        match framing.decode() {
            Ok(Some(frame)) => {
                turn.left -= 1;
                world.next_sequence();
                chain.run_ref(client, world, frame);
            }
            Ok(None) => {
                let limit = poller.resource(world).limits.frame;
                let too_long = framing.buffer().unread().len() > limit;
                return if too_long { Stop::Ends(Ended::TooLong) } else { Stop::Dry };
            }
            Err(error) => return Stop::Ends(Ended::Malformed(error)),
        }
        let Some(connections) = turn.settles(poller, world, client) else { return Stop::Elsewhere };
        connections.stats.frames += 1;
        if client.unsent() > mark && !connections.relieves(client, turn.now) || turn.left == last || client.is_held() {
            return Stop::More;
        }
    }
}
