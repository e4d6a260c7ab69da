//! `Session`: what is kept of a counterparty while the program runs, whether it is connected or not.

use std::fmt::{self, Display};
use std::io::Write;
use std::ops::Range;
use std::time::{Duration, Instant};

use nexus_rt::connections::ConnectionId;
use nexus_rt::{Clock, Param, Res, ResMut};

use crate::message::sum;

/// The CompID of this side.
pub(crate) const GATEWAY: &str = "GATEWAY";

/// The types of messages that are numbered but never sent again.
const ADMIN: &str = "A012345";

/// How far clocks may differ, with the time that a message takes.
const TOLERANCE: Duration = Duration::from_secs(120);

/// The index of a session.
pub(crate) type SessionId = usize;

/// A field to send.
pub(crate) type Field<'v> = (u32, &'v dyn Display);

/// Fields to send.
macro_rules! fields {
    ($($tag:literal => $value:expr),* $(,)?) => { [$(($tag, &$value as &dyn std::fmt::Display)),*] };
}
pub(crate) use fields;

/// Those that may log on, with the time.
#[derive(Param)]
pub(crate) struct Sessions<'w> {
    pub(crate) all: ResMut<'w, Vec<Session>>,
    pub(crate) clock: Res<'w, Clock>,
}

pub(crate) struct Session {
    /// The CompID of the counterparty.
    pub(crate) name: String,
    /// Where it is logged on.
    pub(crate) connection: Option<ConnectionId>,
    /// The number of the next message that it sends.
    pub(crate) expected: u64,
    /// From which number on it was last asked to resend, and when.
    asked: Option<(u64, Instant)>,
    /// What it was sent, from number 1 on.
    sent: Vec<Sent>,
    /// The bodies of the application's messages.
    bodies: Vec<u8>,
    pub(crate) interval: Duration,
    pub(crate) spoke: Instant,
    pub(crate) heard: Instant,
    /// Whether a test request is unanswered.
    pub(crate) tested: bool,
}

/// A message that was sent.
struct Sent {
    kind: &'static str,
    time: Duration,
    body: Range<usize>,
}

impl Sessions<'_> {
    /// Sends a message. One of the application is kept: if nobody is connected, `out` goes nowhere, and the
    /// counterparty notices the gap when it is back.
    pub(crate) fn send(&mut self, to: SessionId, out: &mut Vec<u8>, kind: &'static str, fields: &[Field]) {
        let session = &mut self.all[to];
        let start = session.bodies.len();
        fields.iter().for_each(|(tag, value)| put(&mut session.bodies, *tag, value));
        let sent = Sent { kind, time: self.clock.unix(), body: start..session.bodies.len() };
        let number = session.sent.len() + 1;
        frame(out, &session.name, (kind, number), (sent.time, None), &session.bodies[start..]);
        session.sent.push(sent);
        session.spoke = self.clock.now();
        if ADMIN.contains(kind) {
            session.bodies.truncate(start);
        }
    }

    /// Sends again what was sent under these numbers. Of the session layer's own messages it says that they are left
    /// out.
    pub(crate) fn resend(&self, to: SessionId, out: &mut Vec<u8>, numbers: Range<usize>) {
        let (session, now) = (&self.all[to], self.clock.unix());
        let mut next = numbers.start;
        while next < numbers.end {
            let admin = |sent: &&Sent| ADMIN.contains(sent.kind);
            let gap = session.sent[next - 1..numbers.end - 1].iter().take_while(admin).count();
            let Sent { kind, time, body } = &session.sent[next - 1];
            if gap == 0 {
                frame(out, &session.name, (kind, next), (now, Some(*time)), &session.bodies[body.clone()]);
            } else {
                let body = format!("123=Y\x0136={}\x01", next + gap);
                frame(out, &session.name, ("4", next), (now, Some(*time)), body.as_bytes());
            }
            next += gap.max(1);
        }
    }

    /// Asks for all from the expected number on, unless that was asked for and may still come.
    pub(crate) fn ask(&mut self, whom: SessionId, out: &mut Vec<u8>) {
        let (session, now) = (&mut self.all[whom], self.clock.now());
        let (expected, patience) = (session.expected, session.interval.max(Duration::from_secs(10)));
        if !session.asked.is_some_and(|(number, since)| number == expected && now < since + patience) {
            session.asked = Some((expected, now));
            self.send(whom, out, "2", &fields! { 7 => expected, 16 => 0 });
        }
    }
}

impl Session {
    pub(crate) fn new(name: &str, now: Instant) -> Self {
        let (sent, bodies, interval) = (Vec::new(), Vec::new(), Duration::ZERO);
        let (name, asked, tested) = (name.into(), None, false);
        Self { name, connection: None, expected: 1, asked, sent, bodies, interval, spoke: now, heard: now, tested }
    }

    /// Begins to log on, with number 1 on both sides if they are reset.
    pub(crate) fn begin(&mut self, connection: ConnectionId, reset: bool) {
        // What it was asked for on another connection does not come any more.
        (self.connection, self.asked) = (Some(connection), None);
        if reset {
            self.expected = 1;
            self.sent.clear();
            self.bodies.clear();
        }
    }

    /// The number of messages that it was sent.
    pub(crate) fn sent(&self) -> usize {
        self.sent.len()
    }
}

/// Writes a message. With the time at which it was sent first, it is a possible duplicate.
fn frame(
    out: &mut Vec<u8>,
    to: &str,
    (kind, number): (&str, usize),
    (now, first): (Duration, Option<Duration>),
    body: &[u8],
) {
    // The length stands before what it counts. It has a fixed number of digits, and is filled in afterwards.
    let start = out.len();
    out.extend_from_slice(b"8=FIX.4.4\x019=000000\x01");
    let counted = out.len();
    put(out, 35, &kind);
    put(out, 34, &number);
    put(out, 49, &GATEWAY);
    put(out, 56, &to);
    put(out, 52, &Utc(now));
    if let Some(first) = first {
        put(out, 43, &"Y");
        put(out, 122, &Utc(first));
    }
    out.extend_from_slice(body);
    let length = out.len() - counted;
    write!(&mut out[counted - 7..counted - 1], "{length:06}").expect("a message has less than a million bytes");
    let sum = sum(&out[start..]);
    put(out, 10, &format_args!("{sum:03}"));
}

fn put(out: &mut Vec<u8>, tag: u32, value: &dyn Display) {
    write!(out, "{tag}={value}\x01").expect("a `Vec` takes everything");
}

/// A time since 1970, as FIX writes it.
pub(crate) struct Utc(pub(crate) Duration);

impl Display for Utc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, millis) = (self.0.as_secs(), self.0.subsec_millis());
        // Years begin in March here, so that the day that some years lack is their last.
        let days = seconds / 86_400 + 719_468;
        let (era, day) = (days / 146_097, days % 146_097);
        let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        let month = (5 * day + 2) / 153;
        let (day, january) = (day - (153 * month + 2) / 5 + 1, month >= 10);
        let (year, month) = (era * 400 + year + u64::from(january), if january { month - 9 } else { month + 3 });
        let (hours, minutes) = (seconds / 3_600 % 24, seconds / 60 % 60);
        write!(f, "{year:04}{month:02}{day:02}-{hours:02}:{minutes:02}:{:02}.{millis:03}", seconds % 60)
    }
}

/// Whether a time that was received is close to the present. Times as text have the order of times.
pub(crate) fn is_near(time: &str, now: Duration) -> bool {
    let bounds = [now.saturating_sub(TOLERANCE), now + TOLERANCE].map(|bound| {
        let mut text = [0; "YYYYMMDD-HH:MM:SS.mmm".len()];
        write!(&mut text[..], "{}", Utc(bound)).map(|()| text)
    });
    // Milliseconds may be left out.
    matches!(&bounds, [Ok(from), Ok(to)] if (&from[.."YYYYMMDD-HH:MM:SS".len()]..=&to[..]).contains(&time.as_bytes()))
}
