//! Debug builds keep book of what functions borrow while they run, so that a mistake in unsafe code is told where it is
//! made and not where it shows.
//!
//! Nothing here is needed for soundness: access sets exclude conflicts when functions are resolved. It is for what the
//! compiler cannot check, a `Param` that was implemented by hand and the unsafe code of this library. Release builds
//! keep no book.

#[cfg(debug_assertions)]
use super::Access;
use super::AccessKind;
use crate::world::CellPtr;

/// A function that runs. What is fetched for it is held until this is dropped.
#[derive(Debug)]
pub(crate) struct Running {
    #[cfg(debug_assertions)]
    outer: book::Outer,
}

impl Running {
    /// Begins a run of `function` on this thread, inside of those that run already.
    #[inline(always)]
    pub(crate) fn begin(function: &'static str) -> Self {
        #[cfg(not(debug_assertions))]
        let _ = function;
        Self {
            #[cfg(debug_assertions)]
            outer: book::open(function),
        }
    }

    /// Makes room in the book, where a function is resolved, so that it need not be made where it runs, unless
    /// functions that borrow much run inside of each other.
    #[inline(always)]
    pub(crate) fn prepare() {
        #[cfg(debug_assertions)]
        book::reserve();
    }
}

#[cfg(debug_assertions)]
impl Drop for Running {
    fn drop(&mut self) {
        book::close(&self.outer);
    }
}

/// Notes that the function that runs borrows a cell.
///
/// # Panics
/// In debug builds, if a function that runs holds the cell in a way that excludes this.
#[inline(always)]
pub(super) fn note<T>(kind: AccessKind, cell: CellPtr<T>) {
    #[cfg(debug_assertions)]
    book::note(Access::new(kind, cell));
    #[cfg(not(debug_assertions))]
    let _ = (kind, cell);
}

#[cfg(debug_assertions)]
mod book {
    use std::cell::RefCell;

    use super::super::Access;

    /// How much room is made at once.
    const ROOM: usize = 64;

    struct Book {
        /// The function that runs.
        function: &'static str,
        /// What is held, and by which function.
        held: Vec<(Access, &'static str)>,
    }

    thread_local! {
        static BOOK: RefCell<Book> = const { RefCell::new(Book { function: "", held: Vec::new() }) };
    }

    /// What is to be found again when a run ends.
    #[derive(Debug)]
    pub(super) struct Outer {
        function: &'static str,
        held: usize,
    }

    pub(super) fn reserve() {
        with(|book| book.held.reserve(ROOM));
    }

    pub(super) fn open(function: &'static str) -> Outer {
        let open = |book: &mut Book| Outer {
            function: std::mem::replace(&mut book.function, function),
            held: book.held.len(),
        };
        with(open).unwrap_or(Outer { function, held: 0 })
    }

    pub(super) fn close(outer: &Outer) {
        with(|book| {
            book.function = outer.function;
            book.held.truncate(outer.held);
        });
    }

    pub(super) fn note(access: Access) {
        let conflict = with(|book| {
            let conflict = book.held.iter().find(|(held, _)| held.conflicts_with(&access)).copied();
            book.held.push((access, book.function));
            conflict.map(|(held, by)| (held, by, book.function))
        });
        if let Some(Some((held, by, function))) = conflict {
            panic!(
                "`{function}` is about to borrow ({access:?}) what `{by}` still holds ({held:?}): unsafe code is at fault, a \
                 `Param` that was implemented by hand or this library"
            );
        }
    }

    /// Nothing is noted on a thread that is ending.
    fn with<R>(f: impl FnOnce(&mut Book) -> R) -> Option<R> {
        BOOK.try_with(|book| f(&mut book.borrow_mut())).ok()
    }
}
