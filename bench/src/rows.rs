//! What is compared with what.

use crate::contenders::{ours::library as ours, peer::library as peer};
use crate::{by_hand, chains};
use bench::harness::{Row, work};

macro_rules! rows {
    ($($name:literal $f:ident $runs:literal: $($contender:ident),*;)*) => {
        vec![$(Row {
            name: $name,
            runs: $runs,
            contenders: vec![$((stringify!($contender), work($contender::$f))),*],
        }),*]
    };
}

/// The rows that both libraries have, and those of chains.
pub(crate) fn all() -> Vec<Row> {
    let mut all = both();
    all.extend(template_rows());
    all.extend(chain_rows());
    all
}

fn template_rows() -> Vec<Row> {
    use crate::contenders::{ours::templates as ours, peer::templates as peer};
    rows! {
        "generate, 1 param" generate_1 2_000: peer, ours;
        "generate, 2 params" generate_2 2_000: peer, ours;
        "generate, 4 params" generate_4 2_000: peer, ours;
        "generate, 8 params" generate_8 2_000: peer, ours;
        "generate with context, 2 params" generate_ctx_2 2_000: peer, ours;
        "stamped handler, 2 params" stamped_run 10_000: peer, ours;
        "handler made by the registry" by_registry 2_000: peer, ours;
        "handler made by a template" by_template 2_000: peer, ours;
    }
}

fn chain_rows() -> Vec<Row> {
    use chains::{by_hand, ours};
    rows! {
        "route of 6 cases, against match" route_6 10_000: by_hand, ours;
        "DAG: fork of 2, merge" diamond 10_000: by_hand, ours;
        "slice of 1000, per item" slice 1_000: by_hand, ours;
        "buffer of 1000, per item" buffer 1_000: by_hand, ours;
    }
}

fn both() -> Vec<Row> {
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
