//! `Registrations`: the handlers of a driver, by keys that are never reused.

use std::fmt;

use super::poller::Polls;
use crate::describe::Describe;

/// No key has this generation: a slot that reaches it is retired.
const RETIRED: u32 = u32::MAX;

/// The handlers of a driver by [`RegistrationKey`], each with the data that the driver keeps beside it.
///
/// It is the part of a driver's resource that a [`Poller`](super::Poller) works on: a handler is *taken out* before it
/// runs and *put back* afterwards. Its registration stays meanwhile, so a handler may do anything to the resource: end
/// itself or others, and add more. [`Driver`](super::Driver) shows a complete driver.
///
/// ```
/// use nexus_rt::poll::Registrations;
/// use nexus_rt::{IntoHandler, Virtual, WorldBuilder};
///
/// let world = WorldBuilder::new().build();
/// let mut subscribers = Registrations::<Virtual<u64>, &str>::new();
/// let subscriber = |_: u64| {};
/// let subscriber = Box::new(subscriber.into_handler(world.registry()));
/// let first = subscribers.insert(subscriber.clone(), "first");
/// let handler = subscribers.take_out(first).expect("it is not running");
/// assert!(subscribers.contains(first) && subscribers.take_out(first).is_none());
///
/// subscribers.remove(first); // ended while it runs
/// assert!(subscribers.put_back(first, handler).is_err());
/// let second = subscribers.insert(subscriber, "second");
/// assert_ne!(first, second);
/// assert_eq!(subscribers.get(second).map(|registration| registration.kept), Some("second"));
/// ```
///
/// `T` is the data of a registration that stays with the driver while the handler runs, such as its socket. Both `H`
/// and `T` must be `Send` if the table is a resource, or part of one.
pub struct Registrations<H, T = ()> {
    /// Separate from the poll state, which is borrowed mutably: keys must not change their meaning with it.
    driver: u32,
    polls: Polls,
    slots: Vec<Slot<H, T>>,
    free: Vec<u32>,
    len: usize,
}

struct Slot<H, T> {
    generation: u32,
    registration: Option<Registration<H, T>>,
}

/// A handler, with the data that its driver keeps beside it.
#[derive(Debug)]
pub struct Registration<H, T = ()> {
    /// The handler, or `None` while it runs.
    pub handler: Option<H>,
    /// The data that stays while the handler runs.
    pub kept: T,
}

/// Identifies one registration of one driver, and is never reused.
///
/// It is a number: `Copy + Send`. Once its registration has ended, it matches nothing, here or at any other driver.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RegistrationKey {
    pub(crate) driver: u32,
    pub(crate) index: u32,
    pub(crate) generation: u32,
}

impl<H, T> Registrations<H, T> {
    /// Creates an empty table, which allocates nothing yet.
    ///
    /// # Panics
    /// If the process creates its 2^32nd driver.
    #[must_use]
    pub fn new() -> Self {
        let polls = Polls::default();
        Self { driver: polls.driver(), polls, slots: Vec::new(), free: Vec::new(), len: 0 }
    }

    /// Adds a handler, with the data that the driver keeps beside it. Returns the key of the registration.
    ///
    /// ```
    /// use nexus_rt::poll::Registrations;
    ///
    /// let mut handlers = Registrations::<fn(u64) -> u64>::new();
    /// let key = handlers.insert(|n| 2 * n, ());
    /// assert!(handlers.contains(key));
    /// assert_eq!(handlers.take_out(key).map(|double| double(4)), Some(8));
    /// ```
    pub fn insert(&mut self, handler: H, kept: T) -> RegistrationKey {
        let key = self.next_key();
        let registration = Some(Registration { handler: Some(handler), kept });
        match self.free.pop() {
            Some(index) => self.slots[index as usize].registration = registration,
            None => self.slots.push(Slot { generation: key.generation, registration }),
        }
        self.len += 1;
        key
    }

    /// Returns the key of the next insertion.
    pub(crate) fn next_key(&self) -> RegistrationKey {
        // Larger ones are those of ports.
        let new = || i32::try_from(self.slots.len()).expect("a driver has fewer than 2^31 registrations") as u32;
        let index = self.free.last().copied().unwrap_or_else(new);
        let generation = self.slots.get(index as usize).map_or(0, |slot| slot.generation);
        RegistrationKey { driver: self.driver, index, generation }
    }

    /// Returns the registration of `key`, or `None` if it has ended or belongs to another driver.
    #[inline]
    #[must_use]
    pub fn get(&self, key: RegistrationKey) -> Option<&Registration<H, T>> {
        let slot = self.slots.get(key.index as usize)?;
        let named = key.generation == slot.generation && key.driver == self.driver;
        slot.registration.as_ref().filter(|_| named)
    }

    /// Returns the registration of `key`, mutably.
    #[inline]
    #[must_use]
    pub fn get_mut(&mut self, key: RegistrationKey) -> Option<&mut Registration<H, T>> {
        let slot = self.slots.get_mut(key.index as usize)?;
        let named = key.generation == slot.generation && key.driver == self.driver;
        slot.registration.as_mut().filter(|_| named)
    }

    /// Takes a handler out to run it. The registration stays. Returns `None` if the registration has ended, or if its
    /// handler is already out.
    #[inline]
    #[must_use]
    pub fn take_out(&mut self, key: RegistrationKey) -> Option<H> {
        self.get_mut(key)?.handler.take()
    }

    /// Puts a handler back after its run.
    ///
    /// ```
    /// use nexus_rt::poll::Registrations;
    ///
    /// let mut handlers = Registrations::<&str>::new();
    /// let key = handlers.insert("handler", ());
    /// let handler = handlers.take_out(key).expect("it is not running");
    /// assert_eq!(handlers.put_back(key, handler), Ok(()));
    /// ```
    ///
    /// # Errors
    /// Returns the handler, to be dropped, if its registration has ended meanwhile or has another handler.
    #[inline]
    pub fn put_back(&mut self, key: RegistrationKey, handler: H) -> Result<(), H> {
        match self.get_mut(key) {
            Some(Registration { handler: place @ None, .. }) => {
                *place = Some(handler);
                Ok(())
            }
            _ => Err(handler),
        }
    }

    /// Ends a registration and returns it, without its handler if that is running. From here on, `key` matches nothing.
    pub fn remove(&mut self, key: RegistrationKey) -> Option<Registration<H, T>> {
        self.get(key)?;
        let slot = &mut self.slots[key.index as usize];
        slot.generation += 1;
        if slot.generation != RETIRED {
            self.free.push(key.index);
        }
        self.len -= 1;
        slot.registration.take()
    }

    /// Returns whether `key` matches a registration here, even one whose handler is running.
    #[must_use]
    pub fn contains(&self, key: RegistrationKey) -> bool {
        self.get(key).is_some()
    }

    /// Returns the number of registrations.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Returns whether there are no registrations.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns the poll state of the table, for [`Driver::polls`](crate::poll::Driver::polls).
    #[inline]
    #[must_use]
    pub fn polls(&mut self) -> &mut Polls {
        &mut self.polls
    }

    /// Returns the number of handlers that panicked. They and their registrations are gone.
    ///
    /// The handler whose panic ended the last poll is counted when that poller begins the next one.
    #[must_use]
    pub fn panicked(&self) -> u64 {
        self.polls.panicked()
    }

    /// Iterates over all registrations with their keys, in the order of slots.
    pub fn iter(&self) -> impl Iterator<Item = (RegistrationKey, &Registration<H, T>)> {
        (0..).zip(&self.slots).filter_map(|(index, slot)| {
            let key = RegistrationKey { driver: self.driver, index, generation: slot.generation };
            Some((key, slot.registration.as_ref()?))
        })
    }
}

impl<H, T> Default for Registrations<H, T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<H: Describe, T> fmt::Debug for Registrations<H, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = self.iter().map(|(key, it)| (key, it.handler.as_ref().map_or("runs", Describe::name)));
        f.debug_list().entries(named).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_whose_generations_are_used_up_is_retired() {
        let mut table = Registrations::<char>::new();
        let first = table.insert('a', ());
        table.slots[0].generation = RETIRED - 1;
        let last = RegistrationKey { generation: RETIRED - 1, ..first };
        assert_eq!(table.remove(last).and_then(|it| it.handler), Some('a'));
        assert_eq!(table.insert('b', ()).index, 1);
        assert!(table.remove(last).is_none());
        assert_eq!(table.len(), 1);
    }
}
