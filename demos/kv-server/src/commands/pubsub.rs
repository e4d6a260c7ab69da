//! SUBSCRIBE, UNSUBSCRIBE and PUBLISH.

use nexus_rt::ResMut;

use super::Done;
use crate::channels::Channels;
use crate::replies::Replies;
use crate::request::Request;
use crate::session::Session;

pub(super) fn subscribe(session: &mut Session, mut channels: ResMut<Channels>, request: &Request) -> Done {
    for channel in request.from(1) {
        if !session.channels.contains(channel) {
            let name = channels.subscribe(channel, session.id);
            session.subscribe(name);
        }
        confirm(session, "subscribe", Some(channel));
    }
    Ok(())
}

pub(super) fn unsubscribe(session: &mut Session, mut channels: ResMut<Channels>, request: &Request) -> Done {
    if request.len() == 1 {
        if session.channels.is_empty() {
            confirm(session, "unsubscribe", None);
        }
        while let Some(channel) = session.channels.first().cloned() {
            session.unsubscribe(&channel);
            channels.unsubscribe(&channel, session.id);
            confirm(session, "unsubscribe", Some(&channel));
        }
        return Ok(());
    }
    for channel in request.from(1) {
        if session.unsubscribe(channel) {
            channels.unsubscribe(channel, session.id);
        }
        confirm(session, "unsubscribe", Some(channel));
    }
    Ok(())
}

/// Says how many channels the client has subscribed to now.
fn confirm(session: &mut Session, what: &str, channel: Option<&[u8]>) {
    session.replies.array(3);
    session.replies.bulk(what.as_bytes());
    session.replies.bulk_or_nil(channel);
    session.replies.count(session.channels.len());
}

pub(super) fn publish(session: &mut Session, mut channels: ResMut<Channels>, request: &Request) -> Done {
    let (channel, message) = (request.get(1), request.get(2));
    let receivers = channels.publish(channel, || {
        let mut frame = Replies::default();
        frame.array(3);
        [b"message", channel, message].into_iter().for_each(|part| frame.bulk(part));
        frame.as_bytes().into()
    });
    session.replies.count(receivers);
    Ok(())
}
