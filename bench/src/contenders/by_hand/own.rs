//! Change detection and systems.

use std::hint::black_box;

use bench::harness::Work;

use super::{World, numbers};
use crate::loops;

pub(crate) use super::batches::{slice, slice_with_param};

/// An event that writes every other time, and a watcher.
pub(crate) fn watch() -> Box<dyn Work> {
    #[inline(never)]
    fn touch(w: &mut World, x: u64) {
        if x & 1 == 1 {
            w.write(0, x);
        }
    }
    #[inline(never)]
    fn watch(w: &mut World, x: u64) {
        if w.cells[0].changed_at == w.now {
            w.write(1, x);
        }
    }
    let event = |(world, touch, watch): &mut (World, Run, Run), x| {
        world.now += 1;
        touch(world, x);
        watch(world, x);
    };
    type Run = fn(&mut World, u64);
    loops::numbers((World::new(), black_box(touch as Run), black_box(watch as Run)), event, |(world, ..)| world.sum())
}

/// Checks whether one of four values was written during this event.
pub(crate) fn inputs_changed() -> Box<dyn Work> {
    #[inline(never)]
    fn changed(w: &World) -> bool {
        w.cells[..4].iter().any(|cell| cell.changed_at == w.now)
    }
    let event = |(world, count): &mut (World, u64), x| {
        world.now += 1;
        if x % 4 == 0 {
            world.write(x as usize % 8, x);
        }
        *count += u64::from(changed(world));
    };
    loops::numbers((World::new(), 0), event, |(_, count)| *count)
}

fn count(w: &mut World, n: usize) -> bool {
    w.write(n, w.read(n).wrapping_add(1));
    w.read(n) != 0
}

/// Eight independent functions.
pub(crate) fn flat() -> Box<dyn Work> {
    #[inline(never)]
    fn all(w: &mut World, _: u64) {
        (0..8).for_each(|n| _ = count(w, n));
    }
    numbers(all)
}

/// Eight functions, each run only if the one before returned `true`.
pub(crate) fn line() -> Box<dyn Work> {
    #[inline(never)]
    fn all(w: &mut World, _: u64) {
        _ = (0..8).all(|n| count(w, n));
    }
    numbers(all)
}

/// A function, then two, then one if either returned `true`.
pub(crate) fn diamond() -> Box<dyn Work> {
    #[inline(never)]
    fn all(w: &mut World, _: u64) {
        if count(w, 0) {
            let left = count(w, 1);
            let right = count(w, 2);
            if left || right {
                count(w, 3);
            }
        }
    }
    numbers(all)
}

/// By hand, both are the same.
pub(crate) use line as line_as_pipeline;
