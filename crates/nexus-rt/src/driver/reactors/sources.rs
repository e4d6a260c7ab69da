//! `Sources`: from keys of the program to sources.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;

use super::event::SourceId;
use super::resource::Reactors;

/// Finds sources by keys of the program: a symbol, the id of a connection. Usually a resource, one for each type of
/// key.
///
/// A look-up hashes the key. What marks a source often keeps its [`SourceId`] instead.
///
/// ```
/// use nexus_rt::WorldBuilder;
/// use nexus_rt::reactors::{Reactors, ReactorsInstaller, Sources};
///
/// let mut builder = WorldBuilder::new();
/// let _poller = builder.install_driver(ReactorsInstaller::new());
/// let mut world = builder.build();
///
/// let mut reactors = world.resource_mut::<Reactors>();
/// let mut symbols = Sources::<String>::default();
/// let btc = symbols.get_or_add(&mut reactors, "BTC".into());
/// assert_eq!(symbols.get_or_add(&mut reactors, "BTC".into()), btc);
/// assert_eq!((symbols.get("BTC"), symbols.get("ETH")), (Some(btc), None));
///
/// assert!(symbols.remove(&mut reactors, "BTC"));
/// assert!(!reactors.contains_source(btc));
/// ```
#[derive(Clone, Debug)]
pub struct Sources<K> {
    by_key: HashMap<K, SourceId>,
}

impl<K: Hash + Eq> Sources<K> {
    /// Returns the source of a key. Adds one if the key has none, or one that is not among these reactors: a table
    /// belongs to one [`Reactors`].
    pub fn get_or_add<H, Tag>(&mut self, reactors: &mut Reactors<H, Tag>, key: K) -> SourceId {
        let source = self.by_key.entry(key).or_insert_with(|| reactors.add_source());
        if !reactors.contains_source(*source) {
            *source = reactors.add_source();
        }
        *source
    }

    /// Returns the source of a key, if it has one. [`Reactors::mark`] says whether it is still there.
    #[must_use]
    pub fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<SourceId>
    where
        K: Borrow<Q>,
    {
        self.by_key.get(key).copied()
    }

    /// Forgets a key and [removes](Reactors::remove_source) its source. Returns whether there was one.
    pub fn remove<H, Tag, Q: Hash + Eq + ?Sized>(&mut self, reactors: &mut Reactors<H, Tag>, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.by_key.remove(key).is_some_and(|source| reactors.remove_source(source))
    }
}

impl<K> Default for Sources<K> {
    fn default() -> Self {
        Self { by_key: HashMap::new() }
    }
}
