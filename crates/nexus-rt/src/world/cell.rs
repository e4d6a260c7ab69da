//! The storage of one resource: a heap cell that never moves, with the change stamp in front of the value.
//!
//! A world owns its cells through [`OwnedCell`]; everything resolved against it stores a [`CellPtr`]. The pointer alone
//! proves nothing: only code that has compared the [`WorldId`](crate::registry::WorldId) may follow it.
#![expect(unsafe_code, reason = "raw cells: the world must own values of many types at addresses that stay")]

use std::fmt;
use std::marker::PhantomData;
use std::ptr::NonNull;

use super::moment::{LastRun, Moment};
use crate::sequence::Sequence;

/// The part in front of every value, whatever its type.
pub(crate) struct Header {
    changed: Moment,
    /// When the latest write was settled, once it is: the number of runs with a [`LastRun`] that had ended.
    tick: u64,
}

/// A value with its change stamp. `repr(C)` puts the header at the cell's own address.
#[repr(C)]
pub(crate) struct ResourceCell<T> {
    header: Header,
    pub(crate) value: T,
}

impl<T> ResourceCell<T> {
    #[inline(always)]
    pub(crate) fn changed_at(&self) -> Sequence {
        self.header.changed.sequence()
    }

    /// Returns whether the resource was written during the event of `now`, the present.
    #[inline(always)]
    pub(crate) fn is_changed(&self, now: Moment) -> bool {
        self.header.changed >= now
    }

    #[inline(always)]
    pub(crate) fn changed_since(&self, last_run: LastRun<'_>) -> bool {
        self.header.changed.is_fresh() || last_run.is_before(self.header.tick)
    }

    /// Records a write during `now`.
    #[inline(always)]
    pub(crate) fn stamp(&mut self, now: Moment) {
        self.header.changed = now;
    }
}

/// A typed pointer to a resource of some world, as everything resolved stores it. One word, `Copy`.
///
/// It is invariant in `T`, so that its `T` is always exactly the type that the cell was made for. If a pointer could be
/// used as one to a supertype (`for<'a> fn(&'a X)` as `fn(&'static X)`), it could write a value that the owner must not
/// read.
pub(crate) struct CellPtr<T>(NonNull<ResourceCell<T>>, PhantomData<fn(T) -> T>);

impl<T> CellPtr<T> {
    /// Borrows the cell.
    ///
    /// # Safety
    /// The world that owns the cell is alive for `'w`, and no `get_mut` of this cell is in use during `'w`.
    #[inline(always)]
    pub(crate) unsafe fn get<'w>(self) -> &'w ResourceCell<T> {
        // SAFETY: the pointer came from a box that its world keeps until it is dropped, and the caller promises that
        // the world is alive and that no exclusive reference exists.
        unsafe { self.0.as_ref() }
    }

    /// Borrows the cell exclusively.
    ///
    /// # Safety
    /// The world that owns the cell is alive for `'w`, and nothing else borrows this cell during `'w`.
    #[inline(always)]
    pub(crate) unsafe fn get_mut<'w>(mut self) -> &'w mut ResourceCell<T> {
        // SAFETY: as in `get`, and the caller promises that this is the only reference.
        unsafe { self.0.as_mut() }
    }

    pub(crate) fn erase(self) -> ErasedCell {
        ErasedCell(self.0.cast())
    }
}

impl<T> Clone for CellPtr<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for CellPtr<T> {}

impl<T> fmt::Debug for CellPtr<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CellPtr")
    }
}

// SAFETY: the pointer can only be followed with a borrow of the world that owns the cell (see `get`), so the value is
// accessed from the thread that holds the world. The value allows the world to be there: a pointer is only ever made to
// a cell, and a cell only around a `T: Send` (`OwnedCell::new`). The bound is not repeated here, so that a resource may
// hold handlers that borrow this very resource: whether it is `Send` would otherwise depend on itself.
unsafe impl<T> Send for CellPtr<T> {}

/// A pointer to a cell whose type is erased. Two pointers are equal exactly if they point to the same resource: a cell
/// is never empty, so even zero-sized values have addresses of their own.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct ErasedCell(NonNull<Header>);

impl ErasedCell {
    /// Restores the type of the pointer.
    ///
    /// # Safety
    /// The cell was made for a value of type `T`.
    #[inline(always)]
    pub(crate) unsafe fn typed<T>(self) -> CellPtr<T> {
        CellPtr(self.0.cast(), PhantomData)
    }

    /// Returns when the value was last written.
    ///
    /// # Safety
    /// The world that owns the cell is alive, and no `get_mut` of this cell is in use.
    pub(crate) unsafe fn changed_at(self) -> Sequence {
        // SAFETY: the header is the first field of a live cell (`repr(C)`); the caller promises that nothing holds the
        // cell exclusively.
        unsafe { self.0.as_ref() }.changed.sequence()
    }

    /// Settles the latest write, if it is fresh, at the end of a run.
    ///
    /// # Safety
    /// The world that owns the cell is alive, and nothing borrows the cell.
    #[inline(always)]
    pub(crate) unsafe fn settle(mut self, tick: u64) {
        // SAFETY: as in `changed_at`, and the caller promises that this is the only reference.
        let header = unsafe { self.0.as_mut() };
        if header.changed.is_fresh() {
            (header.changed, header.tick) = (header.changed.settled(), tick);
        }
    }
}

/// A cell with ownership: dropping it drops the value and frees the memory.
pub(crate) struct OwnedCell {
    cell: ErasedCell,
    free: unsafe fn(ErasedCell),
}

impl OwnedCell {
    /// Moves a value to the heap. The bound `T: Send` is what makes a world `Send`.
    pub(crate) fn new<T: Send + 'static>(value: T) -> Self {
        /// # Safety
        /// The cell was made for a `T` by `OwnedCell::new`, and is freed once.
        unsafe fn free<T>(cell: ErasedCell) {
            // SAFETY: the cell is a leaked box of this very `T` (see below), and `OwnedCell::drop` is the only
            // caller.
            drop(unsafe { Box::from_raw(cell.0.cast::<ResourceCell<T>>().as_ptr()) });
        }
        let header = Header { changed: Moment::NEVER, tick: 0 };
        let cell = NonNull::from(Box::leak(Box::new(ResourceCell { header, value })));
        Self { cell: ErasedCell(cell.cast()), free: free::<T> }
    }

    pub(crate) fn erased(&self) -> ErasedCell {
        self.cell
    }
}

impl Drop for OwnedCell {
    fn drop(&mut self) {
        // SAFETY: `free` was paired with this cell in `new`, and a value is dropped once.
        unsafe { (self.free)(self.cell) }
    }
}
