//! Shared by the tests of the program: running it, and the capture.

use std::io::Read;
use std::process::{Command, Output};

use flate2::read::MultiGzDecoder;

pub(crate) const CAPTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/btcusdt_20240808.gz");

pub(crate) fn market_data(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_market-data")).args(args).output().expect("the program starts")
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

pub(crate) fn capture() -> String {
    let mut text = String::new();
    MultiGzDecoder::new(std::fs::File::open(CAPTURE).unwrap()).read_to_string(&mut text).unwrap();
    text
}
