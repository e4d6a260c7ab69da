//! SUBSCRIBE, UNSUBSCRIBE and PUBLISH.

use nexus_rt::ResMut;

use super::Done;
use crate::channels::Channels;
use crate::replies::{Protocol, Replies};
use crate::request::Request;
use crate::session::Client;
use crate::session::Reply;

pub(super) fn subscribe(client: &mut Client, mut channels: ResMut<Channels>, request: &Request) -> Done {
    for channel in request.from(1) {
        if !client.state.channels.contains(channel) {
            let name = channels.subscribe(channel, client.id());
            client.state.subscribe(name);
        }
        confirm(client, "subscribe", Some(channel));
    }
    client.charge(client.state.holds());
    Ok(())
}

pub(super) fn unsubscribe(client: &mut Client, mut channels: ResMut<Channels>, request: &Request) -> Done {
    if request.len() == 1 {
        if client.state.channels.is_empty() {
            confirm(client, "unsubscribe", None);
        }
        while let Some(channel) = client.state.channels.first().cloned() {
            client.state.unsubscribe(&channel);
            channels.unsubscribe(&channel, client.id());
            confirm(client, "unsubscribe", Some(&channel));
        }
        client.charge(client.state.holds());
        return Ok(());
    }
    for channel in request.from(1) {
        if client.state.unsubscribe(channel) {
            channels.unsubscribe(channel, client.id());
        }
        confirm(client, "unsubscribe", Some(channel));
    }
    client.charge(client.state.holds());
    Ok(())
}

/// Says how many channels the client has subscribed to now.
fn confirm(client: &mut Client, what: &str, channel: Option<&[u8]>) {
    client.reply().push(3);
    client.reply().bulk(what.as_bytes());
    client.reply().bulk_or_nil(channel);
    let count = client.state.channels.len();
    client.reply().count(count);
}

pub(super) fn publish(client: &mut Client, mut channels: ResMut<Channels>, request: &Request) -> Done {
    let (channel, message) = (request.get(1), request.get(2));
    let receivers = channels.publish(channel, || {
        let mut frame = Vec::new();
        let mut replies = Replies::new(&mut frame, Protocol::Two);
        replies.array(3);
        [b"message", channel, message].into_iter().for_each(|part| replies.bulk(part));
        frame.into()
    });
    client.reply().count(receivers);
    Ok(())
}
