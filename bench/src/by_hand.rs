//! The same logic by hand: values in heap cells of their own, a change stamp beside each that is written, behind one
//! function call.

use std::hint::black_box;

/// A value and the sequence of its latest write.
struct Cell {
    changed_at: u64,
    value: u64,
}

/// Eight values and the current sequence.
struct World {
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

#[inline(never)]
fn one_write(w: &mut World, x: u64) {
    w.write(1, w.read(1).wrapping_add(x.wrapping_mul(w.read(0))));
}

#[inline(never)]
fn eight(w: &mut World, x: u64) {
    w.write(4, w.read(4).wrapping_add(w.read(0) ^ w.read(1) ^ w.read(2) ^ w.read(3) ^ x));
    w.write(5, w.read(5).wrapping_add(x));
    w.write(6, w.read(6) ^ x);
    w.write(7, w.read(7).wrapping_mul(x | 1));
}

#[inline(never)]
fn bare(_: &mut World, x: u64) -> u64 {
    x.wrapping_add(1).wrapping_mul(3) ^ 0x55
}

#[inline(never)]
fn with_params(w: &mut World, x: u64) -> u64 {
    let x = x.wrapping_add(w.read(0)).wrapping_mul(w.read(1));
    w.write(2, w.read(2).wrapping_add(x));
    x ^ w.read(3)
}

#[inline(never)]
fn option(w: &mut World, x: u64) -> u64 {
    let x = x.wrapping_mul(5);
    if x & 1 == 0 {
        return 7;
    }
    let x = x.wrapping_mul(w.read(1));
    if x <= w.read(0) {
        return 7;
    }
    w.write(2, w.read(2).wrapping_add(x));
    x
}

fn handler_loop(runs: u64, mut f: impl FnMut(&mut World, u64)) -> impl FnMut() -> u64 {
    let mut world = World::new();
    move || {
        (0..runs).for_each(|x| f(&mut world, x));
        world.sum()
    }
}

fn pipeline_loop(runs: u64, f: impl Fn(&mut World, u64) -> u64) -> impl FnMut() -> u64 {
    let mut world = World::new();
    move || {
        let total = (0..runs).fold(0_u64, |total, x| total.wrapping_add(f(&mut world, x)));
        total.wrapping_add(world.sum())
    }
}

pub(crate) fn handler_2(runs: u64) -> impl FnMut() -> u64 {
    handler_loop(runs, one_write)
}

pub(crate) fn handler_8(runs: u64) -> impl FnMut() -> u64 {
    handler_loop(runs, eight)
}

pub(crate) fn boxed(runs: u64) -> impl FnMut() -> u64 {
    type Closure = Box<dyn FnMut(&mut World, u64)>;
    let closure: Closure = Box::new(|w, x| w.write(1, w.read(1).wrapping_add(x.wrapping_mul(w.read(0)))));
    handler_loop(runs, black_box(closure))
}

pub(crate) fn pipeline_3_bare(runs: u64) -> impl FnMut() -> u64 {
    pipeline_loop(runs, bare)
}

pub(crate) fn pipeline_4_params(runs: u64) -> impl FnMut() -> u64 {
    pipeline_loop(runs, with_params)
}

pub(crate) fn pipeline_option(runs: u64) -> impl FnMut() -> u64 {
    pipeline_loop(runs, option)
}
