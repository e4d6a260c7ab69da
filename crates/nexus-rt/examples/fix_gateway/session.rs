//! The session layer: who is logged on, what was sent, and what a message passes before it reaches the application.

use std::io;
use std::time::{Duration, Instant};

use nexus_rt::connections::{Client, ConnectionId, Connections, Ended};
use nexus_rt::timer::TimerEvent;
use nexus_rt::{CallbackTemplate, Clock, Param, Res, ResMut, TimerWheel, callback_blueprint};

use super::message::{Message, fields, frame, utc};
use super::orders::Orders;

/// The CompID of this side.
const GATEWAY: &str = "GATEWAY";
/// The longest HeartBtInt, in seconds.
pub(crate) const SLOWEST: usize = 60;

/// The index of a session.
pub(crate) type SessionId = usize;
/// All connections. The state of each is the session that is logged on.
pub(crate) type Net = Connections<Option<SessionId>>;
/// A connection.
pub(crate) type Peer = Client<Option<SessionId>>;

/// The state of a counterparty, which outlives its connections.
#[derive(Default)]
pub(crate) struct Session {
    /// The CompID of the counterparty.
    pub(crate) name: &'static str,
    /// The connection on which it is logged on.
    pub(crate) connection: Option<ConnectionId>,
    /// The number of the last message that arrived in sequence.
    pub(crate) received: usize,
    /// The last resend request: its first number, and the number beyond which messages may be of an earlier resend.
    pub(crate) asked: (usize, usize),
    /// When that was sent.
    pub(crate) asked_at: Option<Instant>,
    /// Messages sent, from number 1: types, times, and the bodies of those that are sent again.
    pub(crate) sent: Vec<(&'static str, String, String)>,
    /// When a message was last sent.
    pub(crate) spoke: Option<Instant>,
    /// The number of execution reports sent.
    pub(crate) reports: u64,
}

/// Whether messages of this type belong to the session layer. They are not sent again.
fn is_admin(kind: &str) -> bool {
    "A012345".contains(kind)
}

/// All sessions, with the time.
#[derive(Param)]
pub(crate) struct Sessions<'w> {
    pub(crate) all: ResMut<'w, Vec<Session>>,
    pub(crate) clock: Res<'w, Clock>,
}

impl Sessions<'_> {
    /// Numbers, stores and sends a message. If `out` is not connected, the counterparty sees the gap when it returns.
    pub(crate) fn send(&mut self, to: SessionId, out: &mut Vec<u8>, kind: &'static str, body: String) {
        self.write(to, out, (kind, self.all[to].sent.len() + 1), &body);
        let kept = if is_admin(kind) { String::new() } else { body };
        self.all[to].sent.push((kind, utc(self.clock.unix()), kept));
        self.all[to].spoke = Some(self.clock.now());
    }

    fn write(&self, to: SessionId, out: &mut Vec<u8>, (kind, number): (&str, usize), body: &str) {
        let (name, time) = (self.all[to].name, utc(self.clock.unix()));
        let head = fields! { 35 => kind, 34 => number, 49 => GATEWAY, 56 => name, 52 => time };
        out.extend_from_slice(frame(&(head + body)).as_bytes());
    }

    /// Resends the messages with these numbers, with gap fills instead of messages of the session layer.
    fn resend(&self, to: SessionId, out: &mut Vec<u8>, mut number: usize, last: usize) {
        let sent = self.all[to].sent.get(number - 1..last).unwrap_or_default();
        for sent in sent.chunk_by(|(one, ..), (other, ..)| is_admin(one) && is_admin(other)) {
            let ((kind, time, body), next) = (&sent[0], number + sent.len());
            let (kind, body) = if is_admin(kind) { ("4", &fields! { 123 => "Y", 36 => next }) } else { (*kind, body) };
            self.write(to, out, (kind, number), &(fields! { 43 => "Y", 122 => time } + body));
            number = next;
        }
    }

    /// Requests, once, all messages from the expected number. Another resend may go on beyond the number `last`.
    fn ask(&mut self, whom: SessionId, out: &mut Vec<u8>, last: usize) {
        let expected = self.all[whom].received + 1;
        if self.all[whom].asked.0 != expected {
            self.all[whom].asked = (expected, last);
            self.send(whom, out, "2", fields! { 7 => expected, 16 => 0 });
            self.all[whom].asked_at = self.all[whom].spoke;
        }
    }

    /// Ends a session with its connection. A connection that has not logged on gets no message.
    fn part(&mut self, client: &mut Peer, why: &str) {
        if let Some(session) = client.state.take() {
            self.send(session, client.out(), "5", fields! { 58 => why });
            self.all[session].connection = None;
        }
        client.close(why.to_owned());
    }
}

/// A message and its session.
pub(crate) type Request<'m> = (SessionId, &'m Message);

/// Finds the session of a message. A Logon begins it, and ends it if it is logged on.
pub(crate) fn identify<'m>(
    client: &mut Peer,
    mut sessions: Sessions,
    mut orders: ResMut<Orders>,
    message: &'m Message,
) -> Option<Request<'m>> {
    let logon = message.text(35) == "A";
    let named = |it: &Session| message.text(49) == it.name && message.text(56) == GATEWAY;
    let connection = if logon { None } else { Some(client.id()) };
    let found = sessions.all.iter().position(|it| named(it) && it.connection == connection);
    let Some(session) = found.filter(|_| !logon || client.state.is_none()) else {
        sessions.part(client, if logon { "these CompIDs cannot log on" } else { "these CompIDs are not logged on" });
        return None;
    };
    if logon {
        client.state = Some(session);
        let state = &mut sessions.all[session];
        // A resend requested on an earlier connection will not arrive.
        (state.connection, state.asked) = (Some(client.id()), (0, 0));
        if message.text(141) == "Y" {
            state.received = 0;
            state.sent.clear();
            orders.forget_ended(session);
        }
    }
    Some((session, message))
}

/// Checks the sequence number. Messages that resolve a gap pass before it is filled.
pub(crate) fn in_sequence<'m>(client: &mut Peer, mut sessions: Sessions, request: Request<'m>) -> Option<Request<'m>> {
    let (session, message) = request;
    let (number, expected) = (message.number(34), sessions.all[session].received + 1);
    match message.text(35) {
        "4" if message.text(123) != "Y" => {}
        _ if number == expected => sessions.all[session].received = number,
        "5" => {}
        "A" | "2" if number > expected => {}
        kind => {
            let (is_resent, (asked, last)) = (message.text(43) == "Y", sessions.all[session].asked);
            if number > expected && is_resent && asked == expected && number <= last {
                // A resend brings every number in turn, or a gap fill for it.
                sessions.part(client, &format!("the resend left out MsgSeqNum {expected}"));
            } else if number > expected {
                sessions.ask(session, client.out(), if is_resent { number } else { usize::MAX });
            } else if kind == "A" || !is_resent {
                sessions.part(client, &format!("MsgSeqNum too low, expecting {expected} but received {number}"));
            }
            return None;
        }
    }
    Some(request)
}

/// Checks that a message has its fields.
pub(crate) fn complete<'m>(client: &mut Peer, mut sessions: Sessions, request: Request<'m>) -> Option<Request<'m>> {
    let tags: &[u32] = match request.1.text(35) {
        "1" => &[112],
        "D" => &[11, 38, 40, 54, 55],
        "F" => &[11, 41],
        _ => &[],
    };
    let Some(tag) = tags.iter().find(|tag| request.1.text(**tag).is_empty()) else { return Some(request) };
    sessions.part(client, &format!("field {tag} is missing"));
    None
}

/// Handles messages of the session layer.
pub(crate) fn administer(
    client: &mut Peer,
    mut sessions: Sessions,
    mut timers: ResMut<TimerWheel>,
    beat: Res<CallbackTemplate<Beat>>,
    (session, message): Request,
) {
    let (received, sent) = (sessions.all[session].received, sessions.all[session].sent.len());
    match message.text(35) {
        "A" if !(1..=SLOWEST).contains(&message.number(108)) => {
            return sessions.part(client, "HeartBtInt is out of range");
        }
        "A" => {
            let (seconds, reset) = (message.number(108), if message.text(141) == "Y" { "141=Y\x01" } else { "" });
            sessions.send(session, client.out(), "A", fields! { 98 => 0, 108 => seconds } + reset);
            let interval = Duration::from_secs(seconds as u64);
            timers.schedule(sessions.clock.now() + interval, Box::new(beat.generate((client.id(), interval, None))));
        }
        "2" => {
            let last = if message.number(16) == 0 { sent } else { message.number(16).min(sent) };
            sessions.resend(session, client.out(), message.number(7).max(1), last);
        }
        "1" => return sessions.send(session, client.out(), "0", fields! { 112 => message.text(112) }),
        "4" => return sessions.all[session].received = received.max(message.number(36).saturating_sub(1)),
        "0" | "3" => return,
        "5" => return sessions.part(client, "goodbye"),
        _ => return sessions.part(client, "unknown message type"),
    }
    // The message was handled despite a gap before it: request what was missed.
    if message.number(34) > received {
        sessions.ask(session, client.out(), usize::MAX);
    }
}

callback_blueprint!(
    /// The heartbeat of a connection: its interval, and when it was last heard before a test request.
    pub(crate) Beat, Context = (ConnectionId, Duration, Option<Instant>), Event = TimerEvent,
    Params = (Sessions<'static>, ResMut<'static, Net>, ResMut<'static, TimerWheel>)
);

/// Sends a heartbeat if this side was silent, and ends a session whose other side is silent.
pub(crate) fn on_beat(
    (connection, interval, tested): &mut (ConnectionId, Duration, Option<Instant>),
    mut sessions: Sessions,
    mut net: ResMut<Net>,
    mut timers: ResMut<TimerWheel>,
    TimerEvent { now, key, .. }: TimerEvent,
) {
    let Some(client) = net.client_mut(*connection) else { return };
    let Some(session) = client.state else { return };
    // A message under way has a fifth of the interval to arrive, and as long again after a test request.
    let (heard, patience) = (client.heard(), *interval * 6 / 5);
    let deadlines = [heard + patience, heard + 2 * patience];
    if now >= deadlines[1] && *tested == Some(heard) {
        return sessions.part(client, "no answer to a test request");
    }
    if now >= deadlines[0] && *tested != Some(heard) {
        *tested = Some(heard);
        sessions.send(session, client.out(), "1", fields! { 112 => "are you there?" });
    } else if sessions.all[session].spoke.is_some_and(|spoke| now >= spoke + *interval) {
        sessions.send(session, client.out(), "0", String::new());
    }
    if sessions.all[session].asked_at.is_some_and(|asked| now >= asked + *interval) {
        // What did not arrive within an interval is requested again.
        sessions.all[session].asked = (0, 0);
    }
    let spoke = sessions.all[session].spoke.map(|spoke| spoke + *interval);
    let next = deadlines.into_iter().chain(spoke).filter(|deadline| *deadline > now).min();
    timers.reschedule(key, next.unwrap_or(now));
}

/// Ends a connection, and its session if that has not ended.
pub(crate) fn ended(client: &mut Peer, mut sessions: Sessions, ended: Ended<io::Error>) {
    eprintln!("{}: {ended}", client.peer());
    sessions.part(client, &ended.to_string());
}
