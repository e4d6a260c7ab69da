//! The server as its clients see it, one module for each subject.
#![expect(clippy::unwrap_used, reason = "a test that fails says where by its line")]

mod again;
mod changes;
mod clients;
mod command_table;
mod commands;
mod connections;
mod disks;
mod edges;
mod encoded;
mod ending;
mod engine;
mod floats;
mod hits;
mod hostile;
mod journal;
mod kills;
mod limits;
mod many;
mod memory;
mod metrics;
mod mixed;
#[path = "../sim/replicas/log.rs"]
#[expect(dead_code, reason = "simulations need more of it")]
mod model_log;
mod mute;
mod operator;
mod pools;
mod program;
mod raw;
mod redis;
mod replicated;
mod rig;
mod shards;
mod support;
mod traffic;
mod transactions;
mod waits;
