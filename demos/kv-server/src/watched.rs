//! The keys that clients watch. A client's transaction runs only if the keys that it watches have not changed.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Counts the changes of watched keys.
#[derive(Debug, Default)]
pub(crate) struct Watched {
    keys: HashMap<Arc<[u8]>, State>,
    /// The number of changes of watched keys.
    changes: u64,
}

/// The state of a watched key.
#[derive(Debug)]
struct State {
    /// The number of clients that watch it.
    clients: usize,
    /// The number of its last change.
    changed: u64,
}

/// The keys that a client watches, each with the number of changes when watching began.
pub(crate) type Watches = BTreeMap<Arc<[u8]>, u64>;

impl Watched {
    /// Adds a key to those that a client watches. A key that it watches already is unchanged.
    pub(crate) fn watch(&mut self, watches: &mut Watches, key: &[u8]) {
        if watches.contains_key(key) {
            return;
        }
        let name = match self.keys.get_key_value(key) {
            Some((name, _)) => name.clone(),
            None => key.into(),
        };
        self.keys.entry(name.clone()).or_insert(State { clients: 0, changed: 0 }).clients += 1;
        watches.insert(name, self.changes);
    }

    /// Stops watching a client's keys. Returns whether any of them has changed.
    pub(crate) fn unwatch(&mut self, watches: &mut Watches) -> bool {
        let mut changed = false;
        for (key, since) in std::mem::take(watches) {
            let Some(state) = self.keys.get_mut(&key) else { continue };
            changed |= state.changed > since;
            state.clients -= 1;
            if state.clients == 0 {
                self.keys.remove(&key);
            }
        }
        changed
    }

    /// Returns whether any key that a client watches has changed.
    pub(crate) fn has_changed(&self, watches: &Watches) -> bool {
        watches.iter().any(|(key, since)| self.keys.get(key).is_some_and(|state| state.changed > *since))
    }

    /// Notes that a key has changed.
    #[inline]
    pub(crate) fn touch(&mut self, key: &[u8]) {
        if !self.keys.is_empty() {
            self.change(key);
        }
    }

    #[cold]
    fn change(&mut self, key: &[u8]) {
        if let Some(state) = self.keys.get_mut(key) {
            self.changes += 1;
            state.changed = self.changes;
        }
    }

    /// Returns every watched key.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &Arc<[u8]>> {
        self.keys.keys()
    }
}

#[cfg(test)]
mod tests {
    use super::{Watched, Watches};

    #[test]
    fn a_change_counts_for_those_who_watched_before() {
        let mut watched = Watched::default();
        let [mut early, mut late, mut other] = [(); 3].map(|()| Watches::new());
        watched.touch(b"k");
        watched.watch(&mut early, b"k");
        watched.watch(&mut other, b"other");
        watched.touch(b"k");
        watched.watch(&mut early, b"k");
        watched.watch(&mut late, b"k");
        assert!(watched.unwatch(&mut early) && !watched.unwatch(&mut early));
        assert!(!watched.unwatch(&mut late) && !watched.unwatch(&mut other));
        assert_eq!(watched.keys().count(), 0);
    }
}
