//! `Digests`: fingerprints of a world, to compare it with another.

use std::any::type_name;
use std::fmt;
use std::hash::{Hash, Hasher};

use nexus_rt::{Registry, ResourceId, Sequence, World};

use crate::digest::Digest;

/// The resources that make up the state of a program, each with a function that hashes it.
///
/// A [`Recorder`](crate::Recorder) notes the digests at intervals, and a replay compares them. Watch every resource
/// that decides what the program does.
///
/// ```
/// use nexus_journal::Digests;
/// use nexus_rt::WorldBuilder;
///
/// #[derive(Hash)]
/// struct Book { best: u64 }
/// struct Cache(f64);
///
/// let mut builder = WorldBuilder::new();
/// builder.register(Book { best: 101 });
/// builder.register(Cache(0.5));
/// let mut world = builder.build();
/// let mut digests = Digests::new();
/// digests.watch::<Book>(world.registry());
///
/// let before = digests.total(&world);
/// world.resource_mut::<Cache>().0 = 0.7; // not watched
/// assert_eq!(digests.total(&world), before);
/// world.resource_mut::<Book>().best = 102;
/// assert_ne!(digests.total(&world), before);
/// assert_eq!(digests.unwatched(&world).len(), 1);
/// ```
#[derive(Default)]
#[must_use]
pub struct Digests(Vec<Watched>);

struct Watched {
    id: ResourceId,
    name: String,
    /// The digest of its name, under which checks note it.
    key: u64,
    value: Box<dyn Fn(&World) -> u64 + Send>,
    changed_at: fn(&World) -> Sequence,
    /// Whether checks do without it.
    is_slow: bool,
}

impl Watched {
    fn word(&self, world: &World) -> Word {
        Word { key: self.key, value: (self.value)(world), changed_at: (self.changed_at)(world).get() }
    }
}

/// The digests of a resource: that of its name, that of its value, and the sequence in which it was last written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Word {
    pub(crate) key: u64,
    pub(crate) value: u64,
    pub(crate) changed_at: u64,
}

/// Stands for the sequence of a resource whose writes are not compared.
const ANY: u64 = u64::MAX;

impl Digests {
    /// Creates a set that watches nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Watches a resource: its value, by its [`Hash`], and the sequence in which it was last written.
    ///
    /// # Panics
    /// If no `T` is registered, or if it is already watched as a whole.
    #[track_caller]
    pub fn watch<T: Hash + Send + 'static>(&mut self, registry: &Registry) -> &mut Self {
        self.add(registry, "", |value: &T, digest| value.hash(digest), |world| world.changed_at::<T>())
    }

    /// Watches a resource by a function, which may leave out fields that are only cached.
    ///
    /// When the resource was written is not compared, since the fields left out may be written at any time.
    ///
    /// ```
    /// use nexus_journal::Digests;
    /// use nexus_rt::WorldBuilder;
    /// use std::hash::Hash;
    ///
    /// struct Book { best: u64, cached_spread: f64 }
    ///
    /// let mut builder = WorldBuilder::new();
    /// builder.register(Book { best: 101, cached_spread: 0.5 });
    /// let mut world = builder.build();
    /// let mut digests = Digests::new();
    /// digests.watch_by(world.registry(), |book: &Book, digest| book.best.hash(digest));
    ///
    /// let before = digests.total(&world);
    /// world.resource_mut::<Book>().cached_spread = 0.7;
    /// assert_eq!(digests.total(&world), before);
    /// world.resource_mut::<Book>().best = 102;
    /// assert_ne!(digests.total(&world), before);
    /// ```
    ///
    /// # Panics
    /// If no `T` is registered, or if it is already watched as a whole.
    #[track_caller]
    pub fn watch_by<T: Send + 'static>(
        &mut self,
        registry: &Registry,
        digest: impl Fn(&T, &mut Digest) + Send + 'static,
    ) -> &mut Self {
        self.watch_part(registry, "", digest)
    }

    /// Watches a part of a resource by a function. A [`Divergence`](crate::Divergence) names the part beside the
    /// resource.
    ///
    /// ```
    /// use nexus_journal::Digests;
    /// use nexus_rt::WorldBuilder;
    /// use std::hash::Hash;
    ///
    /// struct Book { bids: Vec<u64>, asks: Vec<u64> }
    ///
    /// let mut builder = WorldBuilder::new();
    /// builder.register(Book { bids: vec![100], asks: vec![101] });
    /// let mut world = builder.build();
    /// let mut digests = Digests::new();
    /// digests.watch_part(world.registry(), "bids", |book: &Book, digest| book.bids.hash(digest));
    /// digests.watch_part(world.registry(), "asks", |book: &Book, digest| book.asks.hash(digest));
    ///
    /// let (mut before, mut after) = (Vec::new(), Vec::new());
    /// digests.note(&world, &mut before);
    /// world.resource_mut::<Book>().asks.push(102);
    /// digests.note(&world, &mut after);
    /// let differ = digests.compare(&before, &after);
    /// assert!(differ.len() == 1 && differ[0].ends_with("Book.asks"));
    /// ```
    ///
    /// # Panics
    /// If no `T` is registered, or if a part of it is already watched under this name.
    #[track_caller]
    pub fn watch_part<T: Send + 'static>(
        &mut self,
        registry: &Registry,
        part: &str,
        digest: impl Fn(&T, &mut Digest) + Send + 'static,
    ) -> &mut Self {
        self.add(registry, part, digest, |_| Sequence::new(ANY))
    }

    #[track_caller]
    fn add<T: Send + 'static>(
        &mut self,
        registry: &Registry,
        part: &str,
        digest: impl Fn(&T, &mut Digest) + Send + 'static,
        changed_at: fn(&World) -> Sequence,
    ) -> &mut Self {
        let (key, point) = (registry.key::<T>(), if part.is_empty() { "" } else { "." });
        let name = [type_name::<T>(), point, part].concat();
        // Checks tell the values apart by this name.
        assert!(
            self.0.iter().all(|watched| watched.name != name),
            "`{name}` is already watched: watch each part under a name of its own, with `watch_part`"
        );
        let value = move |world: &World| {
            let mut hasher = Digest::default();
            digest(key.get(world), &mut hasher);
            hasher.finish()
        };
        let (id, key, value) = (registry.id::<T>(), Digest::of(&name), Box::new(value));
        self.0.push(Watched { id, name, key, value, changed_at, is_slow: false });
        self
    }

    /// Watches a part of a resource, as [`watch_part`](Self::watch_part) does, by a function that takes long. Only the
    /// two worlds of a snapshot are compared by it. The checks at intervals do without it, so another part should stand
    /// for it there, such as a history that is kept up to date with every change.
    ///
    /// ```
    /// use nexus_journal::Digests;
    /// use nexus_rt::WorldBuilder;
    /// use std::hash::Hash;
    ///
    /// struct Book { orders: Vec<u64>, changes: u64 }
    ///
    /// let mut builder = WorldBuilder::new();
    /// builder.register(Book { orders: vec![100, 101], changes: 2 });
    /// let world = builder.build();
    /// let mut digests = Digests::new();
    /// digests.watch_part(world.registry(), "changes", |book: &Book, digest| book.changes.hash(digest));
    /// digests.watch_slow_part(world.registry(), "orders", |book: &Book, digest| book.orders.hash(digest));
    ///
    /// let (mut check, mut all) = (Vec::new(), Vec::new());
    /// digests.note(&world, &mut check);
    /// digests.note_all(&world, &mut all);
    /// assert!(all.starts_with(&check) && all.len() > check.len());
    /// ```
    ///
    /// # Panics
    /// If no `T` is registered, or if a part of it is already watched under this name.
    #[track_caller]
    pub fn watch_slow_part<T: Send + 'static>(
        &mut self,
        registry: &Registry,
        part: &str,
        digest: impl Fn(&T, &mut Digest) + Send + 'static,
    ) -> &mut Self {
        self.watch_part(registry, part, digest);
        self.0.last_mut().expect("it was added").is_slow = true;
        self
    }

    /// Returns one digest for the values of all watched resources.
    #[must_use]
    pub fn total(&self, world: &World) -> u64 {
        total(self.words(world).map(|word| word.value))
    }

    /// Returns the names of the resources that are not watched.
    #[must_use]
    pub fn unwatched(&self, world: &World) -> Vec<&'static str> {
        let is_watched = |id| self.0.iter().any(|watched| watched.id == id);
        world.resources().filter(|resource| !is_watched(resource.id)).map(|resource| resource.name).collect()
    }

    /// Returns the digest of each value, by the name of the resource.
    pub(crate) fn values(&self, world: &World) -> Vec<(String, u64)> {
        self.0.iter().map(|watched| (watched.name.clone(), (watched.value)(world))).collect()
    }

    /// Returns the digests of each resource.
    pub(crate) fn words(&self, world: &World) -> impl Iterator<Item = Word> {
        self.0.iter().map(|watched| watched.word(world))
    }

    /// Appends the digest of each watched resource to `out`, to be [compared](Self::compare) with that of another
    /// world. Returns their total. [Slow parts](Self::watch_slow_part) are left out.
    pub fn note(&self, world: &World, out: &mut Vec<u8>) -> u64 {
        write(self.0.iter().filter(|watched| !watched.is_slow), world, out)
    }

    /// Appends the digests that [`note`](Self::note) appends, and those of [slow parts](Self::watch_slow_part). Returns
    /// the [total](Self::total).
    pub fn note_all(&self, world: &World, out: &mut Vec<u8>) -> u64 {
        write(self.0.iter(), world, out)
    }

    /// Compares the [notes](Self::note) of two worlds. Returns the names of the resources whose values differ, among
    /// those that both notes have.
    ///
    /// When a resource was written is not compared, since one of the worlds may come from a snapshot.
    #[must_use]
    pub fn compare(&self, one: &[u8], other: &[u8]) -> Vec<&str> {
        let value = |note: &[u8], key| {
            let mut words = note.chunks_exact(24);
            let word = words.find(|word| crate::format::word(word, 0) == key)?;
            Some(crate::format::word(word, 8))
        };
        let differs = |watched: &&Watched| {
            value(one, watched.key).zip(value(other, watched.key)).is_some_and(|(one, other)| one != other)
        };
        self.0.iter().filter(differs).map(|watched| &*watched.name).collect()
    }

    /// Compares the world with a check. Returns the names of the resources that differ, among those that both have.
    /// Writes up to `begins` count as equal.
    pub(crate) fn differ(&self, world: &World, check: &[u8], begins: Sequence) -> Vec<String> {
        let noted = |key| {
            let words = check.chunks_exact(24).map(|word| {
                let at = |n| crate::format::word(word, n);
                Word { key: at(0), value: at(8), changed_at: at(16) }
            });
            words.into_iter().find(|word| word.key == key)
        };
        let is_same = |found: Word, noted: Word| {
            let same_write = [found, noted].iter().any(|word| word.changed_at == ANY)
                || found.changed_at.max(begins.get()) == noted.changed_at.max(begins.get());
            found.value == noted.value && same_write
        };
        // A resource without a note is not hashed, since that may take long.
        let differ = self
            .0
            .iter()
            .filter(|watched| noted(watched.key).is_some_and(|noted| !is_same(watched.word(world), noted)));
        differ.map(|watched| watched.name.clone()).collect()
    }
}

/// Appends digests to `out`, and returns their total.
fn write<'a>(watched: impl Iterator<Item = &'a Watched>, world: &World, out: &mut Vec<u8>) -> u64 {
    total(watched.map(|watched| {
        let Word { key, value, changed_at } = watched.word(world);
        [key, value, changed_at].into_iter().for_each(|word| out.extend(word.to_le_bytes()));
        value
    }))
}

/// Combines several digests into one.
pub(crate) fn total(values: impl Iterator<Item = u64>) -> u64 {
    let mut total = Digest::default();
    values.for_each(|value| total.write_u64(value));
    total.finish()
}

impl fmt::Debug for Digests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|watched| &watched.name)).finish()
    }
}
