//! The hand-written code: values in heap cells of their own, a change stamp beside each written value, behind one
//! function call.

pub(crate) mod batches;
pub(crate) mod chains;
pub(crate) mod drivers;
pub(crate) mod fans;
pub(crate) mod graphs;
pub(crate) mod handlers;
pub(crate) mod mix;
pub(crate) mod own;

/// A value and the sequence of its latest write.
pub(super) struct Cell {
    changed_at: u64,
    value: u64,
}

/// Eight values and the current sequence.
pub(crate) struct World {
    now: u64,
    cells: [Box<Cell>; 8],
}

impl World {
    fn new() -> Self {
        Self { now: 1, cells: std::array::from_fn(|n| Box::new(Cell { changed_at: 0, value: n as u64 + 1 })) }
    }

    fn sum(&self) -> u64 {
        self.cells.iter().fold(0, |sum, cell| sum.wrapping_mul(31).wrapping_add(cell.value))
    }

    fn read(&self, n: usize) -> u64 {
        self.cells[n].value
    }

    fn write(&mut self, n: usize, value: u64) {
        self.cells[n].changed_at = self.now;
        self.cells[n].value = value;
    }
}

/// Runs a function of numbers in a world of its own. It is called through its address, as handlers are.
fn numbers(f: fn(&mut World, u64)) -> Box<dyn bench::harness::Work> {
    crate::loops::numbers(
        (World::new(), std::hint::black_box(f)),
        |(world, f), x| f(world, x),
        |(world, _)| world.sum(),
    )
}
