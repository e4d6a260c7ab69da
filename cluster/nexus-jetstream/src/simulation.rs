//! Simulates nodes over a model of the stream, by seeds: messages are lost, delayed, doubled and stored out of order,
//! nodes end and restart from the beginning or from a snapshot, and two processes use one name.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use crate::batch::word;
use crate::error::{Error, Refused};
use crate::order::{Order, Taken};

/// Pseudorandom numbers, by xorshift64*.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % limit
    }

    fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }
}

/// What a node has applied: the process and the number of each input, in order.
type Applied = Vec<(u64, u64)>;

struct Node {
    name: &'static str,
    order: Order,
    applied: Applied,
    /// Distinguishes processes. The library does not see it.
    process: u64,
    published: u64,
    back: u64,
}

struct Model {
    random: Random,
    /// The stored messages, each with its time.
    stream: Vec<(Duration, Arc<[u8]>)>,
    /// The messages in flight: the process, its counter, and the message.
    way: VecDeque<(u64, u64, Arc<[u8]>)>,
    nodes: Vec<Node>,
    processes: u64,
    now: Duration,
    /// The inputs of each process that have come back to it.
    acknowledged: BTreeMap<u64, u64>,
}

const NAMES: [&str; 3] = ["a", "b", "c"];

impl Model {
    fn new(seed: u64) -> Self {
        let random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        let (now, acknowledged) = (Duration::from_secs(1), BTreeMap::new());
        let (stream, way, nodes) = (Vec::new(), VecDeque::new(), Vec::new());
        let mut model = Self { random, stream, way, nodes, processes: 0, now, acknowledged };
        NAMES.into_iter().for_each(|name| model.start(name, None));
        model
    }

    /// Starts a process, from the beginning or from the state of another.
    fn start(&mut self, name: &'static str, from: Option<usize>) {
        self.processes += 1;
        let mut order = Order::new(name, 4096);
        let mut applied = Vec::new();
        if let Some(node) = from.map(|from| &self.nodes[from]) {
            (order.position, order.nodes) = (node.order.position, node.order.nodes.clone());
            applied.clone_from(&node.applied);
        }
        let mut node = Node { name, order, applied, process: self.processes, published: 0, back: 0 };
        while self.read(&mut node).expect("it has not begun") {}
        // The clock of its machine may show any time.
        let nonce = self.random.below(1 << 20) << 32 | node.process;
        node.order.begin(Duration::from_nanos(self.random.below(5)), nonce);
        self.nodes.push(node);
    }

    /// Lets a node take the next message, if there is one.
    fn read(&mut self, node: &mut Node) -> Result<bool, Error> {
        let next = node.order.position.stream as usize;
        let Some((at, bytes)) = self.stream.get(next) else { return Ok(false) };
        if let Taken::Inputs(records, own, _) = node.order.take(next as u64 + 1, *at, bytes)? {
            let mut own = own;
            for record in records {
                let (_, payload) = record.expect("what was published");
                let (process, rest) = word(payload).expect("a process");
                let (number, _) = word(rest).expect("a number");
                node.applied.push((process, number));
                if let Some(own) = &mut own {
                    assert_eq!((process, number), (node.process, *own), "a reply to another input");
                    node.back += 1;
                    assert_eq!(number, node.back, "its inputs come back in order, each once");
                    self.acknowledged.insert(process, number);
                    *own += 1;
                }
            }
        }
        Ok(true)
    }

    fn step(&mut self) {
        let which = self.random.below(self.nodes.len() as u64) as usize;
        let mut node = self.nodes.swap_remove(which);
        let mut ended = false;
        match self.random.below(100) {
            0..30 => {
                for _ in 0..self.random.below(4) {
                    let (process, number) = (node.process, node.published + 1);
                    let pushed = node.order.push(1, |out| {
                        out.extend_from_slice(&process.to_le_bytes());
                        out.extend_from_slice(&number.to_le_bytes());
                    });
                    match pushed {
                        Ok(at) => assert_eq!(at, number),
                        Err(refused) => {
                            assert_eq!(refused, Refused::Full);
                            break;
                        }
                    }
                    node.published += 1;
                }
                let (way, process) = (&mut self.way, node.process);
                node.order.flush(|counter, bytes| way.push_back((process, counter, bytes)));
            }
            30..70 => ended = self.read(&mut node).is_err(),
            70..90 => {
                // A message arrives, is lost, arrives twice, or arrives after a later one.
                let many = self.way.len() as u64;
                if many > 0 {
                    let place = if self.random.one_in(4) { self.random.below(many) as usize } else { 0 };
                    let (process, counter, bytes) = self.way.remove(place).expect("it is there");
                    self.now += Duration::from_millis(self.random.below(3));
                    let back = Duration::from_millis(self.random.below(5));
                    let copies = if self.random.one_in(10) { self.random.below(3) } else { 1 };
                    (0..copies).for_each(|_| self.stream.push((self.now - back, bytes.clone())));
                    if copies == 0 && process == node.process {
                        node.order.lost |= node.order.is_out(counter);
                    }
                }
            }
            90..98 => {
                if node.order.lost || self.random.one_in(3) {
                    let (way, process) = (&mut self.way, node.process);
                    node.order.again(|counter, bytes| way.push_back((process, counter, bytes)));
                }
            }
            _ => ended = self.random.one_in(4),
        }
        let name = node.name;
        if ended {
            let from = self.random.below(self.nodes.len() as u64 + 1) as usize;
            let from = Some(from).filter(|from| *from < self.nodes.len());
            self.start(name, from);
        } else {
            self.nodes.push(node);
            // Start a process under a name that is in use.
            if self.nodes.len() < 5 && self.random.one_in(500) {
                self.start(name, None);
            }
        }
    }

    /// Delivers everything, and compares the nodes.
    fn settle(mut self) {
        for _ in 0..100 {
            let mut left = Vec::new();
            for mut node in std::mem::take(&mut self.nodes) {
                let stream = &mut self.stream;
                let now = self.now;
                node.order.again(|_, bytes| stream.push((now, bytes)));
                node.order.flush(|_, bytes| stream.push((now, bytes)));
                let replaced = loop {
                    match self.read(&mut node) {
                        Ok(true) => {}
                        Ok(false) => break false,
                        Err(error) => {
                            assert!(matches!(error, Error::Replaced { .. }), "{error}");
                            break true;
                        }
                    }
                };
                if !replaced {
                    left.push(node);
                }
            }
            self.nodes = left;
        }
        let mut reader = Order::new("", 0);
        let position = |order: &Order| (order.position, order.nodes.clone());
        let mut fresh =
            Node { name: "", order: Order::new("", 0), applied: Vec::new(), process: 0, published: 0, back: 0 };
        std::mem::swap(&mut fresh.order, &mut reader);
        while self.read(&mut fresh).expect("a reader has no name") {}
        for node in &self.nodes {
            assert_eq!(node.order.pending(), 0, "{} has inputs that did not come back", node.name);
            assert_eq!(node.back, node.published);
            assert_eq!(node.applied, fresh.applied, "{} differs", node.name);
            assert_eq!(position(&node.order), position(&fresh.order));
        }
        // The inputs of each process are applied once, in order and without a gap, and include all acknowledged ones.
        let mut last = BTreeMap::new();
        for (process, number) in &fresh.applied {
            let before = last.insert(*process, *number).unwrap_or(0);
            assert_eq!(*number, before + 1, "process {process}");
        }
        for (process, number) in &self.acknowledged {
            assert!(last.get(process).is_some_and(|last| last >= number), "an acknowledged input was lost");
        }
    }
}

#[test]
fn every_input_counts_once_and_in_order_whatever_happens_to_messages() {
    for seed in 0..2_000 {
        let mut model = Model::new(seed);
        (0..400).for_each(|_| model.step());
        model.settle();
    }
}
