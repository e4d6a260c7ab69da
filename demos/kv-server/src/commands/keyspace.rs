//! DEL, KEYS, SCAN and what else there is to do with keys.

use nexus_rt::{Res, ResMut};

use super::Done;
use crate::error::CommandError;
use crate::glob;
use crate::keys::{Db, Keys};
use crate::limits::Limits;
use crate::number;
use crate::replies::{Protocol, Replies};
use crate::request::Request;
use crate::session::Client;
use crate::session::Reply;
use crate::stats::Stats;

pub(super) fn del(client: &mut Client, mut db: Db, request: &Request) -> Done {
    let removed = request.from(1).filter(|key| db.remove(key).is_some()).count();
    client.reply().count(removed);
    Ok(())
}

pub(super) fn exists(client: &mut Client, keys: Res<Keys>, mut stats: ResMut<Stats>, request: &Request) -> Done {
    let found = request.from(1).filter(|key| keys.contains(key)).count();
    stats.hits += found as u64;
    stats.misses += (request.len() - 1 - found) as u64;
    client.reply().count(found);
    Ok(())
}

pub(super) fn type_of(client: &mut Client, keys: Res<Keys>, request: &Request) -> Done {
    client.reply().simple(if keys.contains(request.get(1)) { "string" } else { "none" });
    Ok(())
}

pub(super) fn dbsize(client: &mut Client, keys: Res<Keys>, _: &Request) -> Done {
    client.reply().count(keys.len());
    Ok(())
}

pub(super) fn flushall(client: &mut Client, mut db: Db, request: &Request) -> Done {
    let how = request.from(1).next().unwrap_or(b"sync");
    if request.len() > 2 || !(how.eq_ignore_ascii_case(b"sync") || how.eq_ignore_ascii_case(b"async")) {
        return Err(CommandError::Syntax);
    }
    db.clear();
    client.reply().ok();
    Ok(())
}

pub(super) fn keys(client: &mut Client, keys: Res<Keys>, limits: Res<Limits>, request: &Request) -> Done {
    let pattern = request.get(1);
    let mut found = Found::new(&limits);
    keys.iter().filter(|key| glob::matches(pattern, key)).for_each(|key| found.add(key));
    found.reply(&mut client.reply());
    Ok(())
}

pub(super) fn scan(client: &mut Client, keys: Res<Keys>, limits: Res<Limits>, request: &Request) -> Done {
    let cursor = cursor(request.get(1)).ok_or(CommandError::InvalidCursor)?;
    let (mut pattern, mut count, mut strings) = (&b"*"[..], 10, true);
    let mut arguments = request.from(2);
    while let Some(option) = arguments.next() {
        let value = arguments.next().ok_or(CommandError::Syntax)?;
        match option.to_ascii_uppercase().as_slice() {
            b"MATCH" => pattern = value,
            b"TYPE" => strings = value.eq_ignore_ascii_case(b"string"),
            b"COUNT" => {
                let number = number::parse(value).ok_or(CommandError::NotAnInteger)?;
                count = usize::try_from(number).ok().filter(|count| *count > 0).ok_or(CommandError::Syntax)?;
            }
            _ => return Err(CommandError::Syntax),
        }
    }
    let mut found = Found::new(&limits);
    let next = keys.scan(cursor, count, |key| {
        if strings && glob::matches(pattern, key) {
            found.add(key);
        }
    });
    client.reply().array(2);
    client.reply().bulk(itoa::Buffer::new().format(next).as_bytes());
    found.reply(&mut client.reply());
    Ok(())
}

/// A cursor, read as generously as Redis does: nothing is 0, and a negative one is beyond the end.
fn cursor(text: &[u8]) -> Option<usize> {
    match text {
        [] => Some(0),
        [b'-', digits @ ..] => cursor(digits).filter(|_| !digits.is_empty()).map(usize::wrapping_neg),
        digits if digits.iter().all(u8::is_ascii_digit) => std::str::from_utf8(digits).ok()?.parse().ok(),
        _ => None,
    }
}

/// Keys for a reply that begins with how many there are.
struct Found {
    count: usize,
    keys: Vec<u8>,
    most: usize,
}

impl Found {
    fn new(limits: &Limits) -> Self {
        Self { count: 0, keys: Vec::new(), most: limits.most_replies() }
    }

    /// Adds a key, unless they are more already than the client can be sent.
    fn add(&mut self, key: &[u8]) {
        if self.keys.len() <= self.most {
            self.count += 1;
            Replies::new(&mut self.keys, Protocol::Two).bulk(key);
        }
    }

    fn reply(self, replies: &mut Replies<'_>) {
        replies.array(self.count);
        replies.raw(&self.keys);
    }
}
