//! `follow`: reads the stream, in order and without a gap.

use std::time::{Duration, Instant};

use async_nats::jetstream::consumer::pull::Config as Pull;
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy};
use async_nats::jetstream::stream::{Info, Stream as Stored};
use futures_util::StreamExt;
use tokio::time::{sleep, timeout};

use crate::link::{AGAIN, Event, Loop};

/// The longest silence of a consumer's server before the consumer is created again elsewhere.
const HEARTBEAT: Duration = Duration::from_millis(500);

/// The time without messages after which the stream is asked whether there are any.
const SILENCE: Duration = Duration::from_secs(3);

/// How long the stream must seem gone before that is believed.
const CERTAIN: Duration = Duration::from_secs(30);

/// Reports every message after `after`, as long as the loop exists. If a consumer's server is gone, the consumer is
/// created again.
pub(crate) async fn follow(stream: &Stored, mut after: u64, to: &Loop) {
    let config = |after: u64| Pull {
        deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: after + 1 },
        ack_policy: AckPolicy::None,
        inactive_threshold: Duration::from_secs(30),
        num_replicas: 1,
        memory_storage: true,
        ..Default::default()
    };
    let mut since = None;
    let is_same = |info: &Info| info.created == stream.cached_info().created;
    loop {
        let made = async {
            let consumer = stream.create_consumer(config(after)).await.ok()?;
            // It may read another stream of the same name, which only the stream itself tells.
            stream.get_info().await.is_ok_and(|info| is_same(&info)).then_some(consumer)
        };
        let Some(consumer) = made.await else {
            if !still_there(stream, after, &mut since, to).await {
                return;
            }
            sleep(AGAIN).await;
            continue;
        };
        let messages = consumer.stream().max_messages_per_batch(512).heartbeat(HEARTBEAT).messages().await;
        let Ok(mut messages) = messages else { continue };
        loop {
            let message = match timeout(SILENCE, messages.next()).await {
                Ok(Some(Ok(message))) => message,
                Ok(_) => break,
                // The stream may have stopped on the server of a consumer, while the consumer still sends heartbeats.
                Err(_) => match stream.get_info().await {
                    Ok(info) if is_same(&info) && info.state.last_sequence == after => {
                        since = None;
                        continue;
                    }
                    _ => break,
                },
            };
            let Ok(info) = message.info() else { break };
            let (number, pending) = (info.stream_sequence, info.pending);
            if number != after + 1 {
                break;
            }
            let nanos = u64::try_from(info.published.unix_timestamp_nanos()).unwrap_or(0);
            // Whatever a server has reported before, the stream is there.
            (after, since) = (number, None);
            if !to.tell(Event::Message(number, Duration::from_nanos(nanos), pending, message.payload.clone())) {
                return;
            }
        }
        if !still_there(stream, after, &mut since, to).await {
            return;
        }
        sleep(AGAIN).await;
    }
}

/// Returns whether the stream still has the messages after `after`, as far as any server answers. If not, tells the
/// loop.
///
/// A server that was cut off may believe that it leads the stream, and not know its end. It is trusted only once it has
/// reported this for longer than an election takes. If the stream was created at another time, it is another stream,
/// whatever its numbers, and that is certain at once.
async fn still_there(stream: &Stored, after: u64, since: &mut Option<Instant>, to: &Loop) -> bool {
    let gone = match stream.get_info().await {
        Ok(info) if info.created != stream.cached_info().created => {
            to.tell(Event::Gone("it was created again after this node had begun".into()));
            return false;
        }
        Ok(info) if info.state.first_sequence > after + 1 => {
            to.tell(Event::Purged(after, info.state.first_sequence));
            return false;
        }
        Ok(info) if info.state.last_sequence < after => {
            format!("its last message is {}, but {after} was read", info.state.last_sequence)
        }
        Err(error) if error.to_string().contains("not found") => error.to_string(),
        _ => {
            *since = None;
            return true;
        }
    };
    let is_certain = since.get_or_insert_with(Instant::now).elapsed() > CERTAIN;
    if is_certain {
        to.tell(Event::Gone(gone));
    }
    !is_certain
}
