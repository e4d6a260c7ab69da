//! The borrow check of debug builds: a ledger of what functions borrow while they run, so that a mistake in unsafe code
//! panics where it is made instead of showing up elsewhere.
//!
//! Soundness does not depend on it: access sets exclude conflicts when functions are resolved. It checks what the
//! compiler cannot, a `Param` implemented by hand and the unsafe code of this library. Release builds have no ledger.

#[cfg(debug_assertions)]
use super::Access;
use super::AccessKind;
use crate::world::CellPtr;

/// A running function. What is fetched for it counts as borrowed until this is dropped.
#[derive(Debug)]
pub(crate) struct Running {
    #[cfg(debug_assertions)]
    outer: ledger::Outer,
}

impl Running {
    /// Begins a run of `function` on this thread, nested in those already running.
    #[inline(always)]
    pub(crate) fn begin(function: fn() -> &'static str) -> Self {
        #[cfg(not(debug_assertions))]
        let _ = function;
        Self {
            #[cfg(debug_assertions)]
            outer: ledger::open(function()),
        }
    }

    /// Reserves room in the ledger when a function is resolved, so that running it allocates nothing, unless functions
    /// with many borrows nest.
    #[inline(always)]
    pub(crate) fn prepare() {
        #[cfg(debug_assertions)]
        ledger::reserve();
    }
}

#[cfg(debug_assertions)]
impl Drop for Running {
    fn drop(&mut self) {
        ledger::close(&self.outer);
    }
}

/// Records that the running function borrows a cell.
///
/// # Panics
/// In debug builds, if a running function already borrows the cell in a conflicting way.
#[inline(always)]
pub(super) fn note<T>(kind: AccessKind, cell: CellPtr<T>) {
    #[cfg(debug_assertions)]
    ledger::note(Access::new(kind, cell));
    #[cfg(not(debug_assertions))]
    let _ = (kind, cell);
}

#[cfg(debug_assertions)]
mod ledger {
    use std::cell::RefCell;

    use super::super::Access;

    /// How many entries are reserved at once.
    const ROOM: usize = 64;

    struct Ledger {
        /// The running function.
        function: &'static str,
        /// The borrows, each with its function.
        held: Vec<(Access, &'static str)>,
    }

    thread_local! {
        static LEDGER: RefCell<Ledger> = const { RefCell::new(Ledger { function: "", held: Vec::new() }) };
    }

    /// What to restore when a run ends.
    #[derive(Debug)]
    pub(super) struct Outer {
        function: &'static str,
        held: usize,
    }

    pub(super) fn reserve() {
        with(|ledger| ledger.held.reserve(ROOM));
    }

    pub(super) fn open(function: &'static str) -> Outer {
        let open = |ledger: &mut Ledger| Outer {
            function: std::mem::replace(&mut ledger.function, function),
            held: ledger.held.len(),
        };
        with(open).unwrap_or(Outer { function, held: 0 })
    }

    pub(super) fn close(outer: &Outer) {
        with(|ledger| {
            ledger.function = outer.function;
            ledger.held.truncate(outer.held);
        });
    }

    pub(super) fn note(access: Access) {
        let conflict = with(|ledger| {
            let conflict = ledger.held.iter().find(|(held, _)| held.conflicts_with(&access)).copied();
            ledger.held.push((access, ledger.function));
            conflict.map(|(held, by)| (held, by, ledger.function))
        });
        if let Some(Some((held, by, function))) = conflict {
            panic!(
                "`{function}` is about to borrow ({access:?}) what `{by}` still holds ({held:?}): unsafe code is at fault, a \
                 `Param` that was implemented by hand or this library"
            );
        }
    }

    /// Records nothing on a thread that is ending.
    fn with<R>(f: impl FnOnce(&mut Ledger) -> R) -> Option<R> {
        LEDGER.try_with(|ledger| f(&mut ledger.borrow_mut())).ok()
    }
}
