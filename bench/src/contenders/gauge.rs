//! A handler of two params, one of them written, with and without a board that measures it.

use bench::harness::Work;
use nexus_gauge::Board;
use nexus_rt::{IntoHandler, Res, ResMut};

use super::ours::library::{V, numbers};

fn write(factor: Res<V<0>>, mut total: ResMut<V<1>>, x: u64) {
    total.0 = total.0.wrapping_add(x.wrapping_mul(factor.0));
}

pub(crate) fn bare() -> Box<dyn Work> {
    numbers(|reg| write.into_handler(reg))
}

/// Times one run in `every`.
fn one_in(every: u64) -> Box<dyn Work> {
    numbers(|reg| Board::new().sampled(every, write.into_handler(reg)))
}

/// Times only the first run.
pub(crate) fn counted() -> Box<dyn Work> {
    one_in(1 << 63)
}

pub(crate) fn sampled() -> Box<dyn Work> {
    one_in(64)
}

pub(crate) fn timed() -> Box<dyn Work> {
    one_in(1)
}
