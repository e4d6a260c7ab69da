//! The subcommands of each command that has some, in the order of names.

use super::spec::Spec;
use crate::request::Request;

/// Subcommands of CLIENT.
pub(super) const CLIENT: &[Spec] = &[
    Spec::sub("client|caching", 3, &["noscript", "loading", "stale"]),
    Spec::sub("client|getname", 2, &["noscript", "loading", "stale"]),
    Spec::sub("client|getredir", 2, &["noscript", "loading", "stale"]),
    Spec::sub("client|help", 2, &["loading", "stale"]),
    Spec::sub("client|id", 2, &["noscript", "loading", "stale"]),
    Spec::sub("client|info", 2, &["noscript", "loading", "stale"]),
    Spec::sub("client|kill", -3, &["admin", "noscript", "loading", "stale"]),
    Spec::sub("client|list", -2, &["admin", "noscript", "loading", "stale"]),
    Spec::sub("client|no-evict", 3, &["admin", "noscript", "loading", "stale"]),
    Spec::sub("client|pause", -3, &["admin", "noscript", "loading", "stale"]),
    Spec::sub("client|reply", 3, &["noscript", "loading", "stale"]),
    Spec::sub("client|setname", 3, &["noscript", "loading", "stale"]),
    Spec::sub("client|tracking", -3, &["noscript", "loading", "stale"]),
    Spec::sub("client|trackinginfo", 2, &["noscript", "loading", "stale"]),
    Spec::sub("client|unblock", -3, &["admin", "noscript", "loading", "stale"]),
    Spec::sub("client|unpause", 2, &["admin", "noscript", "loading", "stale"]),
];

/// Subcommands of CLUSTER.
pub(super) const CLUSTER: &[Spec] = &[
    Spec::sub("cluster|countkeysinslot", 3, &["stale"]),
    Spec::sub("cluster|help", 2, &["loading", "stale"]),
    Spec::sub("cluster|info", 2, &["stale"]),
    Spec::sub("cluster|keyslot", 3, &["stale"]),
    Spec::sub("cluster|myid", 2, &["stale"]),
    Spec::sub("cluster|nodes", 2, &["stale"]),
    Spec::sub("cluster|shards", 2, &["stale"]),
    Spec::sub("cluster|slots", 2, &["stale"]),
];

/// Subcommands of COMMAND.
pub(super) const COMMAND: &[Spec] = &[
    Spec::sub("command|count", 2, &["loading", "stale"]),
    Spec::sub("command|docs", -2, &["loading", "stale"]),
    Spec::sub("command|getkeys", -4, &["loading", "stale"]),
    Spec::sub("command|getkeysandflags", -4, &["loading", "stale"]),
    Spec::sub("command|help", 2, &["loading", "stale"]),
    Spec::sub("command|info", -2, &["loading", "stale"]),
    Spec::sub("command|list", -2, &["loading", "stale"]),
];

/// Subcommands of CONFIG.
pub(super) const CONFIG: &[Spec] = &[
    Spec::sub("config|get", -3, &["admin", "noscript", "loading", "stale"]),
    Spec::sub("config|help", 2, &["loading", "stale"]),
    Spec::sub("config|resetstat", 2, &["admin", "noscript", "loading", "stale"]),
    Spec::sub("config|rewrite", 2, &["admin", "noscript", "loading", "stale"]),
    Spec::sub("config|set", -4, &["admin", "noscript", "loading", "stale"]),
];

/// Subcommands of LATENCY.
pub(super) const LATENCY: &[Spec] = &[
    Spec::sub("latency|doctor", 2, &["admin", "noscript", "loading", "stale"]),
    Spec::sub("latency|help", 2, &["loading", "stale"]),
    Spec::sub("latency|histogram", -2, &["admin", "noscript", "loading", "stale"]),
    Spec::sub("latency|history", 3, &["admin", "noscript", "loading", "stale"]),
    Spec::sub("latency|latest", 2, &["admin", "noscript", "loading", "stale"]),
    Spec::sub("latency|reset", -2, &["admin", "noscript", "loading", "stale"]),
];

/// Subcommands of OBJECT.
pub(super) const OBJECT: &[Spec] = &[
    Spec::sub("object|encoding", 3, &["readonly"]).second(),
    Spec::sub("object|freq", 3, &["readonly"]).second(),
    Spec::sub("object|help", 2, &["loading", "stale"]),
    Spec::sub("object|idletime", 3, &["readonly"]).second(),
    Spec::sub("object|refcount", 3, &["readonly"]).second(),
];

/// Subcommands of PUBSUB.
pub(super) const PUBSUB: &[Spec] = &[
    Spec::sub("pubsub|channels", -2, &["pubsub", "loading", "stale"]),
    Spec::sub("pubsub|help", 2, &["loading", "stale"]),
    Spec::sub("pubsub|numpat", 2, &["pubsub", "loading", "stale"]),
    Spec::sub("pubsub|numsub", -2, &["pubsub", "loading", "stale"]),
    Spec::sub("pubsub|shardchannels", -2, &["pubsub", "loading", "stale"]),
    Spec::sub("pubsub|shardnumsub", -2, &["pubsub", "loading", "stale"]),
];

/// Subcommands of SLOWLOG.
pub(super) const SLOWLOG: &[Spec] = &[
    Spec::sub("slowlog|get", -2, &["admin", "loading", "stale"]),
    Spec::sub("slowlog|help", 2, &["loading", "stale"]),
    Spec::sub("slowlog|len", 2, &["admin", "loading", "stale"]),
    Spec::sub("slowlog|reset", 2, &["admin", "loading", "stale"]),
];

/// Returns the name of the subcommand that a request asks for, or an empty name.
pub(super) fn name(all: &[Spec], request: &Request) -> &'static str {
    let named = |name: &[u8]| all.iter().find(|spec| spec.name.as_bytes().eq_ignore_ascii_case(name));
    request.from(1).next().and_then(named).map_or("", |spec| spec.name)
}
