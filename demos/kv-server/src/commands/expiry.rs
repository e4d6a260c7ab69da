//! EXPIRE, TTL and PERSIST, and the times in arguments of commands.

use nexus_rt::{Clock, Res, ResMut};

use super::Done;
use crate::db::Db;
use crate::error::CommandError;
use crate::keys::Keys;
use crate::number;
use crate::request::Request;
use crate::session::Client;
use crate::session::Reply;
use crate::stats::Stats;

/// The unit of a time.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Unit {
    Seconds,
    Milliseconds,
}

/// A time in an argument.
pub(super) struct Time<'a> {
    pub(super) text: &'a [u8],
    pub(super) unit: Unit,
    /// Whether the time is relative to now, or else to 1970.
    pub(super) from_now: bool,
}

impl Time<'_> {
    /// Returns the time in milliseconds since 1970. Past times are allowed.
    pub(super) fn unix_ms(&self, now_ms: i64, command: &'static str) -> Result<i64, CommandError> {
        let time = number::parse(self.text).ok_or(CommandError::NotAnInteger)?;
        let ms = match self.unit {
            Unit::Seconds => time.checked_mul(1_000),
            Unit::Milliseconds => Some(time),
        };
        let at = if self.from_now { ms.and_then(|ms| ms.checked_add(now_ms)) } else { ms };
        at.ok_or(CommandError::InvalidExpire(command))
    }

    /// Returns the time in milliseconds since 1970, for a command that allows no past times.
    pub(super) fn positive_unix_ms(&self, now_ms: i64, command: &'static str) -> Result<i64, CommandError> {
        let at = self.unix_ms(now_ms, command)?;
        let is_positive = !self.text.starts_with(b"-") && self.text != b"0";
        if is_positive { Ok(at) } else { Err(CommandError::InvalidExpire(command)) }
    }
}

pub(super) fn expire(client: &mut Client, db: Db, request: &Request) -> Done {
    expire_in(client, db, request, Unit::Seconds, "expire")
}

pub(super) fn pexpire(client: &mut Client, db: Db, request: &Request) -> Done {
    expire_in(client, db, request, Unit::Milliseconds, "pexpire")
}

pub(super) fn expireat(client: &mut Client, db: Db, request: &Request) -> Done {
    expire_by(client, db, request, Unit::Seconds, "expireat")
}

pub(super) fn pexpireat(client: &mut Client, db: Db, request: &Request) -> Done {
    expire_by(client, db, request, Unit::Milliseconds, "pexpireat")
}

/// The conditions under which a key gets a new expiry time.
#[derive(Default)]
struct Conditions {
    nx: bool,
    xx: bool,
    gt: bool,
    lt: bool,
}

impl Conditions {
    fn read(request: &Request) -> Result<Self, CommandError> {
        let mut conditions = Self::default();
        for option in request.from(3) {
            match option.to_ascii_uppercase().as_slice() {
                b"NX" => conditions.nx = true,
                b"XX" => conditions.xx = true,
                b"GT" => conditions.gt = true,
                b"LT" => conditions.lt = true,
                _ => return Err(CommandError::UnsupportedOption(option.into())),
            }
        }
        let Self { nx, xx, gt, lt } = conditions;
        match () {
            () if nx && (xx || gt || lt) => Err(CommandError::Incompatible("NX and XX, GT or LT")),
            () if gt && lt => Err(CommandError::Incompatible("GT and LT")),
            () => Ok(conditions),
        }
    }

    /// Returns whether a key that expires at `old`, or never, may expire at `new`.
    fn allow(&self, old: Option<i64>, new: i64) -> bool {
        match old {
            Some(old) => !self.nx && (!self.gt || new > old) && (!self.lt || new < old),
            None => !self.xx && !self.gt,
        }
    }
}

fn expire_in(client: &mut Client, db: Db, request: &Request, unit: Unit, command: &'static str) -> Done {
    expire_when(client, db, request, command, Time { text: request.get(2), unit, from_now: true })
}

fn expire_by(client: &mut Client, db: Db, request: &Request, unit: Unit, command: &'static str) -> Done {
    expire_when(client, db, request, command, Time { text: request.get(2), unit, from_now: false })
}

fn expire_when(client: &mut Client, mut db: Db, request: &Request, command: &'static str, time: Time) -> Done {
    let conditions = Conditions::read(request)?;
    let at = time.unix_ms(db.now_ms(), command)?;
    let key = request.get(1);
    let allowed = db.keys().expiry_unix_ms(key).is_some_and(|old| conditions.allow(old, at));
    let done = allowed && db.expire_at(key, at);
    client.reply().integer(done.into());
    Ok(())
}

pub(super) fn persist(client: &mut Client, mut db: Db, request: &Request) -> Done {
    let done = db.persist(request.get(1));
    client.reply().integer(done.into());
    Ok(())
}

pub(super) fn ttl(client: &mut Client, keys: Res<Keys>, clock: Res<Clock>, stats: Counts, request: &Request) -> Done {
    answer(client, stats, left_ms(&keys, &clock, request.get(1)).map(seconds))
}

pub(super) fn pttl(client: &mut Client, keys: Res<Keys>, clock: Res<Clock>, stats: Counts, request: &Request) -> Done {
    answer(client, stats, left_ms(&keys, &clock, request.get(1)))
}

pub(super) fn expiretime(client: &mut Client, keys: Res<Keys>, stats: Counts, request: &Request) -> Done {
    answer(client, stats, ends_ms(&keys, request.get(1)).map(seconds))
}

pub(super) fn pexpiretime(client: &mut Client, keys: Res<Keys>, stats: Counts, request: &Request) -> Done {
    answer(client, stats, ends_ms(&keys, request.get(1)))
}

type Counts<'w> = ResMut<'w, Stats>;

/// Counts a read, and replies with a time or with the number that stands for none.
fn answer(client: &mut Client, mut stats: Counts, time: Result<i64, i64>) -> Done {
    stats.read(time != Err(MISSING));
    client.reply().integer(time.unwrap_or_else(|none| none));
    Ok(())
}

/// Stands for the time of a key that does not exist.
const MISSING: i64 = -2;

/// Rounds milliseconds to the nearest second.
fn seconds(ms: i64) -> i64 {
    ms.saturating_add(500) / 1_000
}

/// Returns the remaining time of a key, in milliseconds, or the number that stands for a key that does not expire or
/// does not exist.
fn left_ms(keys: &Keys, clock: &Clock, key: &[u8]) -> Result<i64, i64> {
    let now = i64::try_from(clock.unix().as_millis()).unwrap_or(i64::MAX);
    ends_ms(keys, key).map(|at| at.saturating_sub(now).max(0))
}

/// Returns when a key expires, in milliseconds since 1970, or the number that stands for a key that does not expire or
/// does not exist.
fn ends_ms(keys: &Keys, key: &[u8]) -> Result<i64, i64> {
    match keys.expiry_unix_ms(key) {
        Some(Some(at)) => Ok(at),
        Some(None) => Err(-1),
        None => Err(MISSING),
    }
}
