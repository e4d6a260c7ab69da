//! A driver for `check_driver` with a loop by hand, which can be told to break a rule, and with the library's loop.

use std::collections::VecDeque;
use std::mem;
use std::sync::atomic::{AtomicU64, Ordering};

use nexus_rt::poll::{Driver, Poller, Polls, RegistrationKey, Registrations};
use nexus_rt::testing::{DriverRig, Probe};
use nexus_rt::{Handler, Key, Virtual, World, WorldBuilder};

use crate::driver_rigs::Plain;

/// What a loop by hand may get wrong.
pub(crate) mod fault {
    pub(crate) const NONE: u8 = 0;
    pub(crate) const NO_SEQUENCE: u8 = 1;
    pub(crate) const STALE_KEYS: u8 = 2;
    pub(crate) const COLLECTS_FIRST: u8 = 3;
    pub(crate) const PUTS_BACK_ANYWAY: u8 = 4;
    pub(crate) const LOSES_THE_REST: u8 = 5;
    pub(crate) const COUNTS_DROPS: u8 = 6;
    pub(crate) const ANY_WORLD: u8 = 7;
    pub(crate) const NO_BUDGET: u8 = 8;
    pub(crate) const GOES_ON: u8 = 9;
    pub(crate) const ALLOCATES: u8 = 10;
    pub(crate) const CHECKS_BEFORE: u8 = 11;
}

#[derive(Default)]
struct Bus {
    subscribers: Registrations<Virtual<RegistrationKey>>,
    due: VecDeque<RegistrationKey>,
    /// Counts from where no other bus does.
    polls: u64,
    panicked: u64,
}

impl Bus {
    fn next(&mut self) -> Option<(RegistrationKey, Virtual<RegistrationKey>)> {
        std::iter::from_fn(|| self.due.pop_front()).find_map(|key| Some((key, self.subscribers.take_out(key)?)))
    }
}

impl Driver for Bus {
    type Handler = Virtual<RegistrationKey>;
    type Key = RegistrationKey;

    fn polls(&mut self) -> &mut Polls {
        self.subscribers.polls()
    }

    fn put_back(&mut self, key: RegistrationKey, handler: Self::Handler) -> Result<(), Self::Handler> {
        self.subscribers.put_back(key, handler)
    }

    fn end(&mut self, key: RegistrationKey) {
        self.subscribers.remove(key);
    }
}

/// The same driver with the library's loop.
pub(crate) struct BusRig {
    world: World,
    poller: Poller<Bus>,
}

impl DriverRig for BusRig {
    type Key = RegistrationKey;

    fn new() -> Self {
        let mut builder = WorldBuilder::new();
        builder.register_default::<Bus>();
        Self { poller: Poller::new(builder.key()), world: builder.build() }
    }

    fn world(&mut self) -> &mut World {
        &mut self.world
    }

    fn poll(&mut self, budget: usize) -> usize {
        self.poller.run(&mut self.world, budget, |bus| bus.next().map(|(key, handler)| (key, handler, key)))
    }

    fn register(world: &mut World, probe: Probe<RegistrationKey>) -> RegistrationKey {
        ByHand::<{ fault::NONE }>::register(world, probe)
    }

    fn fire(world: &mut World, key: RegistrationKey) {
        ByHand::<{ fault::NONE }>::fire(world, key);
    }

    fn end(world: &mut World, key: RegistrationKey) -> bool {
        ByHand::<{ fault::NONE }>::end(world, key)
    }

    fn panicked(world: &World) -> u64 {
        world.resource::<Bus>().subscribers.panicked()
    }

    fn swap(one: &mut World, other: &mut World) {
        ByHand::<{ fault::NONE }>::swap(one, other);
    }

    fn allocations() -> Option<u64> {
        crate::allocated()
    }
}

/// A driver with a loop of its own, right but for its fault.
pub(crate) struct ByHand<const FAULT: u8> {
    world: World,
    bus: Key<Bus>,
    running: Option<RegistrationKey>,
    /// What could not be put back, in case its bus comes back.
    gone: Vec<RegistrationKey>,
}

impl<const FAULT: u8> ByHand<FAULT> {
    fn bus(&mut self) -> &mut Bus {
        self.world.resource_mut::<Bus>().into_inner()
    }

    fn run(&mut self, key: RegistrationKey, mut handler: Virtual<RegistrationKey>) {
        self.running = Some(key);
        if FAULT != fault::NO_SEQUENCE {
            self.world.next_sequence();
        }
        if FAULT == fault::ALLOCATES {
            handler = Box::new(handler);
        }
        let id = self.world.world_id();
        handler.run(&mut self.world, key);
        if FAULT != fault::CHECKS_BEFORE {
            assert_eq!(self.world.world_id(), id);
        }
        if FAULT != fault::COUNTS_DROPS {
            self.running = None;
        }
        let bus = self.bus();
        match bus.subscribers.put_back(key, handler) {
            Err(handler) if FAULT == fault::PUTS_BACK_ANYWAY => _ = bus.subscribers.insert(handler, ()),
            Err(_) => self.gone.push(key),
            Ok(()) => {}
        }
        self.running = None;
    }
}

impl<const FAULT: u8> DriverRig for ByHand<FAULT> {
    type Key = RegistrationKey;

    fn new() -> Self {
        let mut builder = WorldBuilder::new();
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let polls = NEXT.fetch_add(1, Ordering::Relaxed) << 32;
        builder.register(Bus { polls, ..Bus::default() });
        Self { bus: builder.key(), world: builder.build(), running: None, gone: Vec::new() }
    }

    fn world(&mut self) -> &mut World {
        &mut self.world
    }

    fn poll(&mut self, budget: usize) -> usize {
        let budget = if FAULT == fault::NO_BUDGET { budget.max(1) } else { budget };
        if FAULT != fault::ANY_WORLD {
            let _ = self.bus.get(&self.world); // panics on another world
        }
        let lost = self.running.take();
        let mut gone = mem::take(&mut self.gone);
        let bus = self.bus();
        gone.retain(|key| bus.subscribers.remove(*key).is_none());
        bus.polls += 1;
        let poll = bus.polls;
        if let Some(key) = lost {
            bus.panicked += 1;
            bus.subscribers.remove(key);
            if FAULT == fault::LOSES_THE_REST {
                bus.due.clear();
            }
        }
        if FAULT == fault::COLLECTS_FIRST {
            let due: Vec<_> = std::iter::from_fn(|| self.bus().next()).take(budget).collect();
            return due.into_iter().map(|(key, handler)| self.run(key, handler)).count();
        }
        for ran in 0..budget {
            let Some((key, handler)) = self.bus().next() else { return ran };
            self.run(key, handler);
            if self.bus().polls != poll && FAULT != fault::GOES_ON {
                return ran + 1;
            }
        }
        budget
    }

    fn register(world: &mut World, mut probe: Probe<RegistrationKey>) -> RegistrationKey {
        let handler = move |world: &mut World, key: RegistrationKey| probe(world, key);
        let handler = Box::new(Plain(handler));
        world.resource_mut::<Bus>().subscribers.insert(handler, ())
    }

    fn fire(world: &mut World, key: RegistrationKey) {
        world.resource_mut::<Bus>().due.push_back(key);
    }

    fn end(world: &mut World, key: RegistrationKey) -> bool {
        world.resource_mut::<Bus>().subscribers.remove(key).is_some() || FAULT == fault::STALE_KEYS
    }

    fn panicked(world: &World) -> u64 {
        world.resource::<Bus>().panicked
    }

    fn swap(one: &mut World, other: &mut World) {
        mem::swap(&mut *one.resource_mut::<Bus>(), &mut *other.resource_mut::<Bus>());
    }

    fn allocations() -> Option<u64> {
        crate::allocated()
    }
}
