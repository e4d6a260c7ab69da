//! `Partials`: the framings of connections whose frames are incomplete, and the one that all others share.

use std::mem;

use super::framing::{Framing, READ};
use crate::poll::RegistrationKey;

/// The most unused framings that are kept.
const SPARE: usize = 64;

/// The largest incomplete frame that is copied behind the next read, instead of being read into where it is.
const SMALL: usize = READ / 2;

pub(super) struct Partials<F> {
    /// The framing of every connection that has no frame under way, with the memory that is read into.
    shared: F,
    prototype: F,
    /// By the index of the connection.
    own: Vec<Option<(RegistrationKey, Box<F>)>>,
    spare: Vec<Box<F>>,
    /// Whether the shared framing may hold bytes of a connection whose frame panicked or was malformed.
    dirty: bool,
}

impl<F: Framing> Partials<F> {
    pub(super) fn new(prototype: F) -> Self {
        Self { shared: prototype.clone(), prototype, own: Vec::new(), spare: Vec::new(), dirty: false }
    }

    /// Calls `run` with the framing of a connection, which has room for a read. `run` also returns whether the framing
    /// can continue. If not, the framing is dropped, whatever it holds.
    #[inline]
    pub(super) fn with<R>(&mut self, id: RegistrationKey, run: impl FnOnce(&mut F) -> (R, bool)) -> R {
        if mem::replace(&mut self.dirty, true) {
            self.shared = self.prototype.clone();
        }
        let out = match self.take(id) {
            None => {
                let (out, goes_on) = run(&mut self.shared);
                if !goes_on {
                    return out;
                }
                if is_done(&mut self.shared) {
                    self.shared.buffer().clear()
                } else {
                    self.split(id)
                }
                out
            }
            Some(mut own) => {
                let small = own.buffer().unread().len() <= SMALL;
                if small {
                    own.buffer().exchange(self.shared.buffer());
                }
                let (out, goes_on) = run(&mut own);
                if small {
                    own.buffer().exchange(self.shared.buffer());
                }
                if goes_on {
                    self.put_back(id, own);
                }
                out
            }
        };
        self.dirty = false;
        out
    }

    fn take(&mut self, id: RegistrationKey) -> Option<Box<F>> {
        let slot = self.own.get_mut(id.index as usize)?;
        slot.take_if(|(key, _)| *key == id).map(|(_, framing)| framing)
    }

    /// Gives the connection its own framing, with the unread bytes, and leaves the memory to the shared one.
    fn split(&mut self, id: RegistrationKey) {
        let mut own = self.spare.pop().unwrap_or_else(|| Box::new(self.prototype.clone()));
        mem::swap(&mut *own, &mut self.shared);
        own.buffer().exchange(self.shared.buffer());
        self.put_back(id, own);
    }

    fn put_back(&mut self, id: RegistrationKey, mut framing: Box<F>) {
        if is_done(&mut *framing) {
            framing.buffer().clear();
            if framing.holds().saturating_add(framing.buffer().capacity()) <= READ && self.spare.len() < SPARE {
                self.spare.push(framing);
            }
            return;
        }
        framing.buffer().shrink();
        let index = id.index as usize;
        if index >= self.own.len() {
            self.own.resize_with(index + 1, || None);
        }
        self.own[index] = Some((id, framing));
    }

    /// Drops an incomplete frame.
    pub(super) fn forget(&mut self, id: RegistrationKey) {
        self.take(id);
    }

    /// Returns the memory that an incomplete frame holds, in bytes.
    #[inline]
    pub(super) fn holds(&mut self, id: RegistrationKey) -> usize {
        match self.own.get_mut(id.index as usize) {
            Some(Some((key, framing))) if *key == id => {
                framing.holds().saturating_add(framing.buffer().capacity() + size_of::<F>())
            }
            _ => 0,
        }
    }

    /// Returns room for bytes that will be dropped.
    pub(super) fn room(&mut self) -> &mut [u8] {
        self.shared.buffer().room()
    }
}

/// Returns whether a framing holds nothing of its connection.
fn is_done<F: Framing>(framing: &mut F) -> bool {
    framing.buffer().unread().is_empty() && framing.is_idle()
}
