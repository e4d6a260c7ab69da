//! `Link`: the thread that talks to the servers. All async code is here.

use std::fmt::Display;
use std::future::{IntoFuture, ready};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use async_nats::connection::State;
use async_nats::jetstream::stream::{DiscardPolicy, StorageType, Stream as Stored};
use async_nats::jetstream::{self, Context};
use async_nats::{Client, ConnectOptions};
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::Either;
use futures_util::stream::FuturesUnordered;
use nexus_rt::inbox::Sender;
use nexus_rt::wait::Doorbell;
use tokio::runtime::Runtime;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{sleep, timeout};

use crate::error::Error;
use crate::follow::follow;
use crate::options::Options;
use crate::order::LARGEST;

/// The longest wait for an answer.
pub(crate) const ANSWER: Duration = Duration::from_secs(1);

/// The pause before a failed operation is repeated.
pub(crate) const AGAIN: Duration = Duration::from_millis(100);

/// The pause before an unanswered message is reported. It is longer than the shortest interval between two repetitions,
/// so that each repetition that fails leads to the next one. A failure may come at once: no server answers for a stream
/// without a leader.
const PAUSE: Duration = crate::replica::AGAIN.saturating_add(Duration::from_millis(50));

/// The first version of nats-server that is trusted with a stream on several servers.
pub(crate) const OLDEST: (i64, i64, i64) = (2, 10, 0);

/// A request of the loop to the thread.
pub(crate) enum Command {
    /// Publish a message of this process.
    Publish(u64, Arc<[u8]>),
    /// Send bytes to all listening nodes.
    Announce(Bytes),
    /// End, once all messages are sent.
    Leave,
}

/// A report of the thread to the loop.
pub(crate) enum Event {
    /// A message of the stream: its number, its time since 1970, the number of messages after it, and its bytes.
    Message(u64, Duration, u64, Bytes),
    /// A message of this process may be lost, and why.
    Unanswered(u64, String),
    /// Whether a server is connected.
    Connected(bool),
    /// The announcement of another node.
    Heard(Bytes),
    /// The stream no longer has the messages after the first number: it begins at the second.
    Purged(u64, u64),
    /// The stream is gone.
    Gone(String),
}

/// Passes events to the loop.
#[derive(Clone)]
pub(crate) struct Loop {
    pub(crate) sender: Sender<Event>,
    pub(crate) bell: Option<Doorbell>,
}

impl Loop {
    /// Sends an event. Returns whether the loop still exists.
    pub(crate) fn tell(&self, event: Event) -> bool {
        let told = self.sender.send(event).is_ok();
        if let Some(bell) = &self.bell {
            bell.ring();
        }
        told
    }
}

/// A connection, with its stream.
pub(crate) struct Link {
    pub(crate) runtime: Runtime,
    pub(crate) context: Context,
    pub(crate) stream: Stored,
    client: Client,
    to: Told,
}

/// The loop that is told about the connection, once it reads events. There may be no room for those of a long start.
type Told = Arc<OnceLock<Loop>>;

/// Makes an error that names the failed operation.
pub(crate) fn failed<E: std::error::Error + Send + Sync + 'static>(doing: &'static str) -> impl Fn(E) -> Error {
    move |source| Error::JetStream { doing, source: Box::new(source) }
}

impl Link {
    /// Connects, and creates the stream if it does not exist. Repeats that until it succeeds or `patience` ends.
    pub(crate) fn open(options: &Options) -> Result<Self, Error> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Error::Ended(error.to_string()))?;
        let to = Told::default();
        let connect = connecting(options, to.clone());
        let opened = patiently(&runtime, options.patience, || open(connect.clone(), options));
        let (client, context, stream) = opened?;
        Ok(Self { runtime, context, stream, client, to })
    }

    /// Repeats an operation until it succeeds or `patience` ends, and then returns the last error.
    pub(crate) fn patiently<T, F: Future<Output = Result<T, Error>>>(
        &self,
        patience: Duration,
        again: impl FnMut() -> F,
    ) -> Result<T, Error> {
        patiently(&self.runtime, patience, again)
    }

    /// Returns the number of the last message.
    pub(crate) fn last(&self, patience: Duration) -> Result<u64, Error> {
        let info = || async { self.stream.get_info().await.map_err(failed("tell of the stream")) };
        Ok(self.patiently(patience, info)?.state.last_sequence)
    }

    /// Continues on its own thread, which reports every message after `after`.
    pub(crate) fn start(self, after: u64, options: &Options, to: Loop) -> Result<UnboundedSender<Command>, Error> {
        let (sender, commands) = unbounded_channel();
        let (subject, gossip) = (options.stream.clone(), options.gossip.clone());
        let run = move || {
            let Self { runtime, context, stream, client, to: told } = self;
            runtime.block_on(async {
                _ = told.set(to.clone());
                to.tell(Event::Connected(client.connection_state() == State::Connected));
                tokio::select! {
                    () = follow(&client, &stream, after, &to) => {}
                    () = publish(&context, &client, (subject, gossip.clone()), commands, &to) => {}
                    () = listen(&client, gossip, &to) => {}
                }
            });
        };
        let started = thread::Builder::new().name("jetstream".into()).spawn(run);
        started.map(|_| sender).map_err(|error| Error::Ended(error.to_string()))
    }
}

fn patiently<T, F: Future<Output = Result<T, Error>>>(
    runtime: &Runtime,
    patience: Duration,
    mut again: impl FnMut() -> F,
) -> Result<T, Error> {
    let began = Instant::now();
    loop {
        // An error that will not go away is returned at once.
        match runtime.block_on(again()) {
            Err(error) if error.may_pass() && began.elapsed() < patience => {
                runtime.block_on(async { sleep(AGAIN).await })
            }
            result => return result,
        }
    }
}

fn connecting(options: &Options, to: Told) -> ConnectOptions {
    ConnectOptions::new()
        .name(&options.node)
        .connection_timeout(ANSWER)
        .request_timeout(Some(ANSWER))
        .ping_interval(ANSWER)
        .reconnect_delay_callback(|attempts| if attempts < 2 { Duration::ZERO } else { AGAIN })
        .event_callback(move |event| {
            let is = match event {
                async_nats::Event::Connected => Some(true),
                async_nats::Event::Disconnected => Some(false),
                _ => None,
            };
            if let (Some(is), Some(to)) = (is, to.get()) {
                to.tell(Event::Connected(is));
            }
            std::future::ready(())
        })
}

fn unreachable(options: &Options, source: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Unreachable { servers: options.servers.clone(), patience: options.patience, source: Box::new(source) }
}

async fn open(connect: ConnectOptions, options: &Options) -> Result<(Client, Context, Stored), Error> {
    let servers: Vec<_> = options.servers.split(',').map(str::trim).collect();
    let client = connect.connect(servers).await.map_err(|error| unreachable(options, error))?;
    check_version(&client, options, options.replicas)?;
    // A message that it does not accept would be sent again forever, and keep all later ones waiting.
    let found = client.server_info().max_payload;
    if found < LARGEST {
        return Err(Error::SmallMessages { servers: options.servers.clone(), found });
    }
    let context = jetstream::context::ContextBuilder::new().timeout(ANSWER).ack_timeout(ANSWER).build(client.clone());
    let config = jetstream::stream::Config {
        name: options.stream.clone(),
        subjects: vec![options.stream.clone()],
        description: Some(options.description()),
        // A full stream refuses new messages. It must not drop old ones.
        discard: DiscardPolicy::New,
        storage: StorageType::File,
        num_replicas: options.replicas,
        max_message_size: i32::try_from(LARGEST).unwrap_or(i32::MAX),
        ..Default::default()
    };
    let stream = context.get_or_create_stream(config).await.map_err(failed("open the stream"))?;
    let found = stream.cached_info().config.description.clone().unwrap_or_default();
    if found != options.description() {
        let (stream, expected) = (options.stream.clone(), options.description());
        return Err(Error::Program { stream, found, expected });
    }
    let found = stream.cached_info().config.num_replicas;
    if found < options.replicas {
        return Err(Error::Replicas { stream: options.stream.clone(), found, expected: options.replicas });
    }
    check_version(&client, options, found)?;
    Ok((client, context, stream))
}

/// Refuses a server that is too old for a stream with this many replicas.
fn check_version(client: &Client, options: &Options, replicas: usize) -> Result<(), Error> {
    let (major, minor, patch) = OLDEST;
    if replicas <= 1 || client.is_server_compatible(major, minor, patch) {
        return Ok(());
    }
    Err(Error::OldServer { servers: options.servers.clone(), found: client.server_info().version })
}

/// Publishes the messages of the loop, in order, and reports those that were not answered. Ends when the loop does.
async fn publish(
    context: &Context,
    client: &Client,
    (subject, gossip): (String, Option<String>),
    mut commands: UnboundedReceiver<Command>,
    to: &Loop,
) {
    let mut answers = FuturesUnordered::new();
    loop {
        let command = tokio::select! {
            command = commands.recv() => command,
            Some(unanswered) = answers.next() => {
                if let Some((counter, why)) = unanswered {
                    to.tell(Event::Unanswered(counter, why));
                }
                continue;
            }
        };
        match command {
            None => return,
            Some(Command::Leave) => {
                _ = timeout(ANSWER, client.flush()).await;
                return;
            }
            Some(Command::Announce(bytes)) => {
                if let Some(gossip) = &gossip {
                    _ = client.publish(gossip.clone(), bytes).await;
                }
            }
            Some(Command::Publish(counter, bytes)) => {
                match context.publish(subject.clone(), Bytes::from_owner(bytes)).await {
                    Ok(answer) => {
                        answers.push(Either::Left(unanswered(answer.into_future(), counter)));
                    }
                    Err(error) => answers.push(Either::Right(unanswered(ready(Err::<(), _>(error)), counter))),
                }
            }
        }
    }
}

/// Returns the counter of a message that was not answered, and why, after a pause in which the failure may pass.
async fn unanswered<T, E: Display>(answer: impl Future<Output = Result<T, E>>, counter: u64) -> Option<(u64, String)> {
    let error = answer.await.err()?;
    sleep(PAUSE).await;
    Some((counter, error.to_string()))
}

/// Reports the announcements of other nodes.
async fn listen(client: &Client, gossip: Option<String>, to: &Loop) {
    if let Some(gossip) = gossip
        && let Ok(mut heard) = client.subscribe(gossip).await
    {
        while let Some(message) = heard.next().await {
            if !to.tell(Event::Heard(message.payload)) {
                return;
            }
        }
    }
    std::future::pending().await
}
