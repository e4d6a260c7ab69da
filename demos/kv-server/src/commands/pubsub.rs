//! SUBSCRIBE, PSUBSCRIBE, PUBLISH and PUBSUB.

use nexus_rt::connections::{ConnectionId, Connections};
use nexus_rt::{Param, Res, ResMut};

use super::{Done, is_too_much};
use crate::channels::Subscriptions::{self, Channels as OfChannels, Patterns as OfPatterns, Shards as OfShards};
use crate::channels::{Because, Channels};
use crate::error::CommandError;
use crate::glob;
use crate::limits::Limits;
use crate::replies::{Protocol, Replies};
use crate::request::Request;
use crate::session::{Client, Reply, Session, own_id};

/// The names that clients subscribe to, and the limits on what one request for them may cost.
#[derive(Param)]
pub(super) struct Names<'w> {
    channels: ResMut<'w, Channels>,
    limits: Res<'w, Limits>,
}

impl Names<'_> {
    /// Returns whether the server will disconnect the client, for its replies or for the memory of its subscriptions.
    fn are_too_many(&self, client: &Client) -> bool {
        is_too_much(client, &self.limits) || client.state.holds() > self.limits.buffers
    }
}

pub(super) fn subscribe(client: &mut Client, names: Names<'_>, request: &Request) -> Done {
    add(client, names, OfChannels, request)
}

pub(super) fn psubscribe(client: &mut Client, names: Names<'_>, request: &Request) -> Done {
    add(client, names, OfPatterns, request)
}

fn add(client: &mut Client, mut names: Names<'_>, to: Subscriptions, request: &Request) -> Done {
    let what = word(to, false);
    for name in request.from(1) {
        if names.are_too_many(client) {
            break;
        }
        if !client.state.of(to).contains(name) {
            let name = names.channels.subscribe(to, name, own_id(client));
            client.state.subscribe(to, name);
        }
        confirm(client, to, what, Some(name));
    }
    client.charge(client.state.holds());
    Ok(())
}

/// Returns the first word of the reply that confirms a subscription or its end.
fn word(to: Subscriptions, ends: bool) -> &'static str {
    match (to, ends) {
        (OfChannels, false) => "subscribe",
        (OfChannels, true) => "unsubscribe",
        (OfPatterns, false) => "psubscribe",
        (OfPatterns, true) => "punsubscribe",
        (OfShards, false) => "ssubscribe",
        (OfShards, true) => "sunsubscribe",
    }
}

pub(super) fn ssubscribe(client: &mut Client, names: Names<'_>, request: &Request) -> Done {
    if client.state.executes > 0 {
        return Err(CommandError::ShardInMulti);
    }
    add(client, names, OfShards, request)
}

pub(super) fn sunsubscribe(client: &mut Client, names: Names<'_>, request: &Request) -> Done {
    remove(client, names, OfShards, request)
}

pub(super) fn unsubscribe(client: &mut Client, names: Names<'_>, request: &Request) -> Done {
    remove(client, names, OfChannels, request)
}

pub(super) fn punsubscribe(client: &mut Client, names: Names<'_>, request: &Request) -> Done {
    remove(client, names, OfPatterns, request)
}

fn remove(client: &mut Client, mut names: Names<'_>, to: Subscriptions, request: &Request) -> Done {
    let what = word(to, true);
    if request.len() == 1 {
        if client.state.of(to).is_empty() {
            confirm(client, to, what, None);
        }
        while let Some(name) = client.state.of(to).first().cloned() {
            client.state.unsubscribe(to, &name);
            names.channels.unsubscribe(to, &name, own_id(client));
            confirm(client, to, what, Some(&name));
        }
    }
    for name in request.from(1) {
        if names.are_too_many(client) {
            break;
        }
        if client.state.unsubscribe(to, name) {
            names.channels.unsubscribe(to, name, own_id(client));
        }
        confirm(client, to, what, Some(name));
    }
    client.charge(client.state.holds());
    Ok(())
}

/// Confirms a subscription or its end, with the number of channels and patterns, or of shard channels, that remain.
fn confirm(client: &mut Client, to: Subscriptions, what: &str, name: Option<&[u8]>) {
    let shards = client.state.shards.len();
    let count = if to == OfShards { shards } else { client.state.subscriptions() - shards };
    let mut replies = client.message();
    replies.push(3);
    replies.bulk(what.as_bytes());
    replies.bulk_or_nil(name);
    replies.count(count);
}

/// Ends all subscriptions of a client without telling it.
pub(crate) fn forget(client: &mut Client, channels: &mut Channels) {
    for to in [OfChannels, OfPatterns, OfShards] {
        while let Some(name) = client.state.of(to).first().cloned() {
            client.state.unsubscribe(to, &name);
            channels.unsubscribe(to, &name, own_id(client));
        }
    }
}

type Net<'w> = Option<ResMut<'w, Connections<Session>>>;

pub(super) fn publish(client: &mut Client, channels: Res<Channels>, net: Net, request: &Request) -> Done {
    hand_out(client, net, request, |channel, send| channels.receivers(channel, send))
}

pub(super) fn spublish(client: &mut Client, channels: Res<Channels>, net: Net, request: &Request) -> Done {
    hand_out(client, net, request, |channel, send| channels.receivers_of_shard(channel, send))
}

/// Sends a message to all its receivers, which `receivers` reports one by one. The publisher may be one of them, and
/// then gets the message before the reply.
fn hand_out(
    client: &mut Client,
    mut net: Net,
    request: &Request,
    receivers: impl FnOnce(&[u8], &mut dyn FnMut(ConnectionId, Because<'_>)) -> usize,
) -> Done {
    let (channel, message) = (request.get(1), request.get(2));
    let mut frame = Vec::new();
    // Most receivers get the same bytes as the one before.
    let mut written = None;
    let receivers = receivers(channel, &mut |id, because| {
        let Some(protocol) = protocol(client, net.as_deref(), id) else { return };
        let is_pattern = matches!(because, Because::Pattern(_));
        let is_same = !is_pattern && written == Some(protocol);
        if !is_same {
            frame.clear();
            write(&mut Replies::new(&mut frame, protocol), &because, channel, message);
            written = (!is_pattern).then_some(protocol);
        }
        if id == own_id(client) {
            client.send(&frame);
        } else if let Some(net) = &mut net {
            net.send(id, &frame);
        }
    });
    client.reply().count(receivers);
    Ok(())
}

/// Returns the version of the protocol that a client speaks. It may be the client that is being served.
fn protocol(client: &Client, net: Option<&Connections<Session>>, id: ConnectionId) -> Option<Protocol> {
    if id == own_id(client) {
        return Some(client.state.protocol);
    }
    Some(net?.client(id)?.state.protocol)
}

fn write(replies: &mut Replies<'_>, because: &Because<'_>, channel: &[u8], message: &[u8]) {
    match because {
        Because::Channel | Because::Shard => {
            replies.push(3);
            replies.bulk(if matches!(because, Because::Shard) { b"smessage" } else { b"message" });
        }
        Because::Pattern(pattern) => {
            replies.push(4);
            replies.bulk(b"pmessage");
            replies.bulk(pattern);
        }
    }
    replies.bulk(channel);
    replies.bulk(message);
}

/// The reply to PUBSUB HELP.
const HELP: &[&str] = &[
    "PUBSUB <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
    "CHANNELS [<pattern>]",
    "    Return the currently active channels matching a <pattern> (default: '*').",
    "NUMPAT",
    "    Return number of subscriptions to patterns.",
    "NUMSUB [<channel> ...]",
    "    Return the number of subscribers for the specified channels, excluding",
    "    pattern subscriptions(default: no channels).",
    "SHARDCHANNELS [<pattern>]",
    "    Return the currently active shard level channels matching a <pattern> (default: '*').",
    "SHARDNUMSUB [<shardchannel> ...]",
    "    Return the number of subscribers for the specified shard level channel(s)",
    "HELP",
    "    Prints this help.",
];

pub(super) fn pubsub(client: &mut Client, channels: Res<Channels>, request: &Request) -> Done {
    let subcommand = request.get(1).to_ascii_lowercase();
    let mut replies = client.reply();
    let of_shards = subcommand.starts_with(b"shard");
    let subscribers = channels.subscribers(of_shards);
    match (&*subcommand, request.len()) {
        (b"channels" | b"shardchannels", 2..=3) => {
            let pattern = request.from(2).next().unwrap_or(b"*");
            let names: Vec<_> = subscribers.keys().filter(|name| glob::matches(pattern, name)).collect();
            replies.array(names.len());
            names.iter().for_each(|name| replies.bulk(name));
        }
        (b"numpat", 2) => replies.count(channels.patterns()),
        (b"numsub" | b"shardnumsub", _) => {
            replies.array(2 * (request.len() - 2));
            for name in request.from(2) {
                replies.bulk(name);
                replies.count(subscribers.get(name).map_or(0, Vec::len));
            }
        }
        (b"help", 2) => {
            replies.array(HELP.len());
            HELP.iter().for_each(|line| replies.simple(line));
        }
        (b"channels" | b"shardchannels", _) => {
            return Err(CommandError::Subcommand { name: request.get(1).into(), of: "PUBSUB" });
        }
        (b"numpat", _) => return Err(CommandError::Arity("pubsub|numpat")),
        (b"help", _) => return Err(CommandError::Arity("pubsub|help")),
        _ => return Err(CommandError::UnknownSubcommand { name: request.get(1).into(), of: "PUBSUB" }),
    }
    Ok(())
}
