//! What is known of a client's transaction from its requests and their replies.

use crate::replies::count;

/// The state of a client, as far as its replies tell.
#[derive(Default)]
pub(crate) struct Known {
    /// The transaction that it has begun.
    open: Option<Queue>,
    watched: Vec<Vec<u8>>,
    /// Whether a watched key has changed for sure.
    changed: bool,
    /// Whether a watched key may have changed.
    may_have_changed: bool,
}

#[derive(Default)]
struct Queue {
    count: usize,
    /// Whether a request was refused.
    failed: bool,
    /// Whether a queued request has several replies.
    has_many: bool,
    /// Whether a queued request changes the version of the protocol.
    has_hello: bool,
}

/// Returns whether a command may have several replies, or messages before its reply.
pub(crate) fn has_many(name: &str) -> bool {
    name.ends_with("subscribe") || name.ends_with("publish")
}

impl Known {
    /// Returns whether the replies to a request may be several, or messages.
    pub(crate) fn has_many(&self, name: &str) -> bool {
        has_many(name) || name == "exec" && self.open.as_ref().is_some_and(|queue| queue.has_many)
    }

    /// Returns whether replies to a request may be in both versions of the protocol.
    pub(crate) fn has_hello(&self, name: &str) -> bool {
        name == "exec" && self.open.as_ref().is_some_and(|queue| queue.has_hello)
    }

    /// Checks the first reply to a request of this client, and learns from it.
    pub(crate) fn learn(&mut self, name: &str, words: &[&[u8]], reply: &[u8]) {
        if reply == b"+QUEUED\r\n" {
            let queue = self.open.as_mut().expect("only requests of a transaction are queued");
            queue.count += 1;
            queue.has_many |= has_many(name);
            queue.has_hello |= name == "hello";
            return;
        }
        match (name, reply) {
            ("multi", b"+OK\r\n") => {
                assert!(self.open.is_none(), "a transaction within another");
                self.open = Some(Queue::default());
            }
            ("exec", _) => self.executed(reply),
            ("discard", b"+OK\r\n") => {
                assert!(self.open.is_some(), "nothing to discard");
                *self = Self::default();
            }
            ("reset", b"+RESET\r\n") => *self = Self::default(),
            ("unwatch", b"+OK\r\n") => *self = Self { open: self.open.take(), ..Self::default() },
            ("watch", b"+OK\r\n") => self.watched.extend(words[1..].iter().map(|key| key.to_vec())),
            _ => {
                if let Some(queue) = &mut self.open {
                    let harmless =
                        reply.starts_with(b"-ERR MULTI calls can") || reply.starts_with(b"-ERR WATCH inside");
                    queue.failed |= reply.starts_with(b"-") && !harmless;
                }
            }
        }
    }

    fn executed(&mut self, reply: &[u8]) {
        let aborted = reply.starts_with(b"-EXECABORT");
        let Some(queue) = self.open.take() else {
            assert!(reply.starts_with(b"-"), "there was no transaction");
            if aborted {
                *self = Self::default();
            }
            return;
        };
        let known = std::mem::take(self);
        let line = &reply[..reply.iter().position(|byte| *byte == b'\r').expect("a line")];
        match line {
            b"*-1" | b"_" => assert!(!queue.failed && !known.watched.is_empty() && known.may_have_changed),
            [b'*', elements @ ..] => {
                assert_eq!(count(elements), Some(queue.count), "as many replies as requests");
                assert!(!queue.failed && !known.changed, "it must not run");
            }
            _ => {
                assert!(aborted && (queue.failed || line.starts_with(b"-EXECABORT Transaction discarded because of: ")))
            }
        }
    }

    /// Notes that a request of any client has run, which another may have noticed.
    pub(crate) fn notice(&mut self, name: &str, words: &[&[u8]], reply: &[u8]) {
        if self.watched.is_empty() || reply == b"+QUEUED\r\n" || ["watch", "multi", "get", "ping"].contains(&name) {
            return;
        }
        self.may_have_changed = true;
        let one = match (name, words) {
            ("set", [_, key, _]) => reply == b"+OK\r\n" && self.watches(key),
            ("del", [_, key]) => reply == b":1\r\n" && self.watches(key),
            _ => false,
        };
        self.changed |= one;
    }

    fn watches(&self, key: &[u8]) -> bool {
        self.watched.iter().any(|watched| watched == key)
    }

    /// Notes that time has passed, which ends keys.
    pub(crate) fn wait(&mut self) {
        self.may_have_changed = true;
    }
}
