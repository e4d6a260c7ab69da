//! What is compared with what.

use crate::by_hand;
use crate::contenders::{ours::library as ours, peer::library as peer};
use crate::harness::{Row, work};

macro_rules! rows {
    ($($name:literal $f:ident $runs:literal: $($contender:ident),*;)*) => {
        vec![$(Row {
            name: $name,
            runs: $runs,
            contenders: vec![$((stringify!($contender), work($contender::$f))),*],
        }),*]
    };
}

pub(crate) fn all() -> Vec<Row> {
    rows! {
        "handler, 2 params, 1 written" handler_2 10_000: by_hand, ours, peer;
        "handler, 8 params, 4 written" handler_8 10_000: by_hand, ours, peer;
        "boxed handler, 2 params" boxed 10_000: by_hand, ours, peer;
        "pipeline of 3, bare" pipeline_3_bare 10_000: by_hand, ours, peer;
        "pipeline of 4 with params" pipeline_4_params 10_000: by_hand, ours, peer;
        "pipeline of 6 over Option" pipeline_option 10_000: by_hand, ours, peer;
        "into_handler, 1 param" into_handler_1 2_000: peer, ours;
        "into_handler, 4 params" into_handler_4 2_000: peer, ours;
        "into_handler, 8 params" into_handler_8 2_000: peer, ours;
    }
}
