//! The hand-written DAGs.

use bench::harness::Work;

use super::{World, numbers};

macro_rules! rows {
    ($($row:ident: $f:ident;)*) => {$(
        pub(crate) fn $row() -> Box<dyn Work> {
            numbers($f)
        }
    )*};
}

rows! {
    line: line_of;
    diamond: diamond_of;
    fork_4: fork_of_4;
    nested: nested_of;
}

fn turn(w: &World, x: u64) -> u64 {
    x.rotate_left(9) ^ w.read(1)
}

#[inline(never)]
fn line_of(w: &mut World, x: u64) {
    let x = x.wrapping_mul(7).wrapping_add(w.read(0)) >> 3;
    w.write(4, turn(w, x));
}

#[inline(never)]
fn diamond_of(w: &mut World, x: u64) {
    let x = x.wrapping_mul(7);
    w.write(4, x.wrapping_add(w.read(0)) ^ (x >> 3));
}

#[inline(never)]
fn fork_of_4(w: &mut World, x: u64) {
    let x = x.wrapping_mul(7);
    w.write(4, x.wrapping_add(w.read(0)) ^ (x >> 3).wrapping_add(turn(w, x)) ^ x.wrapping_mul(5));
}

#[inline(never)]
fn nested_of(w: &mut World, x: u64) {
    let x = x.wrapping_mul(7);
    let inner = x.wrapping_add(w.read(0));
    w.write(4, (inner >> 3) ^ turn(w, inner) ^ x.wrapping_mul(5));
}
