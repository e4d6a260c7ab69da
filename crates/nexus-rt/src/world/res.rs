//! `Res` and `ResMut`: borrows of a resource that know when it changed.

use std::fmt;
use std::ops::{Deref, DerefMut};

use super::cell::ResourceCell;
use super::moment::{LastRun, Moment};
use crate::sequence::Sequence;

/// A shared borrow of resource `T`: the param of a function that reads it.
///
/// The function is resolved once; a run then costs one load. Resolving fails if no `T` is registered (take
/// `Option<Res<T>>` where that is acceptable) or if the same function also writes it.
///
/// ```
/// use nexus_rt::{Handler, IntoHandler, Res, ResMut, WorldBuilder};
///
/// struct Fee(u64);
///
/// fn charge(fee: Res<Fee>, mut total: ResMut<u64>, quantity: u64) {
///     *total += quantity * fee.0;
/// }
///
/// let mut builder = WorldBuilder::new();
/// builder.register(Fee(3));
/// builder.register(0_u64);
/// let mut world = builder.build();
/// let mut handler = charge.into_handler(world.registry());
/// handler.run(&mut world, 5);
/// assert_eq!(*world.resource::<u64>(), 15);
/// ```
pub struct Res<'w, T> {
    cell: &'w ResourceCell<T>,
    now: Moment,
}

impl<'w, T> Res<'w, T> {
    #[inline(always)]
    pub(crate) fn new(cell: &'w ResourceCell<T>, now: Moment) -> Self {
        Self { cell, now }
    }

    /// Returns the value for as long as the world is borrowed, beyond the lifetime of this `Res`.
    #[must_use]
    pub fn into_inner(self) -> &'w T {
        &self.cell.value
    }
}

/// An exclusive borrow of resource `T`: the param of a function that writes it.
///
/// The first write through it (any use as `&mut T`) stamps the resource with the current sequence; reading does not.
///
/// ```
/// use nexus_rt::{Handler, IntoHandler, ResMut, Sequence, WorldBuilder};
///
/// fn raise(mut best: ResMut<u64>, price: u64) {
///     if price > *best {
///         *best = price; // the only line that stamps
///     }
/// }
///
/// let mut builder = WorldBuilder::new();
/// builder.register(10_u64);
/// let mut world = builder.build();
/// let mut handler = raise.into_handler(world.registry());
/// handler.run(&mut world, 7);
/// assert_eq!(world.changed_at::<u64>(), Sequence::NEVER);
/// handler.run(&mut world, 12);
/// assert_eq!(world.changed_at::<u64>(), world.current_sequence());
/// ```
pub struct ResMut<'w, T> {
    cell: &'w mut ResourceCell<T>,
    now: Moment,
}

impl<'w, T> ResMut<'w, T> {
    #[inline(always)]
    pub(crate) fn new(cell: &'w mut ResourceCell<T>, now: Moment) -> Self {
        Self { cell, now }
    }

    /// Writes `value` and stamps the resource if it differs from the current value. Returns whether it did.
    #[inline]
    pub fn set_if_neq(&mut self, value: T) -> bool
    where
        T: PartialEq,
    {
        let differs = self.cell.value != value;
        if differs {
            **self = value;
        }
        differs
    }

    /// Returns the value mutably without a stamp, for changes that readers must not notice, such as to a cache inside
    /// the resource.
    #[inline]
    #[must_use]
    pub fn bypass_change_detection(&mut self) -> &mut T {
        &mut self.cell.value
    }

    /// Reborrows for a shorter time, to pass to a helper that takes a `ResMut` by value. Stamps nothing.
    #[inline]
    #[must_use]
    pub fn reborrow(&mut self) -> ResMut<'_, T> {
        ResMut { cell: self.cell, now: self.now }
    }

    /// Returns the value mutably without a stamp, beyond the lifetime of this `ResMut`: for a driver's own bookkeeping.
    #[inline]
    #[must_use]
    pub(crate) fn into_inner_unstamped(self) -> &'w mut T {
        &mut self.cell.value
    }

    /// Returns the value mutably for as long as the world is borrowed, beyond the lifetime of this `ResMut`. Stamps the
    /// resource.
    #[inline]
    #[must_use]
    pub fn into_inner(self) -> &'w mut T {
        self.cell.stamp(self.now);
        &mut self.cell.value
    }
}

impl<T> DerefMut for ResMut<'_, T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        self.cell.stamp(self.now);
        &mut self.cell.value
    }
}

/// The methods of both borrows: they read the value, and report when it changed.
macro_rules! readable {
    ($($Borrow:ident),*) => {$(
        impl<T> $Borrow<'_, T> {
            /// Returns whether the resource was written during the current sequence. Registration is not a write.
            ///
            /// A function that does not run for every event uses [`changed_since`](Self::changed_since) instead.
            #[inline]
            #[must_use]
            pub fn is_changed(&self) -> bool {
                self.cell.is_changed(self.now)
            }

            /// Returns the sequence of the latest write, or [`Sequence::NEVER`] if there was none since registration.
            #[inline]
            #[must_use]
            pub fn changed_at(&self) -> Sequence {
                self.cell.changed_at()
            }

            /// Returns whether the resource was written in a later sequence than `sequence`.
            ///
            /// This is for a reader that has an event to compare with. A function that asks what changed since its last
            /// run uses [`changed_since`](Self::changed_since) instead, which also sees later writes in the event of
            /// that run.
            #[inline]
            #[must_use]
            pub fn changed_after(&self, sequence: Sequence) -> bool {
                self.changed_at() > sequence
            }

            /// Returns whether the resource was written after the last run of this function: see [`LastRun`].
            ///
            /// Writes by the function itself count if it made them during this run, but not during the last one. In its
            /// first run, every resource has changed.
            ///
            /// It is for resources of the world that the function runs on. For those of a world that is itself a
            /// resource, the answer is meaningless, since each world counts its own runs.
            #[inline]
            #[must_use]
            pub fn changed_since(&self, last_run: LastRun<'_>) -> bool {
                self.cell.changed_since(last_run)
            }
        }

        impl<T> Deref for $Borrow<'_, T> {
            type Target = T;

            #[inline(always)]
            fn deref(&self) -> &T {
                &self.cell.value
            }
        }

        impl<T: fmt::Debug> fmt::Debug for $Borrow<'_, T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.cell.value.fmt(f)
            }
        }
    )*};
}

readable!(Res, ResMut);
