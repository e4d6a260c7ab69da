//! GET, SET and the other commands that work with values.

use nexus_rt::{Res, ResMut};

use super::expiry::{Time, Unit};
use super::{Done, is_too_much, longest};
use crate::db::{Db, Ends};
use crate::error::CommandError;
use crate::float::Float;
use crate::keys::Keys;
use crate::limits::Limits;
use crate::number;
use crate::request::Request;
use crate::session::Client;
use crate::session::Reply;
use crate::stats::Stats;

pub(super) fn get(client: &mut Client, keys: Res<Keys>, mut stats: ResMut<Stats>, request: &Request) -> Done {
    let value = keys.get(request.get(1));
    stats.read(value.is_some());
    client.reply().bulk_or_nil(value);
    Ok(())
}

pub(super) fn mget(
    client: &mut Client,
    keys: Res<Keys>,
    mut stats: ResMut<Stats>,
    limits: Res<Limits>,
    request: &Request,
) -> Done {
    client.reply().array(request.len() - 1);
    for key in request.from(1) {
        if is_too_much(client, &limits) {
            break;
        }
        let value = keys.get(key);
        stats.read(value.is_some());
        client.reply().bulk_or_nil(value);
    }
    Ok(())
}

pub(super) fn strlen(client: &mut Client, keys: Res<Keys>, mut stats: ResMut<Stats>, request: &Request) -> Done {
    let value = keys.get(request.get(1));
    stats.read(value.is_some());
    client.reply().count(value.map_or(0, <[u8]>::len));
    Ok(())
}

/// The options of SET or GETEX after the key and the value.
#[derive(Default)]
struct Options<'a> {
    time: Option<Time<'a>>,
    keep: bool,
    only_new: bool,
    only_old: bool,
    get: bool,
    persist: bool,
}

impl<'a> Options<'a> {
    /// Reads the options of SET.
    fn read(request: &'a Request) -> Result<Self, CommandError> {
        Self::read_from(request.from(3), true)
    }

    /// Reads the options of SET or GETEX.
    fn read_from(mut arguments: impl Iterator<Item = &'a [u8]>, sets: bool) -> Result<Self, CommandError> {
        let mut options = Self::default();
        while let Some(option) = arguments.next() {
            let is = |name: &str| option.eq_ignore_ascii_case(name.as_bytes());
            let unit = match () {
                () if is("EX") => Some((Unit::Seconds, true)),
                () if is("PX") => Some((Unit::Milliseconds, true)),
                () if is("EXAT") => Some((Unit::Seconds, false)),
                () if is("PXAT") => Some((Unit::Milliseconds, false)),
                () => None,
            };
            match unit {
                Some((unit, from_now)) if !options.keep && !options.persist && options.time_may_be(unit, from_now) => {
                    let text = arguments.next().ok_or(CommandError::Syntax)?;
                    options.time = Some(Time { text, unit, from_now });
                }
                None if sets && is("NX") && !options.only_old => options.only_new = true,
                None if sets && is("XX") && !options.only_new => options.only_old = true,
                None if sets && is("GET") => options.get = true,
                None if sets && is("KEEPTTL") && options.time.is_none() => options.keep = true,
                None if !sets && is("PERSIST") && options.time.is_none() => options.persist = true,
                _ => return Err(CommandError::Syntax),
            }
        }
        Ok(options)
    }

    /// Returns whether a time may be given in this form. Repeating a form is allowed, and the last time counts.
    fn time_may_be(&self, unit: Unit, from_now: bool) -> bool {
        self.time.as_ref().is_none_or(|time| time.unit == unit && time.from_now == from_now)
    }

    fn ends(&self, db: &Db) -> Result<Ends, CommandError> {
        match &self.time {
            Some(time) => time.positive_unix_ms(db.now_ms(), "set").map(Ends::AtUnixMs),
            None => Ok(if self.keep { Ends::AsBefore } else { Ends::Never }),
        }
    }
}

pub(super) fn set(client: &mut Client, mut db: Db, mut stats: ResMut<Stats>, request: &Request) -> Done {
    let (key, value) = (request.get(1), request.get(2));
    if request.len() == 3 {
        db.set(key, value, Ends::Never);
        client.reply().ok();
        return Ok(());
    }
    let options = Options::read(request)?;
    let ends = options.ends(&db)?;
    let old = db.keys().get(key);
    if options.get {
        stats.read_to_change(client, old.is_some());
        client.reply().bulk_or_nil(old);
    }
    if if old.is_some() { options.only_new } else { options.only_old } {
        if !options.get {
            client.reply().nil();
        }
        return Ok(());
    }
    db.set(key, value, ends);
    if !options.get {
        client.reply().ok();
    }
    Ok(())
}

pub(super) fn setex(client: &mut Client, db: Db, request: &Request) -> Done {
    set_for(client, db, request, Unit::Seconds, "setex")
}

pub(super) fn psetex(client: &mut Client, db: Db, request: &Request) -> Done {
    set_for(client, db, request, Unit::Milliseconds, "psetex")
}

fn set_for(client: &mut Client, mut db: Db, request: &Request, unit: Unit, command: &'static str) -> Done {
    let time = Time { text: request.get(2), unit, from_now: true };
    let at = time.positive_unix_ms(db.now_ms(), command)?;
    db.set(request.get(1), request.get(3), Ends::AtUnixMs(at));
    client.reply().ok();
    Ok(())
}

pub(super) fn getex(client: &mut Client, mut db: Db, mut stats: ResMut<Stats>, request: &Request) -> Done {
    let options = Options::read_from(request.from(2), false)?;
    let key = request.get(1);
    let value = db.keys().get(key);
    stats.read_to_change(client, value.is_some());
    let Some(value) = value else {
        client.reply().nil();
        return Ok(());
    };
    let time = options.time.map(|time| time.positive_unix_ms(db.now_ms(), "getex")).transpose()?;
    client.reply().bulk(value);
    if let Some(at) = time {
        db.expire_at(key, at);
    } else if options.persist {
        db.persist(key);
    }
    Ok(())
}

pub(super) fn setnx(client: &mut Client, mut db: Db, request: &Request) -> Done {
    let key = request.get(1);
    let is_new = !db.keys().contains(key);
    if is_new {
        db.set(key, request.get(2), Ends::Never);
    }
    client.reply().integer(is_new.into());
    Ok(())
}

pub(super) fn mset(client: &mut Client, mut db: Db, request: &Request) -> Done {
    if request.len().is_multiple_of(2) {
        return Err(CommandError::Arity("mset"));
    }
    for at in (1..request.len()).step_by(2) {
        db.set(request.get(at), request.get(at + 1), Ends::Never);
    }
    client.reply().ok();
    Ok(())
}

pub(super) fn msetnx(client: &mut Client, mut db: Db, request: &Request) -> Done {
    if request.len().is_multiple_of(2) {
        return Err(CommandError::Arity("msetnx"));
    }
    let are_new = request.from(1).step_by(2).all(|key| !db.keys().contains(key));
    if are_new {
        for at in (1..request.len()).step_by(2) {
            db.set(request.get(at), request.get(at + 1), Ends::Never);
        }
    }
    client.reply().integer(are_new.into());
    Ok(())
}

pub(super) fn getset(client: &mut Client, mut db: Db, mut stats: ResMut<Stats>, request: &Request) -> Done {
    let key = request.get(1);
    let old = db.keys().get(key);
    stats.read_to_change(client, old.is_some());
    client.reply().bulk_or_nil(old);
    db.set(key, request.get(2), Ends::Never);
    Ok(())
}

pub(super) fn getdel(client: &mut Client, mut db: Db, mut stats: ResMut<Stats>, request: &Request) -> Done {
    let value = db.remove(request.get(1));
    stats.read_to_change(client, value.is_some());
    client.reply().bulk_or_nil(value.as_deref());
    Ok(())
}

pub(super) fn append(client: &mut Client, mut db: Db, limits: Res<Limits>, request: &Request) -> Done {
    let (key, more) = (request.get(1), request.get(2));
    let length = db.keys().get(key).map_or(0, <[u8]>::len);
    if length + more.len() > longest(client, &limits) {
        return Err(CommandError::ValueTooLong);
    }
    let length = db.update(key, |value| {
        value.extend_from_slice(more);
        value.len()
    });
    client.reply().count(length);
    Ok(())
}

pub(super) fn incr(client: &mut Client, db: Db, request: &Request) -> Done {
    add(client, db, request.get(1), 1)
}

pub(super) fn decr(client: &mut Client, db: Db, request: &Request) -> Done {
    add(client, db, request.get(1), -1)
}

pub(super) fn incrby(client: &mut Client, db: Db, request: &Request) -> Done {
    let by = number::parse(request.get(2)).ok_or(CommandError::NotAnInteger)?;
    add(client, db, request.get(1), by)
}

pub(super) fn incrbyfloat(client: &mut Client, mut db: Db, request: &Request) -> Done {
    let key = request.get(1);
    let old = Float::parse(db.keys().get(key).unwrap_or(b"0")).ok_or(CommandError::NotAFloat)?;
    let by = Float::parse(request.get(2)).ok_or(CommandError::NotAFloat)?;
    let sum = old.add(by).ok_or(CommandError::NotFinite)?.text();
    db.update(key, |value| {
        value.clear();
        value.extend_from_slice(sum.as_bytes());
    });
    client.reply().bulk(sum.as_bytes());
    Ok(())
}

pub(super) fn decrby(client: &mut Client, db: Db, request: &Request) -> Done {
    let by = number::parse(request.get(2)).ok_or(CommandError::NotAnInteger)?;
    add(client, db, request.get(1), by.checked_neg().ok_or(CommandError::DecrementOverflow)?)
}

/// Adds to a number that is stored as text. A missing number is 0; an invalid one is left as it is.
fn add(client: &mut Client, mut db: Db, key: &[u8], by: i64) -> Done {
    let old = match db.keys().get(key) {
        Some(text) => number::parse(text).ok_or(CommandError::NotAnInteger)?,
        None => 0,
    };
    let sum = old.checked_add(by).ok_or(CommandError::Overflow)?;
    db.update(key, |value| {
        value.clear();
        value.extend_from_slice(itoa::Buffer::new().format(sum).as_bytes());
    });
    client.reply().integer(sum);
    Ok(())
}
