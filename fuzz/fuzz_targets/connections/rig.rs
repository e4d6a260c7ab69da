//! A world with a listener, and one client at a time.

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use nexus_rt::connections::{Client, Connections, ConnectionsInstaller, Ended, Limits};
use nexus_rt::{Key, MioInstaller, PipelineStart, Res, ResMut, World, WorldBuilder};

use crate::framings::{Any, Text};
use crate::plain::Plain;

/// A frame that closes the connection.
const QUIT: &[u8] = b"quit";

/// The most memory that is held for one client beside a few times its incomplete frame, in bytes.
const MEMORY: usize = 1 << 20;

/// More polls than anything takes.
const POLLS: usize = 1_000_000;

/// What holds for one client.
pub(crate) struct Conditions {
    pub(crate) frame: usize,
    pub(crate) frames: usize,
    pub(crate) pause: usize,
    /// How often a frame is sent back.
    pub(crate) replies: usize,
    /// The budget of a poll.
    pub(crate) budget: usize,
}

impl Conditions {
    /// Whether it takes many polls.
    pub(crate) fn is_slow(&self) -> bool {
        self.frames.min(self.budget) < 1_000
    }
}

/// What a world saw of its client, or what it should have seen.
#[derive(Default, PartialEq, Debug)]
struct Seen {
    frames: Vec<Vec<u8>>,
    /// Why the client has ended.
    end: Option<String>,
}

/// How often a frame is sent back.
struct Replies(usize);

/// Polls once, with a budget.
type Turn = Box<dyn FnMut(&mut World, usize) -> usize>;

pub(crate) struct Rig {
    world: World,
    turn: Turn,
    seen: Key<Seen>,
    connections: Key<Connections<()>>,
    path: PathBuf,
}

fn on_frame(client: &mut Client<()>, mut seen: ResMut<Seen>, replies: Res<Replies>, frame: &[u8]) {
    assert!(seen.end.is_none(), "a frame after the end");
    seen.frames.push(frame.to_vec());
    (0..replies.0).for_each(|_| client.send(frame));
    if frame == QUIT {
        client.close("quit");
    }
}

fn on_ended(_: &mut Client<()>, mut seen: ResMut<Seen>, why: Ended<Text>) {
    assert!(seen.end.replace(why.to_string()).is_none(), "two ends");
}

impl Rig {
    pub(crate) fn new(framing: Any) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("fuzz-connections-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        let mut builder = WorldBuilder::new();
        let mut io = builder.install_driver(MioInstaller::new().expect("there are files left"));
        let installer = ConnectionsInstaller::<(), _>::new(&io, framing).expect("there are files left");
        let mut net = builder.install_driver(installer);
        builder.register(Seen::default());
        builder.register(Replies(0));
        let (seen, connections) = (builder.key(), builder.key::<Connections<()>>());
        let mut world = builder.build();
        let mut chain =
            PipelineStart::<&[u8]>::borrowed().with_context::<Client<()>>().then(on_frame, world.registry()).build();
        let ended = PipelineStart::<Ended<Text>>::new().with_context::<Client<()>>().then(on_ended, world.registry());
        net.on_ended(ended.build());
        connections.get_mut(&mut world).listen(path.clone()).expect("nobody else listens there");
        let turn = move |world: &mut World, budget| {
            io.poll(world, Some(Duration::ZERO)).expect("it polls");
            net.poll(world, budget, &mut chain)
        };
        Self { world, turn: Box::new(turn), seen, connections, path }
    }

    /// Sends the pieces, each once the one before it was read, and compares what comes of them with the model.
    pub(crate) fn run(&mut self, pieces: &[&[u8]], conditions: &Conditions, mut model: Plain) {
        *self.world.resource_mut::<Seen>() = Seen::default();
        self.world.resource_mut::<Replies>().0 = conditions.replies;
        let mut limits = Limits::default();
        (limits.frame, limits.frames, limits.pause) = (conditions.frame, conditions.frames, conditions.pause);
        *self.connections.get_mut(&mut self.world).limits_mut() = limits;

        let mut client = UnixStream::connect(&self.path).expect("the world listens");
        client.set_nonblocking(true).expect("it is connected");
        let mut expected = Seen::default();
        let (mut owed, mut replies) = (Vec::new(), Vec::new());
        let mut received = self.connections.get(&self.world).stats().received;
        for piece in pieces {
            client.write_all(piece).expect("a piece has room");
            received += piece.len() as u64;
            expect(&mut expected, &mut model, piece, conditions.frame);
            expected.frames.iter().for_each(|frame| owed.extend(frame.repeat(conditions.replies)));
            self.settle(&mut client, conditions.budget, &mut replies, |rig| {
                rig.connections.get(&rig.world).stats().received == received
            });
            self.compare(&mut expected);
            let held = self.connections.get(&self.world).stats().memory;
            assert!(held <= MEMORY + 4 * model.rest(), "{held} bytes are held for {}", model.rest());
            if expected.end.is_some() {
                break;
            }
        }
        // It may be closed already.
        _ = client.shutdown(Shutdown::Write);
        expected.end.get_or_insert_with(|| Ended::<Text>::Finished.to_string());
        self.settle(&mut client, conditions.budget, &mut replies, |rig| rig.connections.get(&rig.world).is_empty());
        self.compare(&mut expected);
        assert_eq!(self.connections.get(&self.world).stats().memory, 0);
        assert!(owed == replies, "the replies are not those of the frames");
    }

    /// Compares what was seen since the last time.
    fn compare(&mut self, expected: &mut Seen) {
        let mut seen = self.world.resource_mut::<Seen>();
        assert_eq!(*seen, *expected);
        seen.frames.clear();
        expected.frames.clear();
    }

    /// Polls until nothing happens any more, and `done` holds. The client reads what comes.
    fn settle(&mut self, client: &mut UnixStream, budget: usize, replies: &mut Vec<u8>, done: impl Fn(&Self) -> bool) {
        for _ in 0..POLLS {
            let ran = (self.turn)(&mut self.world, budget);
            let before = replies.len();
            match client.read_to_end(replies) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => panic!("{error}"),
            }
            if ran == 0 && replies.len() == before && done(self) {
                return;
            }
        }
        panic!("it does not come to rest: {:?}", self.seen.get(&self.world).end);
    }
}

/// What is to be seen after one more piece, which is read at once.
fn expect(seen: &mut Seen, model: &mut Plain, piece: &[u8], most: usize) {
    model.add(piece);
    loop {
        match model.next() {
            Ok(Some(frame)) => {
                let quits = frame == QUIT;
                seen.frames.push(frame);
                if quits {
                    seen.end = Some("quit".into());
                    return;
                }
            }
            Ok(None) => break,
            Err(text) => {
                seen.end = Some(Ended::Malformed(Text(text)).to_string());
                return;
            }
        }
    }
    if model.rest() > most {
        seen.end = Some(Ended::<Text>::TooLong.to_string());
    }
}
