//! Snapshots: inputs that lead to a state, kept in the object store, so that the stream can be purged.

use std::collections::BTreeMap;
use std::time::Duration;

use async_nats::jetstream::Context;
use async_nats::jetstream::context::{ContextBuilder, GetStreamError};
use async_nats::jetstream::object_store::{Config, ObjectInfo, ObjectStore};
use async_nats::jetstream::stream::{Config as Stored, Stream};
use futures_util::StreamExt;
use nexus_journal::{Digests, Input, OWN_SOURCES, Program, Snapshot};
use nexus_rt::{Clock, Key, Sequence, World};
use tokio::io::AsyncReadExt;
use tokio::time::timeout;

use crate::batch::{self, Epoch, Records, word};
use crate::error::Error;
use crate::link::{ANSWER, Link, failed};
use crate::options::Options;
use crate::order::{Node, Order, Position};
use crate::replica::Replica;

/// The first bytes of a snapshot, which include the version of its format.
const MAGIC: &[u8; 8] = b"NXJSNAP1";

/// The source of the last record of a snapshot, which contains the number of inputs.
const END: u32 = OWN_SOURCES + 1;

/// The number of snapshots kept. The stream is purged up to the oldest of them, so a node may be that far behind.
const KEPT: usize = 2;

/// The longest wait for the next part of a snapshot, or of the list of snapshots. If something is deleted while it is
/// read, its end never comes.
const PART: Duration = Duration::from_secs(5);

/// How often a snapshot is stored before that counts as failed.
const TRIES: usize = 3;

/// The result of a [`snapshot()`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Taken {
    /// The position of the snapshot in the stream.
    pub position: Position,
    /// The number of inputs in the snapshot.
    pub inputs: u64,
    /// The length of the snapshot, in bytes.
    pub bytes: usize,
    /// The number of messages purged from the stream.
    pub purged: u64,
}

/// Stores a snapshot of the state that the stream leads to, and purges the messages that no node needs.
///
/// It is independent of running nodes, so it runs on a thread or in a process of its own, one snapshot at a time.
/// `make` makes its two worlds. The first applies the latest snapshot and the stream after it, as a starting node does,
/// and `emit` writes inputs that lead to the same state. The second world applies those inputs. The whole snapshot is
/// in memory meanwhile, as when a node starts.
///
/// ```no_run
/// # use nexus_jetstream::{Error, Options, snapshot};
/// # use nexus_journal::{Digests, Program, inputs};
/// # use nexus_rt::World;
/// # inputs! { enum Call { 1 = Add(u64) } }
/// # fn run<P: Program>(make: impl Fn() -> (World, P, Digests)) -> Result<(), Error> {
/// let options = Options::new("nats://127.0.0.1:4222", "counter", "counter 1", "snapshots");
/// let taken = snapshot(&options, make, |world, _, snapshot| {
///     snapshot.input(&Call::Add(*world.resource::<u64>())); // one input leads to the same sum
/// })?;
/// println!("{} messages were purged", taken.purged);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// As [`Replica::open`]. If the snapshot leads to a different state, or if another one was stored meanwhile
/// ([`Error::Newer`]), nothing is stored or purged.
pub fn snapshot<P: Program>(
    options: &Options,
    make: impl Fn() -> (World, P, Digests),
    emit: impl FnOnce(&World, &P, &mut Snapshot<'_>),
) -> Result<Taken, Error> {
    // It only reads, and does not need the announcements.
    let options = &Options { gossip: None, ..options.clone() };
    let (mut world, mut program, digests) = make();
    let replica = Replica::open(options, (&mut world, &mut program), digests, None)?;
    let restored = replica.status().snapshot;
    let (order, digests) = replica.into_parts();
    let mut note = Vec::new();
    digests.note_all(&world, &mut note);
    let link = Link::open(options)?;
    let (mut bytes, mut inputs) = (header(&order), 0);
    let mut sink = |source, encode: &dyn Fn(&mut Vec<u8>)| {
        inputs += 1;
        batch::record(&mut bytes, source, encode);
    };
    emit(&world, &program, &mut Snapshot::new(&mut sink));
    batch::record(&mut bytes, END, |out| out.extend_from_slice(&u64::to_le_bytes(inputs)));
    let name = format!("{:020}", order.position.stream);
    prove(&bytes, &name, &note, make())?;
    let store = link.patiently(options.patience, || store(&link, options))?;
    // Another node may have taken one meanwhile. Two that are close together leave no room for a node behind them.
    let latest = link.patiently(options.patience, || list(&store))?.pop();
    if let Some(stream) = latest.and_then(|it| it.name.parse().ok()).filter(|stream| *stream > restored) {
        return Err(Error::Newer { stream });
    }
    let mut left = TRIES;
    while let Err(error) = link.runtime.block_on(put(&store, &name, &bytes)) {
        left -= 1;
        if left == 0 {
            return Err(error);
        }
    }
    // The object store compares the checksum of what it has stored.
    link.runtime.block_on(fetch(&store, &name))?;
    let purged = link.runtime.block_on(purge(&link, &store))?;
    Ok(Taken { position: order.position, inputs, bytes: bytes.len(), purged })
}

/// Applies a snapshot to a new world and compares the result. No node may ever start from one that differs.
fn prove<P: Program>(
    bytes: &[u8],
    name: &str,
    note: &[u8],
    (mut world, mut program, digests): (World, P, Digests),
) -> Result<(), Error> {
    apply(bytes, &mut Order::new("", 0), (&mut world, &mut program)).map_err(|why| why.of(name))?;
    let mut found = Vec::new();
    digests.note_all(&world, &mut found);
    let resources: Vec<_> = digests.compare(note, &found).into_iter().map(str::to_owned).collect();
    if resources.is_empty() { Ok(()) } else { Err(Error::Snapshot { resources }) }
}

/// Opens the object store, and creates it if it does not exist.
async fn store(link: &Link, options: &Options) -> Result<ObjectStore, Error> {
    let (bucket, client) = (bucket(options), link.context.client());
    // One slow answer would discard all that is stored of a snapshot.
    let context = ContextBuilder::new().timeout(ANSWER).ack_timeout(options.patience.max(ANSWER)).build(client);
    // What a snapshot replaces is deleted from the stream, so as many servers store it as the stream.
    let num_replicas = link.stream.cached_info().config.num_replicas;
    let doing = "open the object store";
    match context.get_object_store(&bucket).await {
        Err(error) if is_missing(&error) => {}
        Err(error) => return Err(failed(doing)(error)),
        Ok(store) => {
            let parts = parts(&context, &bucket).await.map_err(failed(doing))?;
            let Stored { num_replicas: found, name: stream, .. } = parts.cached_info().config.clone();
            let is_enough = found >= num_replicas;
            return if is_enough { Ok(store) } else { Err(Error::Replicas { stream, found, expected: num_replicas }) };
        }
    }
    let config = Config { bucket, num_replicas, ..Config::default() };
    context.create_object_store(config).await.map_err(failed("make the object store"))
}

fn bucket(options: &Options) -> String {
    format!("{}-snapshots", options.stream)
}

/// Returns the stream in which an object store keeps the parts of its objects.
async fn parts(context: &Context, bucket: &str) -> Result<Stream, GetStreamError> {
    context.get_stream(format!("OBJ_{bucket}")).await
}

async fn put(store: &ObjectStore, name: &str, mut bytes: &[u8]) -> Result<(), Error> {
    store.put(name, &mut bytes).await.map(drop).map_err(failed("store the snapshot"))
}

/// Returns the snapshots, the oldest first.
async fn list(store: &ObjectStore) -> Result<Vec<ObjectInfo>, Error> {
    let doing = "list the snapshots";
    let (mut list, mut found) = (store.list().await.map_err(failed(doing))?, Vec::new());
    while let Some(object) = timeout(PART, list.next()).await.map_err(failed(doing))? {
        found.push(object.map_err(failed(doing))?);
    }
    found.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(found)
}

/// Deletes all but the latest snapshots, and purges the stream up to the oldest one kept.
async fn purge(link: &Link, store: &ObjectStore) -> Result<u64, Error> {
    let found = list(store).await?;
    let (old, kept) = found.split_at(found.len().saturating_sub(KEPT));
    for object in old {
        store.delete(&object.name).await.map_err(failed("delete a snapshot"))?;
    }
    let Some(upto) = kept.first().and_then(|it| it.name.parse::<u64>().ok()).filter(|_| kept.len() == KEPT) else {
        return Ok(0);
    };
    sweep(link, kept).await?;
    let purged = link.stream.purge().sequence(upto + 1).await.map_err(failed("purge the stream"))?;
    Ok(purged.purged)
}

/// Deletes the parts of snapshots whose storing was interrupted before the oldest one kept was stored. Later parts may
/// belong to one that is stored now.
async fn sweep(link: &Link, kept: &[ObjectInfo]) -> Result<(), Error> {
    let Some(ObjectInfo { bucket, nuid, .. }) = kept.first() else { return Ok(()) };
    let doing = "delete the parts of a snapshot";
    let stream = parts(&link.context, bucket).await.map_err(failed(doing))?;
    let last = async |part: &str| {
        let message = stream.get_last_raw_message_by_subject(part).await;
        message.map(|message| message.sequence).map_err(failed(doing))
    };
    let oldest = last(&format!("$O.{bucket}.C.{nuid}")).await?;
    let mut found = stream.info_with_subjects(format!("$O.{bucket}.C.>")).await.map_err(failed(doing))?;
    while let Some(part) = found.next().await {
        let (part, _) = part.map_err(failed(doing))?;
        if !kept.iter().any(|it| part.ends_with(&it.nuid)) && last(&part).await? < oldest {
            stream.purge().filter(part).await.map_err(failed(doing))?;
        }
    }
    Ok(())
}

/// Applies the latest snapshot, if there is one.
pub(crate) fn restore<P: Program>(
    link: &Link,
    options: &Options,
    order: &mut Order,
    program: (&mut World, &mut P),
) -> Result<(), Error> {
    let bucket = bucket(options);
    let found = link.patiently(options.patience, || async {
        let store = match link.context.get_object_store(&bucket).await {
            Ok(store) => store,
            Err(error) if is_missing(&error) => return Ok(None),
            Err(error) => return Err(failed("look for snapshots")(error)),
        };
        let Some(ObjectInfo { name, .. }) = list(&store).await?.pop() else { return Ok(None) };
        Ok(Some((fetch(&store, &name).await?, name)))
    });
    match found? {
        Some((bytes, name)) => apply(&bytes, order, program).map_err(|why| why.of(&name)),
        None => Ok(()),
    }
}

/// Returns whether an error means that something does not exist, rather than that no server answers.
fn is_missing(error: &(dyn std::error::Error + 'static)) -> bool {
    error.to_string().contains("not found") || error.source().is_some_and(is_missing)
}

/// Reads a whole snapshot. The client compares it with its digest.
async fn fetch(store: &ObjectStore, name: &str) -> Result<Vec<u8>, Error> {
    let doing = "read a snapshot";
    let (mut object, mut bytes) = (store.get(name).await.map_err(failed(doing))?, Vec::new());
    while timeout(PART, object.read_buf(&mut bytes)).await.map_err(failed(doing))?.map_err(failed(doing))? > 0 {}
    Ok(bytes)
}

fn header(order: &Order) -> Vec<u8> {
    let nanos = |at: Duration| u64::try_from(at.as_nanos()).unwrap_or(u64::MAX);
    let Position { stream, sequence, at } = order.position;
    let mut out = MAGIC.to_vec();
    let mut put = |word: u64| out.extend_from_slice(&word.to_le_bytes());
    [stream, sequence.get(), nanos(at), order.nodes.len() as u64, nanos(order.input_at)].into_iter().for_each(&mut put);
    for (name, Node { epoch, next, heard }) in &order.nodes {
        [name.len() as u64, epoch.since, epoch.nonce, *next, nanos(*heard)]
            .into_iter()
            .for_each(|word| out.extend(word.to_le_bytes()));
        out.extend_from_slice(name.as_bytes());
    }
    out
}

/// The header of a snapshot.
struct Header {
    position: Position,
    /// The time of the last input, at which the snapshot is applied.
    input_at: Duration,
    nodes: BTreeMap<Box<str>, Node>,
    length: usize,
}

/// Reads the header of a snapshot. `None` if more bytes are needed.
fn read_header(bytes: &[u8]) -> Option<Header> {
    let words = |bytes: &[u8]| -> Option<[u64; 5]> {
        let words = bytes.get(..40)?.chunks_exact(8).map(|it| word(it).map_or(0, |(word, _)| word));
        words.collect::<Vec<_>>().try_into().ok()
    };
    let [stream, sequence, at, count, input_at] = words(bytes.get(8..)?)?;
    let (mut nodes, mut rest) = (BTreeMap::new(), bytes.get(48..)?);
    for _ in 0..count {
        let [length, since, nonce, next, heard] = words(rest)?;
        let name = rest.get(40..)?.get(..usize::try_from(length).ok()?)?;
        rest = &rest[40 + name.len()..];
        let node = Node { epoch: Epoch { since, nonce }, next, heard: Duration::from_nanos(heard) };
        nodes.insert(String::from_utf8_lossy(name).into(), node);
    }
    // Older snapshots do not have the time of the last input.
    let [at, input_at] = [at, if input_at == 0 { at } else { input_at }].map(Duration::from_nanos);
    let position = Position { stream, sequence: Sequence::new(sequence), at };
    Some(Header { position, input_at, nodes, length: bytes.len() - rest.len() })
}

/// Why a snapshot cannot be applied.
enum Why {
    Unreadable(&'static str),
    Unknown { source_number: u32, stream: u64 },
}

impl Why {
    fn of(self, name: &str) -> Error {
        match self {
            Self::Unreadable(why) => Error::Unreadable { name: name.into(), why: why.into() },
            Self::Unknown { source_number, stream } => Error::Unknown { source_number, stream },
        }
    }
}

/// Applies a snapshot.
fn apply<P: Program>(bytes: &[u8], order: &mut Order, (world, program): (&mut World, &mut P)) -> Result<(), Why> {
    if !bytes.starts_with(MAGIC) {
        return Err(Why::Unreadable("it is none, or of a newer version"));
    }
    let header = read_header(bytes).ok_or(Why::Unreadable("it ends too early"))?;
    let Header { position, input_at, nodes, length } = header;
    let Position { stream, sequence, at } = position;
    (order.position, order.input_at, order.nodes) = (position, input_at, nodes);
    let clock: Key<Clock> = world.key();
    // Messages without inputs may have moved the time on, and a state does not depend on them.
    clock.get_mut(world).set_unix(input_at);
    if world.current_sequence() < sequence {
        world.advance_to(sequence);
    }
    let (mut inputs, mut ended) = (0_u64, None);
    for record in Records(&bytes[length..]) {
        match record {
            None => break,
            Some((END, payload)) => ended = word(payload).map(|(count, _)| count),
            Some((source, payload)) => {
                let input = P::Input::decode(source, payload);
                program.apply(world, input.ok_or(Why::Unknown { source_number: source, stream })?);
                inputs += 1;
            }
        }
    }
    clock.get_mut(world).set_unix(at);
    if ended == Some(inputs) { Ok(()) } else { Err(Why::Unreadable("it ends too early")) }
}
