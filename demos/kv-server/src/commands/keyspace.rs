//! DEL, KEYS, SCAN and the other commands that work with keys.

use memchr::memchr;
use nexus_rt::{Res, ResMut};

use super::Done;
use crate::db::Db;
use crate::error::CommandError;
use crate::glob;
use crate::keys::Keys;
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

pub(super) fn touch(client: &mut Client, keys: Res<Keys>, stats: ResMut<Stats>, request: &Request) -> Done {
    exists(client, keys, stats, request)
}

pub(super) fn randomkey(client: &mut Client, mut db: Db, _: &Request) -> Done {
    let key = db.any_key();
    client.reply().bulk_or_nil(key);
    Ok(())
}

pub(super) fn rename(client: &mut Client, mut db: Db, request: &Request) -> Done {
    let (from, to) = (request.get(1), request.get(2));
    let ends = db.keys().expiry_unix_ms(from).ok_or(CommandError::NoSuchKey)?;
    if from != to {
        let value = db.remove(from).unwrap_or_default();
        db.put(to, value, ends);
    }
    client.reply().ok();
    Ok(())
}

pub(super) fn renamenx(client: &mut Client, mut db: Db, request: &Request) -> Done {
    let (from, to) = (request.get(1), request.get(2));
    let ends = db.keys().expiry_unix_ms(from).ok_or(CommandError::NoSuchKey)?;
    let is_free = !db.keys().contains(to);
    if is_free {
        let value = db.remove(from).unwrap_or_default();
        db.put(to, value, ends);
    }
    client.reply().integer(is_free.into());
    Ok(())
}

pub(super) fn copy(client: &mut Client, mut db: Db, mut stats: ResMut<Stats>, request: &Request) -> Done {
    let mut replaces = false;
    let mut options = request.from(3);
    while let Some(option) = options.next() {
        match option.to_ascii_lowercase().as_slice() {
            b"replace" => replaces = true,
            b"db" if options.len() > 0 => database(options.next().unwrap_or_default())?,
            _ => return Err(CommandError::Syntax),
        }
    }
    let (from, to) = (request.get(1), request.get(2));
    if from == to {
        return Err(CommandError::SameObject);
    }
    let keys = db.keys();
    stats.read_to_change(client, keys.contains(from));
    let value = if replaces || !keys.contains(to) { keys.get(from).map(<[u8]>::to_vec) } else { None };
    let ends = keys.expiry_unix_ms(from).flatten();
    let copies = value.is_some();
    if let Some(value) = value {
        db.put(to, value.into(), ends);
    }
    client.reply().integer(copies.into());
    Ok(())
}

/// There is only one database, so a key cannot be moved to another.
pub(super) fn move_to(_: &mut Client, request: &Request) -> Done {
    database(request.get(2))?;
    Err(CommandError::SameObject)
}

/// Checks the number of a database.
pub(super) fn database(number: &[u8]) -> Result<(), CommandError> {
    match number::parse(number).map(i32::try_from) {
        Some(Ok(0)) => Ok(()),
        Some(Ok(_)) => Err(CommandError::DbIndex),
        Some(Err(_)) => Err(CommandError::NotAnInt),
        None => Err(CommandError::NotAnInteger),
    }
}

/// The reply to OBJECT HELP.
const HELP: &[&str] = &[
    "OBJECT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
    "ENCODING <key>",
    "    Return the kind of internal representation used in order to store the value",
    "    associated with a <key>.",
    "FREQ <key>",
    "    Return the access frequency index of the <key>. The returned integer is",
    "    proportional to the logarithm of the recent access frequency of the key.",
    "IDLETIME <key>",
    "    Return the idle time of the <key>, that is the approximated number of",
    "    seconds elapsed since the last access to the key.",
    "REFCOUNT <key>",
    "    Return the number of references of the value associated with the specified",
    "    <key>.",
    "HELP",
    "    Prints this help.",
];

/// Reports how Redis would store a value. (How the value came about is not recorded here, nor when it was last read.)
pub(super) fn object(client: &mut Client, keys: Res<Keys>, mut stats: ResMut<Stats>, request: &Request) -> Done {
    let subcommand = request.get(1).to_ascii_lowercase();
    let mut replies = client.reply();
    let value = match (&*subcommand, request.len()) {
        (b"help", 2) => {
            replies.array(HELP.len());
            HELP.iter().for_each(|line| replies.simple(line));
            return Ok(());
        }
        (b"encoding" | b"freq" | b"idletime" | b"refcount", 3) => keys.get(request.get(2)),
        (b"help", _) => return Err(CommandError::Arity("object|help")),
        (b"encoding", _) => return Err(CommandError::Arity("object|encoding")),
        (b"freq", _) => return Err(CommandError::Arity("object|freq")),
        (b"idletime", _) => return Err(CommandError::Arity("object|idletime")),
        (b"refcount", _) => return Err(CommandError::Arity("object|refcount")),
        _ => return Err(CommandError::UnknownSubcommand { name: request.get(1).into(), of: "object" }),
    };
    stats.read(value.is_some());
    let Some(value) = value else {
        replies.nil();
        return Ok(());
    };
    const EMBEDDED: usize = 44;
    let number = number::parse(value);
    match &*subcommand {
        b"encoding" if number.is_some() => replies.bulk(b"int"),
        b"encoding" => replies.bulk(if value.len() <= EMBEDDED { b"embstr" } else { b"raw" }),
        // Small numbers are shared by all keys that have them.
        b"refcount" => replies.integer(if matches!(number, Some(0..10_000)) { i32::MAX.into() } else { 1 }),
        b"freq" => return Err(CommandError::NoFrequency),
        _ => replies.integer(0),
    }
    Ok(())
}

pub(super) fn type_of(client: &mut Client, keys: Res<Keys>, mut stats: ResMut<Stats>, request: &Request) -> Done {
    let found = keys.contains(request.get(1));
    stats.read(found);
    client.reply().simple(if found { "string" } else { "none" });
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

/// Parses a cursor as generously as Redis does, by `strtoul` of C: an empty text is 0, a sign is allowed, a negative
/// number is beyond the end, and a zero byte ends the number.
fn cursor(text: &[u8]) -> Option<usize> {
    let text = &text[..memchr(0, text).unwrap_or(text.len())];
    let (negative, digits) = match text {
        [] => return Some(0),
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] | digits => (false, digits),
    };
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number: usize = std::str::from_utf8(digits).ok()?.parse().ok()?;
    Some(if negative { number.wrapping_neg() } else { number })
}

/// Keys for a reply that begins with their number.
struct Found {
    count: usize,
    keys: Vec<u8>,
    most: usize,
}

impl Found {
    fn new(limits: &Limits) -> Self {
        Self { count: 0, keys: Vec::new(), most: limits.most_replies() }
    }

    /// Adds a key, unless the keys already exceed what the client can be sent.
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
