//! Specs: the name of each command, its number of arguments, and which of these are keys.

use super::subcommands;
use crate::request::Request;

/// The fixed properties of a command or a subcommand.
#[derive(Debug, PartialEq, Eq)]
pub struct Spec {
    /// The name in lower case; for a subcommand, without the command's name.
    pub name: &'static str,
    /// For a subcommand, the command's name, a bar and the name; otherwise the name.
    pub full_name: &'static str,
    /// The number of arguments, including the name. If negative, the least number.
    pub arity: i8,
    /// The flags that COMMAND reports.
    pub flags: &'static [&'static str],
    /// The first and the last argument that is a key; 0 if there is none. A last one of -1 is the last argument.
    pub keys: (u8, i8),
    /// The distance from one key to the next.
    pub step: u8,
    /// The subcommands, if the first argument is the name of one.
    pub subcommands: &'static [Spec],
    /// The properties from the flags, one bit each.
    bits: u8,
}

/// It may need more memory than before.
const GROWS: u8 = 1;
/// A client that waits for messages may use it.
const SUBSCRIBED: u8 = 2;
/// A client that has not given its password may use it.
const FOR_STRANGERS: u8 = 4;
/// It changes keys.
const WRITES: u8 = 8;
/// Its time depends on the length of its arguments, not on the number of keys.
const QUICK: u8 = 16;
/// Monitors do not see it.
const PRIVATE: u8 = 32;
/// It is a subcommand.
const SUBCOMMAND: u8 = 64;
/// It has subcommands.
const CONTAINER: u8 = 128;

/// Every command, in the order of names.
pub(super) const ALL: &[Spec] = &[
    Spec::new("append", 3, &["write", "denyoom", "fast"]).key(),
    Spec::new("asking", 1, &["fast"]),
    Spec::new("auth", -2, &["noscript", "loading", "stale", "fast", "no_auth", "allow_busy"]),
    Spec::new("bgrewriteaof", 1, &["admin", "noscript", "no_async_loading"]),
    Spec::new("client", -2, &[]).of(subcommands::CLIENT),
    Spec::new("cluster", -2, &[]).of(subcommands::CLUSTER),
    Spec::new("command", -1, &["loading", "stale"]).of(subcommands::COMMAND),
    Spec::new("config", -2, &[]).of(subcommands::CONFIG),
    Spec::new("copy", -3, &["write", "denyoom"]).two(),
    Spec::new("dbsize", 1, &["readonly", "fast"]),
    Spec::new("decr", 2, &["write", "denyoom", "fast"]).key(),
    Spec::new("decrby", 3, &["write", "denyoom", "fast"]).key(),
    Spec::new("del", -2, &["write"]).every(1),
    Spec::new("discard", 1, &["noscript", "loading", "stale", "fast", "allow_busy"]),
    Spec::new("echo", 2, &["loading", "stale", "fast"]),
    Spec::new("exec", 1, &["noscript", "loading", "stale", "skip_slowlog"]),
    Spec::new("exists", -2, &["readonly", "fast"]).every(1),
    Spec::new("expire", -3, &["write", "fast"]).key(),
    Spec::new("expireat", -3, &["write", "fast"]).key(),
    Spec::new("expiretime", 2, &["readonly", "fast"]).key(),
    Spec::new("flushall", -1, &["write"]),
    Spec::new("flushdb", -1, &["write"]),
    Spec::new("get", 2, &["readonly", "fast"]).key(),
    Spec::new("getdel", 2, &["write", "fast"]).key(),
    Spec::new("getex", -2, &["write", "fast"]).key(),
    Spec::new("getrange", 4, &["readonly"]).key(),
    Spec::new("getset", 3, &["write", "denyoom", "fast"]).key(),
    Spec::new("hello", -1, &["noscript", "loading", "stale", "fast", "no_auth", "allow_busy"]),
    Spec::new("incr", 2, &["write", "denyoom", "fast"]).key(),
    Spec::new("incrby", 3, &["write", "denyoom", "fast"]).key(),
    Spec::new("incrbyfloat", 3, &["write", "denyoom", "fast"]).key(),
    Spec::new("info", -1, &["loading", "stale"]),
    Spec::new("keys", 2, &["readonly"]),
    Spec::new("latency", -2, &[]).of(subcommands::LATENCY),
    Spec::new("lcs", -3, &["readonly"]).two(),
    Spec::new("mget", -2, &["readonly", "fast"]).every(1),
    Spec::new("monitor", 1, &["admin", "noscript", "loading", "stale"]),
    Spec::new("move", 3, &["write", "fast"]).key(),
    Spec::new("mset", -3, &["write", "denyoom"]).every(2),
    Spec::new("msetnx", -3, &["write", "denyoom"]).every(2),
    Spec::new("multi", 1, &["noscript", "loading", "stale", "fast", "allow_busy"]),
    Spec::new("object", -2, &[]).of(subcommands::OBJECT),
    Spec::new("persist", 2, &["write", "fast"]).key(),
    Spec::new("pexpire", -3, &["write", "fast"]).key(),
    Spec::new("pexpireat", -3, &["write", "fast"]).key(),
    Spec::new("pexpiretime", 2, &["readonly", "fast"]).key(),
    Spec::new("ping", -1, &["fast"]),
    Spec::new("psetex", 4, &["write", "denyoom"]).key(),
    Spec::new("psubscribe", -2, &["pubsub", "noscript", "loading", "stale"]),
    Spec::new("pttl", 2, &["readonly", "fast"]).key(),
    Spec::new("publish", 3, &["pubsub", "loading", "stale", "fast"]),
    Spec::new("pubsub", -2, &[]).of(subcommands::PUBSUB),
    Spec::new("punsubscribe", -1, &["pubsub", "noscript", "loading", "stale"]),
    Spec::new("quit", -1, &["noscript", "loading", "stale", "fast", "no_auth", "allow_busy"]),
    Spec::new("randomkey", 1, &["readonly"]),
    Spec::new("readonly", 1, &["loading", "stale", "fast"]),
    Spec::new("readwrite", 1, &["loading", "stale", "fast"]),
    Spec::new("rename", 3, &["write"]).two(),
    Spec::new("renamenx", 3, &["write", "fast"]).two(),
    Spec::new("reset", 1, &["noscript", "loading", "stale", "fast", "no_auth", "allow_busy"]),
    Spec::new("role", 1, &["noscript", "loading", "stale", "fast"]),
    Spec::new("scan", -2, &["readonly"]),
    Spec::new("select", 2, &["loading", "stale", "fast"]),
    Spec::new("set", -3, &["write", "denyoom"]).key(),
    Spec::new("setex", 4, &["write", "denyoom"]).key(),
    Spec::new("setnx", 3, &["write", "denyoom", "fast"]).key(),
    Spec::new("setrange", 4, &["write", "denyoom"]).key(),
    Spec::new("shutdown", -1, &["admin", "noscript", "loading", "stale", "no_multi", "allow_busy"]),
    Spec::new("slowlog", -2, &[]).of(subcommands::SLOWLOG),
    Spec::new("spublish", 3, &["pubsub", "loading", "stale", "fast"]).key(),
    Spec::new("ssubscribe", -2, &["pubsub", "noscript", "loading", "stale"]).every(1),
    Spec::new("strlen", 2, &["readonly", "fast"]).key(),
    Spec::new("subscribe", -2, &["pubsub", "noscript", "loading", "stale"]),
    Spec::new("substr", 4, &["readonly"]).key(),
    Spec::new("sunsubscribe", -1, &["pubsub", "noscript", "loading", "stale"]).every(1),
    Spec::new("swapdb", 3, &["write", "fast"]),
    Spec::new("time", 1, &["loading", "stale", "fast"]),
    Spec::new("touch", -2, &["readonly", "fast"]).every(1),
    Spec::new("ttl", 2, &["readonly", "fast"]).key(),
    Spec::new("type", 2, &["readonly", "fast"]).key(),
    Spec::new("unlink", -2, &["write", "fast"]).every(1),
    Spec::new("unsubscribe", -1, &["pubsub", "noscript", "loading", "stale"]),
    Spec::new("unwatch", 1, &["noscript", "loading", "stale", "fast", "allow_busy"]),
    Spec::new("wait", 3, &["noscript"]),
    Spec::new("watch", -2, &["noscript", "loading", "stale", "fast", "allow_busy"]).every(1),
];

/// Returns the spec of a command that exists.
pub(super) fn named(name: &str) -> &'static Spec {
    ALL.iter().find(|spec| spec.name == name).expect("each command has a spec")
}

/// Finds a subcommand of a command.
pub(super) fn subcommand(command: &'static Spec, name: &[u8]) -> Option<&'static Spec> {
    command.subcommands.iter().find(|spec| spec.name.as_bytes().eq_ignore_ascii_case(name))
}

/// Returns the spec of a request whose command is known.
pub(super) fn of(command: usize, request: &Request) -> &'static Spec {
    let spec = &ALL[command];
    request.from(1).next().and_then(|name| subcommand(spec, name)).unwrap_or(spec)
}

/// Returns whether a command of this arity takes this number of arguments, including its name.
#[inline]
pub(super) fn takes(arity: i8, arguments: usize) -> bool {
    let least = usize::from(arity.unsigned_abs());
    if arity < 0 { arguments >= least } else { arguments == least }
}

impl Spec {
    const fn new(name: &'static str, arity: i8, flags: &'static [&'static str]) -> Self {
        let bits = bits(name, flags);
        Self { name, full_name: name, arity, flags, keys: (0, 0), step: 0, subcommands: &[], bits }
    }

    /// Creates a subcommand from its full name.
    pub(super) const fn sub(full_name: &'static str, arity: i8, flags: &'static [&'static str]) -> Self {
        let mut bar = 0;
        while full_name.as_bytes()[bar] != b'|' {
            bar += 1;
        }
        let mut sub = Self::new(full_name, arity, flags);
        sub.name = full_name.split_at(bar + 1).1;
        sub.bits = (sub.bits | SUBCOMMAND) & !QUICK;
        sub
    }

    /// Declares that the second argument is a key.
    pub(super) const fn second(self) -> Self {
        Self { keys: (2, 2), step: 1, ..self }
    }

    /// Declares the subcommands of the command.
    const fn of(mut self, subcommands: &'static [Self]) -> Self {
        self.subcommands = subcommands;
        self.bits |= CONTAINER;
        self
    }

    /// Declares that the first argument is a key.
    const fn key(self) -> Self {
        Self { keys: (1, 1), step: 1, ..self }
    }

    /// Declares that the first and the second argument are keys.
    const fn two(self) -> Self {
        Self { keys: (1, 2), step: 1, ..self }
    }

    /// Declares that every argument, or every second one, is a key.
    const fn every(self, step: u8) -> Self {
        Self { keys: (1, -1), step, ..self }
    }

    /// Returns whether it takes this number of arguments, including its name.
    #[inline]
    #[must_use]
    pub fn takes(&self, arguments: usize) -> bool {
        takes(self.arity, arguments)
    }

    /// Returns whether it may need more memory than before.
    #[inline]
    #[must_use]
    pub fn grows(&self) -> bool {
        self.bits & GROWS != 0
    }

    /// Returns whether a client that waits for messages may use it.
    #[must_use]
    pub fn while_subscribed(&self) -> bool {
        self.bits & SUBSCRIBED != 0
    }

    /// Returns whether a client that has not given its password may use it.
    #[must_use]
    pub fn for_strangers(&self) -> bool {
        self.bits & FOR_STRANGERS != 0
    }

    /// Returns whether it changes keys.
    #[must_use]
    pub fn writes(&self) -> bool {
        self.bits & WRITES != 0
    }

    /// Returns whether its time depends on the length of its arguments, not on the number of keys.
    #[inline]
    #[must_use]
    pub(super) fn is_quick(&self) -> bool {
        self.bits & QUICK != 0
    }

    /// Returns whether monitors do not see it.
    pub(super) fn is_private(&self) -> bool {
        self.bits & PRIVATE != 0
    }

    /// Returns whether it has subcommands.
    #[inline]
    pub(super) fn is_container(&self) -> bool {
        self.bits & CONTAINER != 0
    }

    /// Returns whether a meter counts it alone, since it neither is a subcommand nor has some.
    pub(crate) fn is_metered(&self) -> bool {
        self.bits & (SUBCOMMAND | CONTAINER) == 0
    }

    /// Returns whether it runs at once, even if the client has begun a transaction.
    #[must_use]
    pub fn in_transaction(&self) -> bool {
        matches!(self.full_name, "multi" | "exec" | "discard" | "watch" | "quit" | "reset")
    }

    /// Returns the keys among the arguments of a request.
    #[inline]
    pub fn keys<'a>(&self, request: &'a Request) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let (first, last) = (usize::from(self.keys.0), self.keys.1);
        let end = if last < 0 { request.len() } else { usize::from(last.unsigned_abs()) + 1 };
        (first..end).step_by(usize::from(self.step).max(1)).filter(move |at| *at > 0).map(|at| request.get(at))
    }
}

/// Returns the bits for the flags of a command.
const fn bits(name: &str, flags: &[&str]) -> u8 {
    let meant = [
        ("denyoom", GROWS),
        ("no_auth", FOR_STRANGERS),
        ("write", WRITES),
        ("fast", QUICK),
        ("admin", PRIVATE),
        ("skip_monitor", PRIVATE),
    ];
    let mut bits = if is_one_of(name, &["set"]) { QUICK } else { 0 };
    // SUBSCRIBE, PUNSUBSCRIBE and so on.
    let subscribes = name.len() >= 9 && is_one_of(name.split_at(name.len() - 9).1, &["subscribe"]);
    if subscribes || is_one_of(name, &["ping", "quit", "reset"]) {
        bits |= SUBSCRIBED;
    }
    let mut at = 0;
    while at < meant.len() {
        if is_one_of(meant[at].0, flags) {
            bits |= meant[at].1;
        }
        at += 1;
    }
    bits
}

const fn is_one_of(name: &str, names: &[&str]) -> bool {
    let mut at = 0;
    while at < names.len() {
        let (name, other) = (name.as_bytes(), names[at].as_bytes());
        let mut same = if name.len() == other.len() { 0 } else { usize::MAX };
        while same < name.len() && name[same] == other[same] {
            same += 1;
        }
        if same == name.len() {
            return true;
        }
        at += 1;
    }
    false
}

/// Finds specs by name, in any case; a resource.
#[derive(Debug)]
pub struct Specs {
    /// Names, packed into words, with their numbers. Each is at its [place], or after it if that is taken. Most slots
    /// are free.
    slots: Box<[(u128, usize); SLOTS]>,
}

/// Far more than there are commands, so that most names are found at once.
const SLOTS: usize = 256;
const _: () = assert!(ALL.len() < SLOTS / 2);

/// Returns where to look for a name first.
#[inline]
fn place(name: u128) -> u8 {
    let [low, high] = [name, name >> 64].map(|half| half as u64);
    ((low ^ high).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8
}

impl Default for Specs {
    fn default() -> Self {
        let mut slots = Box::new([(0, 0); SLOTS]);
        for (number, spec) in ALL.iter().enumerate() {
            let name = packed(spec.name.as_bytes()).expect("names are short");
            let mut at = place(name);
            while slots[usize::from(at)].0 != 0 {
                at = at.wrapping_add(1);
            }
            slots[usize::from(at)] = (name, number);
        }
        Self { slots }
    }
}

impl Specs {
    /// Every command, in the order of names.
    pub(crate) const ALL: &[Spec] = ALL;
    /// The number of commands.
    pub(crate) const COUNT: usize = ALL.len();

    /// Finds a command and its number.
    #[inline]
    #[must_use]
    pub fn find(&self, name: &[u8]) -> Option<(usize, &'static Spec)> {
        let name = packed(name)?;
        let mut at = place(name);
        loop {
            match self.slots[usize::from(at)] {
                (known, number) if known == name => return Some((number, &ALL[number])),
                (0, _) => return None,
                _ => at = at.wrapping_add(1),
            }
        }
    }
}

/// Packs a name in lower case into one word with its length. Returns `None` if it is empty or too long for any command.
#[inline]
fn packed(name: &[u8]) -> Option<u128> {
    let mut bytes = [0; 16];
    let length = u8::try_from(name.len()).ok().filter(|length| (1..16).contains(length))?;
    bytes[15] = length;
    bytes[..name.len()].copy_from_slice(name);
    bytes[..15].make_ascii_lowercase();
    Some(u128::from_le_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_any_case_and_no_other_is() {
        let specs = Specs::default();
        for spec in ALL {
            let upper = spec.name.to_uppercase();
            assert_eq!(specs.find(spec.name.as_bytes()).map(|(_, found)| found.name), Some(spec.name));
            assert_eq!(specs.find(upper.as_bytes()).map(|(_, found)| found.name), Some(spec.name));
            assert_eq!(specs.find(format!("{upper}\0").as_bytes()), None);
        }
        for name in ["", "g", "gett", "a name that is longer than any", "\0\0\0"] {
            assert_eq!(specs.find(name.as_bytes()), None);
        }
        assert!(ALL.is_sorted_by_key(|spec| spec.name));
    }
}
