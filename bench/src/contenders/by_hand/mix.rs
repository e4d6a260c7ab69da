//! A hundred boxed closures over a hundred cells, in random order.

use std::hint::black_box;

use bench::harness::{Work, work};

use super::Cell;

/// The number of a handler, the resource that it reads, and the one that it writes.
macro_rules! hundred {
    ($with:ident) => {
        $with! {
            0 11 3, 1 48 74, 2 85 45, 3 22 16, 4 59 87, 5 96 58, 6 33 29, 7 70 0, 8 7 71, 9 44 42, 10 81 13,
            11 18 84, 12 55 56, 13 92 26, 14 29 97, 15 66 68, 16 3 39, 17 40 10, 18 77 81, 19 14 52, 20 51 23,
            21 88 94, 22 25 65, 23 62 36, 24 99 7, 25 36 78, 26 73 49, 27 10 20, 28 47 91, 29 84 62, 30 21 33,
            31 58 4, 32 95 75, 33 32 46, 34 69 17, 35 6 88, 36 43 59, 37 80 30, 38 17 1, 39 54 72, 40 91 43,
            41 28 14, 42 65 85, 43 2 56, 44 39 27, 45 76 98, 46 13 69, 47 50 40, 48 87 11, 49 24 82, 50 61 53,
            51 98 24, 52 35 95, 53 72 66, 54 9 37, 55 46 8, 56 83 79, 57 20 50, 58 57 21, 59 94 92, 60 31 63,
            61 68 34, 62 5 6, 63 42 76, 64 79 47, 65 16 18, 66 53 89, 67 90 60, 68 27 31, 69 64 2, 70 1 73,
            71 38 44, 72 75 15, 73 12 86, 74 49 57, 75 86 28, 76 23 99, 77 60 70, 78 97 41, 79 34 12, 80 71 83,
            81 8 54, 82 45 25, 83 82 96, 84 19 67, 85 56 38, 86 93 9, 87 30 80, 88 67 51, 89 4 22, 90 41 93,
            91 78 64, 92 15 35, 93 52 6, 94 89 77, 95 26 48, 96 63 19, 97 0 90, 98 37 61, 99 74 32,
        }
    };
}

pub(crate) use hundred;

/// Picks the next of the hundred, in the same order for all, which is too long for a branch predictor to learn.
pub(crate) struct Order {
    places: Vec<u8>,
    next: usize,
}

impl Order {
    pub(crate) fn new() -> Self {
        let mut random = 42_u64;
        let mut place = || {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((random >> 33) % 100) as u8
        };
        Self { places: (0..1 << 16).map(|_| place()).collect(), next: 0 }
    }

    pub(crate) fn next(&mut self) -> usize {
        self.next = (self.next + 1) % (1 << 16);
        self.places[self.next].into()
    }
}

struct World {
    now: u64,
    #[expect(clippy::vec_box, reason = "each value in a heap cell of its own")]
    cells: Vec<Box<Cell>>,
}

fn step<const N: usize, const FROM: usize, const TO: usize>(w: &mut World, x: u64) {
    let from = w.cells[FROM].value;
    let to = &mut w.cells[TO];
    to.changed_at = w.now;
    to.value = to.value.wrapping_add(from.rotate_left(N as u32) ^ x.wrapping_mul(2 * N as u64 + 1));
}

type Closure = Box<dyn FnMut(&mut World, u64)>;

pub(crate) fn hundred_boxed() -> Box<dyn Work> {
    let cells = (0..100).map(|value| Box::new(Cell { changed_at: 0, value })).collect();
    macro_rules! closures {
        ($($n:literal $from:literal $to:literal,)*) => { vec![$(Box::new(step::<$n, $from, $to>) as Closure),*] };
    }
    let closures: Vec<Closure> = black_box(hundred!(closures));
    work(
        (World { now: 1, cells }, closures, Order::new()),
        |(world, closures, order), runs| {
            for x in 0..runs {
                closures[order.next()](world, x);
            }
        },
        |(world, ..)| world.cells.iter().fold(0, |sum, cell| sum.wrapping_mul(31).wrapping_add(cell.value)),
    )
}
