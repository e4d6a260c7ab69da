//! The session layer: what every message passes before it reaches the application, and what needs none.

use std::time::Duration;

use nexus_rt::connections::{Client, ConnectionId, Connections, Ended};
use nexus_rt::timer::TimerEvent;
use nexus_rt::{CallbackTemplate, Res, ResMut, TimerWheel, callback_blueprint};

use crate::message::{Message, Unframed};
use crate::session::{GATEWAY, Session, SessionId, Sessions, fields, is_near};

/// Which session logged on by a connection.
#[derive(Default)]
pub(crate) struct Link(Option<SessionId>);

pub(crate) type Peer = Client<Link>;

/// A message of a session.
#[derive(Clone, Copy)]
pub(crate) struct Request<'m> {
    pub(crate) session: SessionId,
    pub(crate) message: &'m Message,
}

/// Why a message goes no further.
pub(crate) enum Fault<'m> {
    Garbled,
    Duplicate,
    Gap(SessionId),
    /// The RefTagID, the SessionRejectReason and the Text of a Reject.
    Reject(Request<'m>, u32, u32, &'static str),
    Logout(SessionId, String),
    /// Who has not logged on is told nothing.
    Stranger(&'static str),
}

type Checked<'m> = Result<Request<'m>, Fault<'m>>;

/// The number of messages that were ignored.
#[derive(Default)]
pub(crate) struct Ignored(pub(crate) u64);

/// The longest HeartBtInt, in seconds.
pub(crate) const SLOWEST: u64 = 60;

/// The fields that a message must have beside those of the header.
const REQUIRED: [(&str, &[u32]); 7] = [
    ("A", &[98, 108]),
    ("1", &[112]),
    ("2", &[7, 16]),
    ("3", &[45]),
    ("4", &[36]),
    ("D", &[11, 38, 40, 54, 55, 60]),
    ("F", &[11, 41, 54, 55, 60]),
];

/// A garbled message counts as one that has not come: the next one shows the gap.
pub(crate) fn intact(message: &Message) -> Result<&Message, Fault<'_>> {
    if message.is_intact() { Ok(message) } else { Err(Fault::Garbled) }
}

/// Finds the session of a message. The first message of a connection says which that is.
pub(crate) fn identify<'m>(client: &mut Peer, mut sessions: Sessions, message: &'m Message) -> Checked<'m> {
    let logon = message.kind() == "A";
    let named = |it: &Session| message.text(49) == Some(&it.name) && message.text(56) == Some(GATEWAY);
    let session = match client.state.0 {
        Some(session) if logon => return Err(Fault::Logout(session, "already logged on".into())),
        Some(session) if named(&sessions.all[session]) => session,
        Some(session) => return Err(Fault::Reject(Request { session, message }, 49, 9, "CompID problem")),
        None if !logon => return Err(Fault::Stranger("the first message is not a Logon")),
        None => sessions.all.iter().position(named).ok_or(Fault::Stranger("nobody has these CompIDs"))?,
    };
    let state = &mut sessions.all[session];
    if logon && state.connection.is_some() {
        return Err(Fault::Stranger("its session is logged on elsewhere"));
    }
    if logon {
        client.state.0 = Some(session);
        state.begin(client.id(), message.is(141));
    }
    (state.heard, state.tested) = (sessions.clock.now(), false);
    Ok(Request { session, message })
}

/// Checks the number. What leads out of a gap passes before it is filled.
pub(crate) fn in_sequence<'m>(mut sessions: Sessions, request: Request<'m>) -> Checked<'m> {
    let Request { session, message } = request;
    let expected = &mut sessions.all[session].expected;
    let Some(number) = message.number(34) else { return Err(Fault::Logout(session, "MsgSeqNum missing".into())) };
    match message.kind() {
        "4" if !message.is(123) => {}
        _ if number == *expected => *expected += 1,
        "5" => {}
        kind if number < *expected && message.is(43) && kind != "A" => return Err(Fault::Duplicate),
        _ if number < *expected => {
            let text = format!("MsgSeqNum too low, expecting {expected} but received {number}");
            return Err(Fault::Logout(session, text));
        }
        "A" | "2" => {}
        _ => return Err(Fault::Gap(session)),
    }
    Ok(request)
}

/// Checks the fields.
pub(crate) fn complete<'m>(sessions: Sessions, request: Request<'m>) -> Checked<'m> {
    let (session, message) = (&sessions.all[request.session], request.message);
    let (kind, number) = (message.kind(), |tag| message.number(tag));
    let flaw = |tag, reason, text| Err(Fault::Reject(request, tag, reason, text));
    if let Some((tag, _)) = message.fields().find(|(tag, value)| *tag == 0 || value.is_empty()) {
        return if tag == 0 { flaw(0, 0, "Invalid tag number") } else { flaw(tag, 4, "Tag specified without a value") };
    }
    let own = REQUIRED.iter().find(|(other, _)| *other == kind).map_or(&[][..], |(_, tags)| tags);
    let repeated: &[u32] = if message.is(43) { &[122] } else { &[] };
    if let Some(tag) = [52].iter().chain(own).chain(repeated).find(|tag| message.text(**tag).is_none()) {
        return flaw(*tag, 1, "Required tag missing");
    }
    if !is_near(message.text(52).unwrap_or_default(), sessions.clock.unix()) {
        return flaw(52, 10, "SendingTime accuracy problem");
    }
    let wrong = match kind {
        "A" if number(98) != Some(0) => 98,
        "A" if number(108).is_none_or(|seconds| !(1..=SLOWEST).contains(&seconds)) => 108,
        "2" if number(7).is_none_or(|begin| begin == 0 || begin > session.sent() as u64) => 7,
        "2" if number(16).is_none_or(|end| end != 0 && Some(end) < number(7)) => 16,
        "4" if number(36).is_none_or(|next| next < session.expected) => 36,
        _ => return Ok(request),
    };
    flaw(wrong, 5, "Value is incorrect (out of range) for this tag")
}

/// Answers a message that goes no further.
pub(crate) fn answer(client: &mut Peer, mut sessions: Sessions, mut ignored: ResMut<Ignored>, fault: Fault) {
    match fault {
        Fault::Garbled if client.state.0.is_none() => client.close("the first message is garbled"),
        Fault::Garbled | Fault::Duplicate => ignored.0 += 1,
        Fault::Stranger(reason) => client.close(reason),
        Fault::Gap(session) => sessions.ask(session, client.out()),
        Fault::Logout(session, text) => part(client, &mut sessions, session, &text),
        Fault::Reject(Request { session, message }, tag, reason, text) => {
            let (kind, number) = (message.kind(), message.number(34).unwrap_or_default());
            let fields = fields! { 45 => number, 371 => tag, 372 => kind, 373 => reason, 58 => text };
            sessions.send(session, client.out(), "3", &fields);
            if [9, 10].contains(&reason) || kind == "A" {
                part(client, &mut sessions, session, text);
            }
        }
    }
}

/// Logs a session out. It is sent nothing after that.
fn part(client: &mut Peer, sessions: &mut Sessions, session: SessionId, text: &str) {
    sessions.send(session, client.out(), "5", &fields! { 58 => text });
    sessions.all[session].connection = None;
    client.close("logged out");
}

pub(crate) fn logon(
    client: &mut Peer,
    mut sessions: Sessions,
    mut timers: ResMut<TimerWheel>,
    beat: Res<CallbackTemplate<Beat>>,
    request: Request,
) {
    let Request { session, message } = request;
    let seconds = message.number(108).unwrap_or_default();
    let interval = Duration::from_secs(seconds);
    sessions.all[session].interval = interval;
    let fields = fields! { 98 => 0, 108 => seconds, 141 => "Y" };
    sessions.send(session, client.out(), "A", &fields[..if message.is(141) { 3 } else { 2 }]);
    timers.schedule(sessions.clock.now() + interval, Box::new(beat.generate((session, client.id()))));
    catch_up(client, &mut sessions, request);
}

/// Asks for what was missed before a message that was handled all the same.
fn catch_up(client: &mut Peer, sessions: &mut Sessions, request: Request) {
    if request.message.number(34) >= Some(sessions.all[request.session].expected) {
        sessions.ask(request.session, client.out());
    }
}

pub(crate) fn test_request(client: &mut Peer, mut sessions: Sessions, request: Request) {
    let id = request.message.text(112).unwrap_or_default();
    sessions.send(request.session, client.out(), "0", &fields! { 112 => id });
}

pub(crate) fn resend(client: &mut Peer, mut sessions: Sessions, request: Request) {
    let sent = sessions.all[request.session].sent();
    let number = |tag| request.message.number(tag).and_then(|number| usize::try_from(number).ok()).unwrap_or(sent);
    let last = if number(16) == 0 { sent } else { number(16).min(sent) };
    sessions.resend(request.session, client.out(), number(7)..last + 1);
    catch_up(client, &mut sessions, request);
}

/// Goes on with the number that the counterparty says.
pub(crate) fn reset(mut sessions: Sessions, request: Request) {
    sessions.all[request.session].expected = request.message.number(36).unwrap_or_default();
}

pub(crate) fn logout(client: &mut Peer, mut sessions: Sessions, request: Request) {
    part(client, &mut sessions, request.session, "goodbye");
}

/// Heartbeats and rejects need no answer. Other messages are not for this gateway.
pub(crate) fn other(client: &mut Peer, mut sessions: Sessions, request: Request) {
    let (kind, number) = (request.message.kind(), request.message.number(34).unwrap_or_default());
    if !["0", "3", "j"].contains(&kind) {
        let fields = fields! { 45 => number, 372 => kind, 380 => 3, 58 => "unsupported message type" };
        sessions.send(request.session, client.out(), "j", &fields);
    }
}

callback_blueprint!(
    /// The heartbeat of a session, for as long as it is logged on by this connection.
    pub(crate) Beat,
    Context = (SessionId, ConnectionId),
    Event = TimerEvent,
    Params = (Sessions<'static>, ResMut<'static, Connections<Link>>, ResMut<'static, TimerWheel>),
);

pub(crate) fn on_beat(
    &mut (session, connection): &mut (SessionId, ConnectionId),
    mut sessions: Sessions,
    mut connections: ResMut<Connections<Link>>,
    mut timers: ResMut<TimerWheel>,
    timer: TimerEvent,
) {
    let state = &mut sessions.all[session];
    let Some(client) = connections.client_mut(connection).filter(|_| state.connection == Some(connection)) else {
        return;
    };
    // What is on its way has a fifth of the interval to arrive.
    let (now, interval, patience) = (timer.now, state.interval, state.interval * 6 / 5);
    let (heard, spoke) = (state.heard, state.spoke);
    if state.tested && now >= heard + 2 * patience {
        return part(client, &mut sessions, session, "no answer to a test request");
    }
    if !state.tested && now >= heard + patience {
        state.tested = true;
        sessions.send(session, client.out(), "1", &fields! { 112 => "are you there?" });
    } else if now >= spoke + interval {
        sessions.send(session, client.out(), "0", &[]);
    }
    let state = &sessions.all[session];
    let silent = heard + if state.tested { 2 * patience } else { patience };
    timers.reschedule(timer.key, silent.min(state.spoke + interval));
}

/// Takes leave of a connection. If it ends with the program, the counterparty is told so, after all that it is owed.
pub(crate) fn ended(client: &mut Peer, mut sessions: Sessions, ended: Ended<Unframed>) {
    let session = client.state.0.filter(|session| sessions.all[*session].connection == Some(client.id()));
    eprintln!("{} at {}: {ended}", client.state.0.map_or("nobody", |id| &sessions.all[id].name), client.peer());
    match session {
        Some(session) if matches!(ended, Ended::Drained) => {
            part(client, &mut sessions, session, "the gateway shuts down");
        }
        Some(session) => sessions.all[session].connection = None,
        None => {}
    }
}
