//! `Stream`: a JetStream stream as the log that servers share.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use kv_server::{Apply, Change, LogStatus, Lost, Member, Refused, SharedLog, Store};
use nexus_jetstream::{Applied, Error, Options, Replica, Taken, snapshot};
use nexus_journal::Program;
use nexus_rt::wait::Doorbell;
use nexus_rt::{MioDriver, World};
use serde::{Deserialize, Serialize};

/// The interval at which a server announces itself.
const SAYS: Duration = Duration::from_secs(1);

/// A server that is silent for longer than this is no longer a member.
const SILENCE: Duration = Duration::from_secs(5);

/// The largest number of messages applied in a turn.
const BUDGET: usize = 256;

/// The announcement of a server.
#[derive(Serialize, Deserialize)]
struct Says {
    shard: u16,
    node: String,
    address: SocketAddr,
}

/// A stream as a shared log.
pub(crate) struct Stream {
    options: Options,
    says: Says,
    replica: Option<Replica>,
    /// The address of each server that has announced itself, and when it was last heard.
    members: BTreeMap<(u16, String), (SocketAddr, Instant)>,
    said: Option<Instant>,
    snapshots: Snapshots,
    /// Why changes do not come back, as printed.
    why: Option<String>,
}

/// The state of taking snapshots.
struct Snapshots {
    every: u64,
    /// The number of the message at the last snapshot.
    last: u64,
    taking: Option<JoinHandle<Result<Taken, Error>>>,
}

impl Stream {
    pub(crate) fn new(options: Options, every: u64, shard: Option<(u16, u16)>, address: SocketAddr) -> Self {
        let says = Says { shard: shard.map_or(0, |(part, _)| part), node: options.node.clone(), address };
        let snapshots = Snapshots { every, last: 0, taking: None };
        Self { options, says, replica: None, members: BTreeMap::new(), said: None, snapshots, why: None }
    }

    /// Opens the stream and applies everything in it.
    fn open(&mut self, world: &mut World, apply: &mut Apply<'_>) -> Result<usize, Error> {
        let digests = kv_server::digests(world.registry());
        let bell: Doorbell = world.resource::<MioDriver>().doorbell();
        let mut through = Through(apply, 0);
        let replica = Replica::open(&self.options, (world, &mut through), digests, Some(bell))?;
        self.snapshots.last = replica.status().snapshot;
        self.replica = Some(replica);
        Ok(through.1)
    }

    /// Notes the announcements of other servers, and sends its own when due. Without shards no server looks for others.
    fn gossip(&mut self) {
        if self.options.gossip.is_none() {
            return;
        }
        let Some(replica) = &mut self.replica else { return };
        let now = Instant::now();
        let heard = replica.heard().filter_map(|bytes| serde_json::from_slice(&bytes).ok());
        self.members.extend(heard.map(|Says { shard, node, address }| ((shard, node), (address, now))));
        self.members.retain(|_, (_, heard)| now.duration_since(*heard) < SILENCE);
        if self.said.is_none_or(|said| now.duration_since(said) >= SAYS) {
            self.said = Some(now);
            replica.announce(serde_json::to_vec(&self.says).unwrap_or_default());
        }
    }

    /// Takes a snapshot when one is due and this is the first of the live servers.
    fn tend(&mut self) {
        let Some(replica) = &self.replica else { return };
        let at = replica.status().position.stream;
        if let Some(taking) = self.snapshots.taking.take_if(|taking| taking.is_finished()) {
            match taking.join() {
                Ok(Ok(taken)) => self.snapshots.last = taken.position.stream,
                Ok(Err(Error::Newer { stream })) => self.snapshots.last = stream,
                Ok(Err(error)) => eprintln!("kv-server: cannot take a snapshot: {error}"),
                Err(_) => eprintln!("kv-server: cannot take a snapshot: the thread panicked"),
            }
        }
        if self.snapshots.every == 0
            || self.snapshots.taking.is_some()
            || at < self.snapshots.last.saturating_add(self.snapshots.every)
        {
            return;
        }
        self.snapshots.last = at;
        // One that has just started is not among them yet.
        if replica.nodes().next().is_some_and(|first| *first < *self.options.node) {
            return;
        }
        let options = self.options.clone();
        let take = move || snapshot(&options, || Store::replica_at(Duration::ZERO), Store::emit);
        self.snapshots.taking = thread::Builder::new().name("snapshot".into()).spawn(take).ok();
    }
}

/// Applies the changes that are read at the start, and counts them.
struct Through<'a, 'b>(&'a mut Apply<'b>, usize);

impl Program for Through<'_, '_> {
    type Input<'i> = Change<'i>;

    fn apply(&mut self, world: &mut World, change: Change<'_>) {
        self.1 += 1;
        (self.0)(world, None, change);
    }
}

impl SharedLog for Stream {
    fn publish(&mut self, change: &Change<'_>) -> Result<u64, Refused> {
        let replica = self.replica.as_mut().ok_or(Refused::Unreachable)?;
        replica.publish(change).map_err(|refused| match refused {
            nexus_jetstream::Refused::Away => Refused::Unreachable,
            nexus_jetstream::Refused::Full => Refused::TooMuch,
            nexus_jetstream::Refused::TooLong => Refused::TooLarge,
        })
    }

    fn flush(&mut self, _: &World) {
        self.gossip();
        self.tend();
        if let Some(replica) = &mut self.replica {
            replica.flush();
        }
    }

    fn poll(&mut self, world: &mut World, apply: &mut Apply<'_>) -> Result<usize, Lost> {
        let lost = |error: Error| Lost(error.to_string());
        let Some(replica) = &mut self.replica else { return self.open(world, apply).map_err(lost) };
        // The replica counts every message, announcements of other servers too.
        let mut changes = 0;
        let each = |world: &mut World, Applied { own, .. }: Applied, change: Change<'_>| {
            changes += 1;
            apply(world, own, change);
        };
        let polled = replica.poll::<Store>(world, BUDGET, each).map_err(lost);
        while let Some(alarm) = replica.alarm() {
            eprintln!("kv-server: another server has diverged: {alarm}");
        }
        if replica.unanswered() != self.why.as_deref() {
            self.why = replica.unanswered().map(str::to_owned);
            if let Some(why) = &self.why {
                eprintln!("kv-server: the log does not take changes, which are sent again: {why}");
            }
        }
        polled.map(|_| changes)
    }

    fn status(&self) -> LogStatus {
        let Some(status) = self.replica.as_ref().map(Replica::status) else { return LogStatus::default() };
        LogStatus {
            node: self.options.node.clone(),
            position: status.position.sequence.get(),
            lag: status.behind,
            connected: status.connected,
            checked: status.checked.map(|(at, digest)| (at.get(), digest)),
            waiting: usize::try_from(status.pending).unwrap_or(usize::MAX),
        }
    }

    fn members(&self) -> Vec<Member> {
        let heard = self.members.iter().map(|((shard, node), (address, _))| ((*shard, &**node), *address));
        // It hears itself too, but not while no NATS server is connected.
        let own = self.options.gossip.is_some().then(|| ((self.says.shard, &*self.says.node), self.says.address));
        let all: BTreeMap<_, _> = heard.chain(own).collect();
        let member = |((shard, node), address): ((u16, &str), _)| Member { shard, node: node.into(), address };
        all.into_iter().map(member).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener, TcpStream};
    use std::process::{Child, Command, Stdio};

    use kv_server::{Engine, Limits, Settings};
    use nexus_rt::{Clock, MioInstaller, WorldBuilder};
    use tempfile::TempDir;

    use super::*;

    /// A nats-server on loopback, which ends with the test.
    struct Nats {
        child: Child,
        port: u16,
        _folder: TempDir,
    }

    impl Nats {
        fn start() -> Self {
            let folder = tempfile::tempdir().expect("a folder");
            let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
            let port = free.local_addr().expect("it has one").port();
            drop(free);
            let mut command = Command::new("nats-server");
            command.args(["-a", "127.0.0.1", "-p", &port.to_string(), "-js", "-sd"]).arg(folder.path());
            let mut child = command.stderr(Stdio::null()).spawn().expect("nats-server is installed");
            while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
                assert!(child.try_wait().expect("it is a child").is_none(), "nats-server has ended");
                thread::sleep(Duration::from_millis(10));
            }
            Self { child, port, _folder: folder }
        }

        fn stream(&self, every: u64, node: &str) -> Stream {
            let servers = format!("nats://127.0.0.1:{}", self.port);
            let options = Options::new(&servers, "kv-1-of-3", "kv-server 1", node);
            let options = Options { gossip: Some("members".into()), ..options };
            Stream::new(options, every, Some((0, 3)), ([127, 0, 0, 1], 7000).into())
        }
    }

    impl Drop for Nats {
        fn drop(&mut self) {
            _ = (self.child.kill(), self.child.wait());
        }
    }

    fn world() -> World {
        let address = ([127, 0, 0, 1], 7000).into();
        let clock = Clock::historical(Duration::ZERO);
        let settings = Settings { address, unix: None, started: clock.now() };
        let mut builder = WorldBuilder::new();
        _ = builder.install_driver(MioInstaller::new().expect("the system reports events"));
        builder.install_driver(Engine { clock, settings, limits: Limits::default() });
        builder.build()
    }

    /// A server: its world, and the log in it.
    struct Rig(World, Stream);

    impl Rig {
        fn new(stream: Stream) -> Self {
            Self(world(), stream)
        }

        /// Has turns until the condition holds, and returns the number of changes in them.
        fn until(&mut self, what: &str, mut is_so: impl FnMut(&Stream, usize) -> bool) -> usize {
            let Self(world, stream) = self;
            let (began, mut changes) = (Instant::now(), 0);
            while !is_so(stream, changes) {
                assert!(began.elapsed() < Duration::from_secs(60), "{what}");
                thread::sleep(Duration::from_millis(1));
                changes += stream.poll(world, &mut |_, _, _| {}).expect("the log is there");
                stream.flush(world);
            }
            changes
        }
    }

    #[test]
    fn a_server_of_a_shard_is_a_member_before_it_hears_itself() {
        let options = Options { gossip: Some("members".into()), ..Options::new("", "kv-1-of-3", "kv-server 1", "a") };
        let address = ([127, 0, 0, 1], 7000).into();
        let stream = Stream::new(options, 0, Some((0, 3)), address);
        assert_eq!(stream.members(), [Member { shard: 0, node: "a".into(), address }]);
    }

    #[test]
    fn announcements_do_not_count_as_changes() {
        let nats = Nats::start();
        let mut rig = Rig::new(nats.stream(0, "a"));
        // It hears itself too.
        let changes = rig.until("a member is heard", |stream, _| !stream.members.is_empty());
        assert_eq!(changes, 0);
        rig.1.publish(&Change::Tick).expect("there is room");
        assert_eq!(rig.until("the change comes", |_, changes| changes > 0), 1);
    }

    #[test]
    fn the_first_server_by_name_takes_the_snapshot_even_if_it_has_just_started() {
        let nats = Nats::start();
        let mut rig = Rig::new(nats.stream(0, "b"));
        rig.until("it starts", |stream, _| stream.replica.is_some());
        for _ in 0..20 {
            rig.1.publish(&Change::Tick).expect("there is room");
            rig.until("the change comes", |_, changes| changes > 0);
        }
        let started = |stream: &Stream, _: usize| stream.replica.is_some();
        let mut second = Rig::new(nats.stream(10, "c"));
        second.until("it starts", started);
        assert!(second.1.snapshots.taking.is_none(), "it leaves that to b");
        let mut first = Rig::new(nats.stream(10, "a"));
        first.until("it starts", started);
        assert!(first.1.snapshots.taking.is_some());
        first.until("the snapshot is taken", |stream, _| stream.snapshots.taking.is_none());
        let mut later = Rig::new(nats.stream(0, "d"));
        later.until("it starts", started);
        assert_eq!(later.1.snapshots.last, first.1.snapshots.last);
    }
}
