//! HELLO, AUTH, RESET, PING, ECHO, SELECT and QUIT: commands about the connection itself.

use nexus_rt::{Res, ResMut};

use super::{Done, pubsub, transactions};
use crate::channels::Channels;
use crate::error::CommandError;
use crate::keys::Keys;
use crate::number;
use crate::replies::Protocol;
use crate::request::Request;
use crate::session::{Client, LEAVES, Marks, Reply, own_id};
use crate::settings::Options;
use crate::shared::Shared;
use crate::watch::Watch;

/// The only user.
const USER: &[u8] = b"default";

/// The version of Redis that this server reports.
pub(super) const VERSION: &str = "7.0.15";

pub(super) fn ping(client: &mut Client, request: &Request) -> Done {
    if request.len() > 2 {
        return Err(CommandError::Arity("ping"));
    }
    let text = request.from(1).next();
    match text {
        // In RESP2, only their form tells replies and messages apart, so a subscribed client is answered with a
        // message.
        _ if client.state.is_subscribed() && client.state.protocol == Protocol::Two => {
            client.reply().array(2);
            client.reply().bulk(b"pong");
            client.reply().bulk(text.unwrap_or_default());
        }
        Some(text) => client.reply().bulk(text),
        None => client.reply().simple("PONG"),
    }
    Ok(())
}

pub(super) fn echo(client: &mut Client, request: &Request) -> Done {
    client.reply().bulk(request.get(1));
    Ok(())
}

pub(super) fn select(client: &mut Client, request: &Request) -> Done {
    super::keyspace::database(request.get(1))?;
    client.reply().ok();
    Ok(())
}

pub(super) fn quit(client: &mut Client, _: &Request) -> Done {
    client.reply().ok();
    client.close(LEAVES);
    Ok(())
}

pub(super) fn auth(client: &mut Client, options: Res<Options>, request: &Request) -> Done {
    let (user, password) = match request.len() {
        2 if options.password.is_empty() => {
            return Err(CommandError::other(
                "ERR AUTH <password> called without any password configured for the default user. Are you sure your \
                 configuration is correct?",
            ));
        }
        2 => (USER, request.get(1)),
        3 => (request.get(1), request.get(2)),
        _ => return Err(CommandError::Syntax),
    };
    authenticate(client, &options, user, password)?;
    client.reply().ok();
    Ok(())
}

/// Lets a client in that sends the right user and the right password, or any password if none is needed.
fn authenticate(client: &mut Client, options: &Options, user: &[u8], password: &[u8]) -> Done {
    if user != USER || !options.password.is_empty() && !options.admits(password) {
        return Err(CommandError::WrongPassword);
    }
    client.state.marks.set(Marks::STRANGER, false);
    Ok(())
}

pub(super) fn hello(client: &mut Client, options: Res<Options>, shared: Res<Shared>, request: &Request) -> Done {
    let version = request.from(1).next().map(number::parse);
    let protocol = match version {
        None => client.state.protocol,
        Some(Some(2)) => Protocol::Two,
        Some(Some(3)) => Protocol::Three,
        Some(Some(_)) => return Err(CommandError::other("NOPROTO unsupported protocol version")),
        Some(None) => {
            return Err(CommandError::other("ERR Protocol version is not an integer or out of range"));
        }
    };
    let mut at = 2;
    while at < request.len() {
        let (option, more) = (request.get(at), request.len() - 1 - at);
        if option.eq_ignore_ascii_case(b"auth") && more >= 2 {
            authenticate(client, &options, request.get(at + 1), request.get(at + 2))?;
            at += 3;
        } else if option.eq_ignore_ascii_case(b"setname") && more >= 1 {
            set_name(client, request.get(at + 1))?;
            at += 2;
        } else {
            let option = super::shown(option, usize::MAX);
            return Err(CommandError::other(format!("ERR Syntax error in HELLO option '{option}'")));
        }
    }
    if client.state.marks.has(Marks::STRANGER) && !options.password.is_empty() {
        return Err(CommandError::other(
            "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> <pass> \
             option can be used to authenticate the client and select the RESP protocol version at the same time",
        ));
    }
    client.state.protocol = protocol;
    let number = client.state.id();
    let replies = &mut client.reply();
    replies.map(7);
    let mut field = |name: &str, value: &str| [name, value].iter().for_each(|text| replies.bulk(text.as_bytes()));
    field("server", "redis");
    field("version", VERSION);
    replies.bulk(b"proto");
    replies.integer(protocol.number());
    replies.bulk(b"id");
    replies.integer(number);
    let mut field = |name: &str, value: &str| [name, value].iter().for_each(|text| replies.bulk(text.as_bytes()));
    field("mode", shared.mode());
    field("role", "master");
    replies.bulk(b"modules");
    replies.array(0);
    Ok(())
}

/// Gives a client a name, which must be fit to be shown in a line with others.
pub(super) fn set_name(client: &mut Client, name: &[u8]) -> Done {
    if name.iter().any(|byte| !(b'!'..=b'~').contains(byte)) {
        return Err(CommandError::ClientName);
    }
    client.state.name = name.into();
    client.charge(client.state.holds());
    Ok(())
}

/// Resets a client to its state when it connected.
pub(super) fn reset(
    client: &mut Client,
    mut channels: ResMut<Channels>,
    mut watch: ResMut<Watch>,
    mut keys: ResMut<Keys>,
    options: Res<Options>,
    _: &Request,
) -> Done {
    pubsub::forget(client, &mut channels);
    transactions::forget(client, &mut keys);
    if client.state.marks.has(Marks::MONITOR) {
        watch.monitor(own_id(client), false);
    }
    let state = &mut client.state;
    state.protocol = Protocol::Two;
    state.name = Box::default();
    for mark in [Marks::MUTE, Marks::MUTE_NEXT, Marks::MONITOR] {
        state.marks.set(mark, false);
    }
    state.marks.set(Marks::STRANGER, !options.password.is_empty());
    client.charge(client.state.holds());
    client.reply().simple("RESET");
    Ok(())
}
