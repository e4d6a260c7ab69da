//! `Reactors`: the resource with the sources, their marks, and the reactors that watch them.

use std::cmp::Reverse;
use std::fmt;
use std::marker::PhantomData;
use std::mem;

use super::event::{ReactorEvent, ReactorId, SourceId};
use crate::describe::Describe;
use crate::handler::Virtual;
use crate::poll::{Driver, Polls, Registration, RegistrationKey, Registrations};

/// Sources, and the reactors that watch them, as a resource: [`ReactorsInstaller`](super::ReactorsInstaller) registers
/// it, [`ReactorsPoller`](super::ReactorsPoller) runs the reactors.
///
/// A source stands for something that changes: an instrument, a connection, a table. The code that changes it
/// [marks](Self::mark) it. The next poll runs each reactor that watches a marked source once, in the order of
/// registration, no matter how often and how many of its sources were marked.
///
/// A key of another table, or of a removed source or reactor, does nothing: methods return `false` or `None`.
///
/// `H` is the type in which reactors are stored: boxed ([`Virtual`]) by default, or a nameable type such as
/// [`TemplatedCallback<K>`](crate::TemplatedCallback). `Tag` distinguishes several tables of one world.
pub struct Reactors<H = Virtual<ReactorEvent>, Tag = ()> {
    reactors: Registrations<H, Reactor>,
    sources: Registrations<(), Source>,
    /// Sources in the order in which they were marked.
    marked: Vec<SourceId>,
    /// The rest of the pass, the next reactor last, by the number of the registration.
    due: Vec<(u64, RegistrationKey)>,
    /// Reactors that were next while they ran, in a poll of another world that had the resource meanwhile.
    skipped: Vec<RegistrationKey>,
    /// The number of registrations so far.
    registered: u64,
    tag: PhantomData<fn() -> Tag>,
}

/// The part of a reactor that stays while it runs.
struct Reactor {
    /// Its place in the order of registration.
    number: u64,
    /// If it is due, the source that was marked first, and the number of marked sources.
    first: Option<SourceId>,
    marked: usize,
    /// The sources that it watches.
    watches: Vec<Link>,
}

#[derive(Default)]
struct Source {
    is_marked: bool,
    /// The reactors that watch it.
    watchers: Vec<Link>,
}

/// One side of a watch: the other side, and its place in the list there.
#[derive(Clone, Copy)]
struct Link {
    to: RegistrationKey,
    place: usize,
}

impl<H, Tag> Reactors<H, Tag> {
    pub(super) fn new() -> Self {
        let (reactors, sources) = (Registrations::new(), Registrations::new());
        Self {
            reactors,
            sources,
            marked: Vec::new(),
            due: Vec::new(),
            skipped: Vec::new(),
            registered: 0,
            tag: PhantomData,
        }
    }

    /// Adds a source without watchers.
    pub fn add_source(&mut self) -> SourceId {
        SourceId(self.sources.insert((), Source::default()))
    }

    /// Removes a source. Its watchers stay, and its mark is lost if no poll has taken it. Returns whether the source
    /// was here.
    pub fn remove_source(&mut self, source: SourceId) -> bool {
        while let Some(&Link { to, place }) = self.sources.get(source.0).and_then(|source| source.kept.watchers.last())
        {
            self.unlink(to, place);
        }
        self.sources.remove(source.0).is_some()
    }

    /// Adds a reactor that watches these sources. Sources that are not here are skipped: see
    /// [`is_watching`](Self::is_watching).
    ///
    /// In a pass, it runs after the reactors that were added before it. A reactor that is added during a poll first
    /// runs in the next one.
    ///
    /// ```
    /// # use nexus_rt::reactors::{ReactorEvent, Reactors, ReactorsInstaller};
    /// # use nexus_rt::{IntoHandler, ResMut, WorldBuilder};
    /// # let mut builder = WorldBuilder::new();
    /// # let mut poller = builder.install_driver(ReactorsInstaller::new());
    /// # builder.register(0_usize);
    /// # let mut world = builder.build();
    /// let spread = |mut marked: ResMut<usize>, event: ReactorEvent| *marked = event.marked;
    /// let spread = Box::new(spread.into_handler(world.registry()));
    ///
    /// let mut reactors = world.resource_mut::<Reactors>();
    /// let (bid, ask) = (reactors.add_source(), reactors.add_source());
    /// reactors.add(spread, [bid, ask]);
    /// [bid, ask, bid].map(|source| reactors.mark(source));
    /// assert_eq!(poller.poll(&mut world), 1); // one run for three marks
    /// assert_eq!(*world.resource::<usize>(), 2); // of two sources
    /// ```
    pub fn add(&mut self, handler: H, sources: impl IntoIterator<Item = SourceId>) -> ReactorId {
        let reactor = Reactor { number: self.registered, first: None, marked: 0, watches: Vec::new() };
        self.registered += 1;
        let id = ReactorId(self.reactors.insert(handler, reactor));
        sources.into_iter().for_each(|source| _ = self.watch(id, source));
        id
    }

    /// Removes a reactor, even the running one. It never runs again, even if one of its sources is marked. Returns
    /// whether the reactor was here.
    pub fn remove(&mut self, reactor: ReactorId) -> bool {
        let Some(removed) = self.reactors.get(reactor.0) else { return false };
        (0..removed.kept.watches.len()).rev().for_each(|place| _ = self.unlink(reactor.0, place));
        self.reactors.remove(reactor.0).is_some()
    }

    /// Makes a reactor watch a source, from the next pass on. A mark that no poll has taken yet counts. Returns whether
    /// both are here.
    ///
    /// The time is linear in the number of sources that the reactor already watches.
    pub fn watch(&mut self, reactor: ReactorId, source: SourceId) -> bool {
        let (Some(watching), Some(watched)) = (self.reactors.get_mut(reactor.0), self.sources.get_mut(source.0)) else {
            return false;
        };
        let (watches, watchers) = (&mut watching.kept.watches, &mut watched.kept.watchers);
        if watches.iter().all(|watch| watch.to != source.0) {
            watches.push(Link { to: source.0, place: watchers.len() });
            watchers.push(Link { to: reactor.0, place: watches.len() - 1 });
        }
        true
    }

    /// Makes a reactor stop watching a source. A pass that has begun is not affected. Returns whether the reactor
    /// watched the source.
    pub fn unwatch(&mut self, reactor: ReactorId, source: SourceId) -> bool {
        let place = self.place(reactor, source);
        place.is_some_and(|place| self.unlink(reactor.0, place).is_some())
    }

    /// Marks a source as changed: the next poll runs its watchers. Returns whether the source is here.
    ///
    /// A mark made during a pass counts for the next pass.
    #[inline]
    pub fn mark(&mut self, source: SourceId) -> bool {
        let Some(marked) = self.sources.get_mut(source.0) else { return false };
        if !marked.kept.is_marked {
            marked.kept.is_marked = true;
            self.marked.push(source);
        }
        true
    }

    /// Returns whether the next poll has work, so that the loop must not sleep.
    #[must_use]
    pub fn is_due(&self) -> bool {
        !self.marked.is_empty() || !self.due.is_empty()
    }

    /// Returns whether a reactor is here, even the running one.
    #[must_use]
    pub fn contains(&self, reactor: ReactorId) -> bool {
        self.reactors.contains(reactor.0)
    }

    /// Returns whether a source is here.
    #[must_use]
    pub fn contains_source(&self, source: SourceId) -> bool {
        self.sources.contains(source.0)
    }

    /// Returns whether a reactor watches a source.
    #[must_use]
    pub fn is_watching(&self, reactor: ReactorId, source: SourceId) -> bool {
        self.place(reactor, source).is_some()
    }

    /// Returns the handler of a reactor, unless it is running.
    #[must_use]
    pub fn get(&self, reactor: ReactorId) -> Option<&H> {
        self.reactors.get(reactor.0)?.handler.as_ref()
    }

    /// Returns the number of reactors, including the running one.
    #[must_use]
    pub fn len(&self) -> usize {
        self.reactors.len()
    }

    /// Returns whether there are no reactors.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.reactors.is_empty()
    }

    /// Returns the number of reactors that panicked. They are gone.
    ///
    /// The reactor whose panic ended the last poll is counted, and removed, when the next poll begins.
    #[must_use]
    pub fn panicked(&self) -> u64 {
        self.reactors.panicked()
    }

    fn place(&self, reactor: ReactorId, source: SourceId) -> Option<usize> {
        self.reactors.get(reactor.0)?.kept.watches.iter().position(|watch| watch.to == source.0)
    }

    /// Ends the watch at this place of a reactor's list, on both sides. The last one of each list moves into its place.
    fn unlink(&mut self, reactor: RegistrationKey, place: usize) -> Option<()> {
        let watches = &mut self.reactors.get_mut(reactor)?.kept.watches;
        let there = watches.swap_remove(place);
        let moved = watches.get(place).copied();
        let watchers = &mut self.sources.get_mut(there.to)?.kept.watchers;
        watchers.swap_remove(there.place);
        if let Some(moved) = watchers.get(there.place).copied() {
            self.reactors.get_mut(moved.to)?.kept.watches[moved.place].place = there.place;
        }
        if let Some(moved) = moved {
            self.sources.get_mut(moved.to)?.kept.watchers[moved.place].place = place;
        }
        Some(())
    }

    /// Continues the pass that a panic or a budget ended. If nothing of it is left, assembles the next one.
    pub(super) fn begin(&mut self) {
        while self.due.pop_if(|(_, key)| !self.reactors.contains(*key)).is_some() {}
        if !self.due.is_empty() {
            return;
        }
        for source in &self.marked {
            // It was removed since.
            let Some(marked) = self.sources.get_mut(source.0) else { continue };
            marked.kept.is_marked = false;
            for &Link { to: key, .. } in &marked.kept.watchers {
                let Some(watching) = self.reactors.get_mut(key) else { continue };
                let Reactor { number, first, marked, .. } = &mut watching.kept;
                if first.is_none() {
                    *first = Some(*source);
                    self.due.push((*number, key));
                }
                *marked += 1;
            }
        }
        self.marked.clear();
        self.due.sort_unstable_by_key(|(number, _)| Reverse(*number));
    }

    /// Takes out the next reactor of the pass.
    pub(super) fn take_due(&mut self) -> Option<(RegistrationKey, H, ReactorEvent)> {
        while let Some((_, key)) = self.due.pop() {
            // It was removed since.
            let Some(Registration { handler, kept }) = self.reactors.get_mut(key) else { continue };
            let (first, marked) = (kept.first.take(), mem::take(&mut kept.marked));
            match (first, handler.take()) {
                (Some(first), Some(handler)) => {
                    return Some((key, handler, ReactorEvent { reactor: ReactorId(key), first, marked }));
                }
                (first, running) => {
                    (kept.first, kept.marked, *handler) = (first, marked, running);
                    self.skip(key);
                }
            }
        }
        None
    }

    /// Notes that a reactor was next while it ran.
    #[cold]
    fn skip(&mut self, key: RegistrationKey) {
        if !self.skipped.contains(&key) {
            self.skipped.push(key);
        }
    }

    /// Makes a reactor due again if it was next while it ran.
    #[cold]
    fn resume(&mut self, key: RegistrationKey) {
        let Some(place) = self.skipped.iter().position(|skipped| *skipped == key) else { return };
        self.skipped.swap_remove(place);
        if let Some(number) = self.reactors.get(key).map(|reactor| reactor.kept.number) {
            let place = self.due.partition_point(|(other, _)| *other > number);
            self.due.insert(place, (number, key));
        }
    }
}

impl<H: 'static, Tag: 'static> Driver for Reactors<H, Tag> {
    type Handler = H;
    type Key = RegistrationKey;

    #[inline]
    fn polls(&mut self) -> &mut Polls {
        self.reactors.polls()
    }

    #[inline]
    fn put_back(&mut self, key: RegistrationKey, handler: H) -> Result<(), H> {
        let back = self.reactors.put_back(key, handler);
        if !self.skipped.is_empty() {
            self.resume(key);
        }
        back
    }

    fn end(&mut self, key: RegistrationKey) {
        self.remove(ReactorId(key));
    }
}

impl<H: Describe, Tag> fmt::Debug for Reactors<H, Tag> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reactors.fmt(f)
    }
}
