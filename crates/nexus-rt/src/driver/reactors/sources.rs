//! `Sources`: finds sources by keys of the program.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;

use super::event::SourceId;
use super::resource::Reactors;

/// Finds sources by keys of the program, such as a symbol or the id of a connection. Usually a resource, one for each
/// type of key.
///
/// A look-up hashes the key. Code that marks a source often should keep its [`SourceId`] instead.
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
    /// Returns the source of a key. Adds a source if the key has none, or if its source is not in `reactors`: a table
    /// belongs to one [`Reactors`].
    pub fn get_or_add<H, Tag>(&mut self, reactors: &mut Reactors<H, Tag>, key: K) -> SourceId {
        let source = self.by_key.entry(key).or_insert_with(|| reactors.add_source());
        if !reactors.contains_source(*source) {
            *source = reactors.add_source();
        }
        *source
    }

    /// Returns the source of a key, if any. [`Reactors::mark`] returns whether the source still exists.
    #[must_use]
    pub fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<SourceId>
    where
        K: Borrow<Q>,
    {
        self.by_key.get(key).copied()
    }

    /// Removes a key and [its source](Reactors::remove_source). Returns whether the source existed.
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
