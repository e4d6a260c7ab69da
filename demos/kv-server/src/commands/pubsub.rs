//! SUBSCRIBE, PSUBSCRIBE, PUBLISH and PUBSUB.

use nexus_rt::connections::{ConnectionId, Connections};
use nexus_rt::{Res, ResMut};

use super::Done;
use crate::channels::Subscriptions::{self, Channels as OfChannels, Patterns as OfPatterns};
use crate::channels::{Because, Channels};
use crate::error::CommandError;
use crate::glob;
use crate::replies::{Protocol, Replies};
use crate::request::Request;
use crate::session::{Client, Reply, Session};

pub(super) fn subscribe(client: &mut Client, channels: ResMut<Channels>, request: &Request) -> Done {
    add(client, channels, OfChannels, request)
}

pub(super) fn psubscribe(client: &mut Client, channels: ResMut<Channels>, request: &Request) -> Done {
    add(client, channels, OfPatterns, request)
}

fn add(client: &mut Client, mut channels: ResMut<Channels>, to: Subscriptions, request: &Request) -> Done {
    let what = if to == OfChannels { "subscribe" } else { "psubscribe" };
    for name in request.from(1) {
        if !client.state.of(to).contains(name) {
            let name = channels.subscribe(to, name, client.id());
            client.state.subscribe(to, name);
        }
        confirm(client, what, Some(name));
    }
    client.charge(client.state.holds());
    Ok(())
}

pub(super) fn unsubscribe(client: &mut Client, channels: ResMut<Channels>, request: &Request) -> Done {
    remove(client, channels, OfChannels, request)
}

pub(super) fn punsubscribe(client: &mut Client, channels: ResMut<Channels>, request: &Request) -> Done {
    remove(client, channels, OfPatterns, request)
}

fn remove(client: &mut Client, mut channels: ResMut<Channels>, to: Subscriptions, request: &Request) -> Done {
    let what = if to == OfChannels { "unsubscribe" } else { "punsubscribe" };
    if request.len() == 1 {
        if client.state.of(to).is_empty() {
            confirm(client, what, None);
        }
        while let Some(name) = client.state.of(to).first().cloned() {
            client.state.unsubscribe(to, &name);
            channels.unsubscribe(to, &name, client.id());
            confirm(client, what, Some(&name));
        }
    }
    for name in request.from(1) {
        if client.state.unsubscribe(to, name) {
            channels.unsubscribe(to, name, client.id());
        }
        confirm(client, what, Some(name));
    }
    client.charge(client.state.holds());
    Ok(())
}

/// Says how many channels and patterns the client has subscribed to now.
fn confirm(client: &mut Client, what: &str, name: Option<&[u8]>) {
    let count = client.state.subscriptions();
    let mut replies = client.reply();
    replies.push(3);
    replies.bulk(what.as_bytes());
    replies.bulk_or_nil(name);
    replies.count(count);
}

/// Forgets what a client has subscribed to, which is not told.
pub(crate) fn forget(client: &mut Client, channels: &mut Channels) {
    for to in [OfChannels, OfPatterns] {
        while let Some(name) = client.state.of(to).first().cloned() {
            client.state.unsubscribe(to, &name);
            channels.unsubscribe(to, &name, client.id());
        }
    }
}

pub(super) fn publish(
    client: &mut Client,
    channels: Res<Channels>,
    mut net: Option<ResMut<Connections<Session>>>,
    request: &Request,
) -> Done {
    let (channel, message) = (request.get(1), request.get(2));
    let mut frame = Vec::new();
    // Most are sent the same as the one before.
    let mut written = None;
    let receivers = channels.receivers(channel, |id, because| {
        let Some(protocol) = protocol(client, net.as_deref(), id) else { return };
        let is_same = matches!(because, Because::Channel) && written == Some(protocol);
        if !is_same {
            frame.clear();
            write(&mut Replies::new(&mut frame, protocol), &because, channel, message);
            written = matches!(because, Because::Channel).then_some(protocol);
        }
        if id == client.id() {
            client.send(&frame);
        } else if let Some(net) = &mut net {
            net.send(id, &frame);
        }
    });
    client.reply().count(receivers);
    Ok(())
}

/// The version of the protocol that a client speaks, which may be the one that is served.
fn protocol(client: &Client, net: Option<&Connections<Session>>, id: ConnectionId) -> Option<Protocol> {
    if id == client.id() {
        return Some(client.state.protocol);
    }
    Some(net?.client(id)?.state.protocol)
}

fn write(replies: &mut Replies<'_>, because: &Because<'_>, channel: &[u8], message: &[u8]) {
    match because {
        Because::Channel => {
            replies.push(3);
            replies.bulk(b"message");
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

/// What PUBSUB HELP says.
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
    match (&*subcommand, request.len()) {
        (b"channels", 2..=3) => {
            let pattern = request.from(2).next().unwrap_or(b"*");
            let names: Vec<_> = channels.names().filter(|name| glob::matches(pattern, name)).collect();
            replies.array(names.len());
            names.iter().for_each(|name| replies.bulk(name));
        }
        (b"numpat", 2) => replies.count(channels.patterns()),
        // Nobody subscribes to shards here.
        (b"numsub" | b"shardnumsub", _) => {
            replies.array(2 * (request.len() - 2));
            for name in request.from(2) {
                replies.bulk(name);
                replies.count(if *subcommand == *b"numsub" { channels.subscribers(name) } else { 0 });
            }
        }
        (b"shardchannels", 2..=3) => replies.array(0),
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
