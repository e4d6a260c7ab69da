//! `follow`: reads the stream, in order and without a gap.

use std::time::{Duration, Instant};

use async_nats::Client;
use async_nats::connection::State;
use async_nats::jetstream::consumer::pull::Config as Pull;
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy};
use async_nats::jetstream::stream::{Info, Stream as Stored};
use futures_util::StreamExt;
use tokio::time::{sleep, timeout};

use crate::link::{AGAIN, ANSWER, Event, Loop};

/// The longest silence of a consumer's server before the consumer is created again elsewhere.
const HEARTBEAT: Duration = Duration::from_millis(500);

/// The time without messages after which the stream is asked whether there are any.
const SILENCE: Duration = Duration::from_secs(3);

/// How long the stream must seem gone before that is believed.
const CERTAIN: Duration = Duration::from_secs(30);

/// How long a stream may be without a leader, or not be delivered, before another server is looked for. It is longer
/// than an election takes.
const STUCK: Duration = Duration::from_secs(15);

/// What the answers of the servers amount to.
struct Answers {
    /// Since when the stream seems gone.
    gone: Option<Instant>,
    /// When the stream could last be read.
    last: Instant,
}

impl Answers {
    /// The stream is there, or no server is connected.
    fn begin() -> Self {
        Self { gone: None, last: Instant::now() }
    }
}

/// Reports every message after `after`, as long as the loop exists. If a consumer's server is gone, the consumer is
/// created again.
pub(crate) async fn follow(client: &Client, stream: &Stored, mut after: u64, to: &Loop) {
    let config = |after: u64| Pull {
        deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: after + 1 },
        ack_policy: AckPolicy::None,
        inactive_threshold: Duration::from_secs(30),
        num_replicas: 1,
        memory_storage: true,
        ..Default::default()
    };
    let mut answers = Answers::begin();
    loop {
        if client.connection_state() != State::Connected {
            // Requests would wait for the connection, and then create a consumer each.
            answers = Answers::begin();
            sleep(AGAIN).await;
            continue;
        }
        let made = async {
            let consumer = stream.create_consumer(config(after)).await.ok()?;
            // It may read another stream of the same name, which only the stream itself tells.
            stream.get_info().await.is_ok_and(|info| is_same(stream, &info)).then_some(consumer)
        };
        let Some(consumer) = made.await else {
            if !still_there((client, stream), (after, None), &mut answers, to).await {
                return;
            }
            sleep(AGAIN).await;
            continue;
        };
        let messages = consumer.stream().max_messages_per_batch(512).heartbeat(HEARTBEAT).messages().await;
        let Ok(mut messages) = messages else { continue };
        let (from, mut gap) = (after, None);
        loop {
            let message = match timeout(SILENCE, messages.next()).await {
                Ok(Some(Ok(message))) => message,
                Ok(_) => break,
                // The stream may have stopped on the server of a consumer, while the consumer still sends heartbeats.
                Err(_) => match stream.get_info().await {
                    Ok(info) if is_led(&info) && is_same(stream, &info) && info.state.last_sequence == after => {
                        answers = Answers::begin();
                        continue;
                    }
                    _ => break,
                },
            };
            let Ok(info) = message.info() else { break };
            let (number, pending) = (info.stream_sequence, info.pending);
            if number != after + 1 {
                // A consumer may skip what is there, but not at its start.
                gap = Some(number).filter(|number| after == from && *number > after);
                break;
            }
            let nanos = u64::try_from(info.published.unix_timestamp_nanos()).unwrap_or(0);
            // Whatever a server has reported before, the stream is there.
            (after, answers) = (number, Answers::begin());
            if !to.tell(Event::Message(number, Duration::from_nanos(nanos), pending, message.payload.clone())) {
                return;
            }
        }
        if !still_there((client, stream), (after, gap), &mut answers, to).await {
            return;
        }
        // Each look at a gap costs the servers a consumer.
        sleep(if gap.is_some() { ANSWER } else { AGAIN }).await;
    }
}

/// Returns whether this is the stream that was opened, and not another one that was created under its name since.
fn is_same(stream: &Stored, info: &Info) -> bool {
    info.created == stream.cached_info().created
}

/// Returns whether a stream has a leader. A server whose peers are gone reports the stream as it was. One that led it
/// still calls itself the leader for up to 20 s.
fn is_led(info: &Info) -> bool {
    info.cluster.as_ref().is_none_or(|cluster| cluster.leader.is_some())
}

/// Returns whether the stream still has the messages after `after`, as far as any server answers. If not, tells the
/// loop. `gap` is the first message that a new consumer has found, if it is not the next one.
///
/// A server that was cut off may believe that it leads the stream, and not know its end. It is trusted only once it has
/// reported this for longer than an election takes.
async fn still_there(
    (client, stream): (&Client, &Stored),
    (after, gap): (u64, Option<u64>),
    Answers { gone, last }: &mut Answers,
    to: &Loop,
) -> bool {
    let doubt = match stream.get_info().await {
        Ok(info) if !is_led(&info) => None,
        Ok(info) => {
            Seen { is_same: is_same(stream, &info), first: info.state.first_sequence, last: info.state.last_sequence }
                .doubt(after, gap)
        }
        Err(error) if error.to_string().contains("not found") => Some(Doubt::Unsure(Event::Gone(error.to_string()))),
        Err(_) => None,
    };
    let event = match doubt {
        None => {
            *gone = None;
            if last.elapsed() > STUCK {
                // Its peers may not reach the server.
                _ = client.force_reconnect().await;
                *last = Instant::now();
            }
            return true;
        }
        Some(Doubt::Sure(event)) => event,
        Some(Doubt::Unsure(_)) if gone.get_or_insert_with(Instant::now).elapsed() <= CERTAIN => return true,
        Some(Doubt::Unsure(event)) => event,
    };
    to.tell(event);
    false
}

/// What a server says of the stream.
struct Seen {
    /// Whether it is the stream that this node has opened.
    is_same: bool,
    first: u64,
    last: u64,
}

/// Why a node cannot go on: certain at once, or once servers have said so for long enough.
enum Doubt {
    Sure(Event),
    Unsure(Event),
}

impl Seen {
    /// Returns what keeps a node from going on after a message. If the stream was created at another time, it is
    /// another stream, whatever its numbers.
    fn doubt(&self, after: u64, gap: Option<u64>) -> Option<Doubt> {
        let Self { is_same, first, last } = *self;
        if !is_same {
            return Some(Doubt::Sure(Event::Gone("it was created again after this node had begun".into())));
        }
        if first > after + 1 {
            return Some(Doubt::Sure(Event::Purged(after, first)));
        }
        if last < after {
            let why = format!("its last message is {last}, but {after} was read");
            return Some(Doubt::Unsure(Event::Gone(why)));
        }
        gap.map(|found| Doubt::Unsure(Event::Purged(after, found)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns whether what servers say is certain at once, and what the loop is told, for a node that has read 7.
    fn told(is_same: bool, (first, last): (u64, u64), gap: Option<u64>) -> Option<(bool, String)> {
        let text = |event| match event {
            Event::Gone(why) => why,
            Event::Purged(after, found) => format!("{found} after {after}"),
            _ => "something else".into(),
        };
        Seen { is_same, first, last }.doubt(7, gap).map(|doubt| match doubt {
            Doubt::Sure(event) => (true, text(event)),
            Doubt::Unsure(event) => (false, text(event)),
        })
    }

    #[test]
    fn a_node_goes_on_only_with_the_next_message_of_the_same_stream() {
        let some = |is_sure, text: &str| Some((is_sure, text.to_owned()));
        assert_eq!(told(true, (1, 9), None), None);
        assert_eq!(told(true, (8, 7), None), None);
        assert_eq!(told(true, (9, 12), None), some(true, "9 after 7"));
        assert_eq!(told(true, (1, 6), None), some(false, "its last message is 6, but 7 was read"));
        assert_eq!(told(true, (1, 12), Some(10)), some(false, "10 after 7"));
        assert_eq!(told(false, (1, 9), None), some(true, "it was created again after this node had begun"));
    }
}
