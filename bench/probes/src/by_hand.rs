//! The probes by hand: values in heap cells of their own, a change stamp beside each that is written.

/// A value and the sequence of its latest write.
pub(crate) struct Cell {
    changed_at: u64,
    pub(crate) value: u64,
}

pub(crate) struct World {
    now: u64,
    pub(crate) cells: [Box<Cell>; 8],
}

impl World {
    pub(crate) fn new() -> Self {
        Self { now: 1, cells: std::array::from_fn(|n| Box::new(Cell { changed_at: 0, value: n as u64 + 1 })) }
    }

    #[inline(always)]
    fn read(&self, n: usize) -> u64 {
        self.cells[n].value
    }

    #[inline(always)]
    fn write(&mut self, n: usize, value: u64) {
        self.cells[n].changed_at = self.now;
        self.cells[n].value = value;
    }
}

#[inline(never)]
pub(crate) fn read_1_by_hand(w: &mut World, x: &mut u64) {
    *x ^= w.read(0);
}

#[inline(never)]
pub(crate) fn read_4_by_hand(w: &mut World, x: &mut u64) {
    *x ^= w.read(0) ^ w.read(1) ^ w.read(2) ^ w.read(3);
}

#[inline(never)]
pub(crate) fn read_8_by_hand(w: &mut World, x: &mut u64) {
    *x ^= w.read(0) ^ w.read(1) ^ w.read(2) ^ w.read(3) ^ w.read(4) ^ w.read(5) ^ w.read(6) ^ w.read(7);
}

#[inline(never)]
pub(crate) fn write_1_by_hand(w: &mut World, x: u64) {
    w.write(0, x);
}

#[inline(never)]
pub(crate) fn write_4_by_hand(w: &mut World, x: u64) {
    (0..4).for_each(|n| w.write(n, x));
}

#[inline(never)]
pub(crate) fn write_8_by_hand(w: &mut World, x: u64) {
    (0..8).for_each(|n| w.write(n, x));
}

#[inline(never)]
pub(crate) fn handler_by_hand(w: &mut World, x: u64) {
    w.write(1, w.read(1).wrapping_add(x.wrapping_mul(w.read(0))));
}

#[inline(never)]
pub(crate) fn callback_by_hand(ctx: &mut u64, w: &mut World, x: u64) {
    *ctx += x;
    w.write(1, w.read(0).wrapping_mul(x));
}

#[inline(never)]
pub(crate) fn watch_by_hand(w: &mut World, x: u64) {
    if w.cells[0].changed_at == w.now {
        w.write(1, x);
    }
}

#[inline(never)]
pub(crate) fn bare_3_by_hand(_: &mut World, x: u64) -> u64 {
    x.wrapping_add(1).wrapping_mul(3) ^ 0x55
}

#[inline(never)]
pub(crate) fn params_4_by_hand(w: &mut World, x: u64) -> u64 {
    let x = x.wrapping_add(w.read(0)).wrapping_mul(w.read(1));
    w.write(2, x);
    x ^ w.read(3)
}

#[inline(never)]
pub(crate) fn option_by_hand(w: &mut World, x: u64) -> u64 {
    let x = x.wrapping_mul(5);
    if x & 1 == 0 {
        return 7;
    }
    let x = x.wrapping_mul(w.read(1));
    if x <= w.read(0) {
        return 7;
    }
    w.write(2, x);
    x
}

#[inline(never)]
pub(crate) fn result_by_hand(w: &mut World, x: u64) -> u64 {
    if x & 1 == 0 {
        w.write(3, x);
        return 7;
    }
    let x = x.wrapping_add(w.read(0)).wrapping_mul(w.read(1));
    w.write(2, x);
    x
}

fn turn(w: &World, x: u64) -> u64 {
    x.rotate_left(9) ^ w.read(1)
}

#[inline(never)]
pub(crate) fn diamond_by_hand(w: &mut World, x: u64) {
    let x = x.wrapping_mul(7);
    w.write(4, x.wrapping_add(w.read(0)) ^ (x >> 3));
}

#[inline(never)]
pub(crate) fn fork_4_by_hand(w: &mut World, x: u64) {
    let x = x.wrapping_mul(7);
    w.write(4, x.wrapping_add(w.read(0)) ^ (x >> 3).wrapping_add(turn(w, x)) ^ x.wrapping_mul(5));
}

#[inline(never)]
pub(crate) fn nested_by_hand(w: &mut World, x: u64) {
    let x = x.wrapping_mul(7);
    let inner = x.wrapping_add(w.read(0));
    w.write(4, (inner >> 3) ^ turn(w, inner) ^ x.wrapping_mul(5));
}

#[inline(always)]
fn take(w: &mut World, n: usize, x: u64) {
    w.write(n, x.rotate_left(n as u32 + 1));
}

#[inline(never)]
pub(crate) fn fan_2_by_hand(w: &mut World, x: u64) {
    take(w, 0, x);
    take(w, 1, x);
}

#[inline(never)]
pub(crate) fn fan_4_by_hand(w: &mut World, x: u64) {
    (0..4).for_each(|n| take(w, n, x));
}

#[inline(never)]
pub(crate) fn dispatch_by_hand(w: &mut World, x: u64) {
    take(w, 0, x.wrapping_mul(3));
}

#[inline(never)]
pub(crate) fn cloned_by_hand(w: &mut World, x: &u64) {
    take(w, 0, *x);
}

#[inline(never)]
pub(crate) fn by_ref_by_hand(w: &mut World, x: u64) {
    take(w, 0, x);
}

#[inline(never)]
pub(crate) fn adapt_by_hand(w: &mut World, x: u64) {
    if x & 7 != 0 {
        take(w, 0, x * 2);
    }
}

/// A function by its address.
pub(crate) struct Stamped(pub(crate) fn(&mut World, u64));

#[inline(never)]
pub(crate) fn stamped_by_hand(stamped: &mut Stamped, w: &mut World, x: u64) {
    (stamped.0)(w, x);
}

/// A list of boxed closures.
pub(crate) type Closure = Box<dyn FnMut(&mut World, &u64)>;

#[inline(never)]
pub(crate) fn broadcast_by_hand(closures: &mut [Closure], w: &mut World, x: u64) {
    closures.iter_mut().for_each(|closure| closure(w, &x));
}

pub(crate) fn closures() -> Vec<Closure> {
    vec![Box::new(|w, x| take(w, 0, *x)), Box::new(|w, x| take(w, 1, *x))]
}
