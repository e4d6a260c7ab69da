//! How much does a journal save by reserving its room in advance?
//!
//! `cargo run --release -p nexus-journal --example perf_sync -- DIR`
//!
//! It appends and syncs 104 bytes, in turn with and without reserved room, in a new directory below `DIR`.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use nexus_journal::{Dir, Disk, File, Options};

/// A record of 52 to 56 bytes and its mark.
const BYTES: [u8; 104] = [7; 104];

const PAIRS: usize = 3_000;

fn sync(file: &Arc<dyn File>, offset: u64) -> io::Result<Duration> {
    let start = Instant::now();
    file.write_at(offset, &BYTES)?;
    file.sync()?;
    Ok(start.elapsed())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() -> io::Result<()> {
    let Some(path) = std::env::args_os().nth(1) else {
        return Err(io::Error::other("name a directory on the disk to measure"));
    };
    let path = PathBuf::from(path).join("perf_sync");
    std::fs::create_dir(&path)?;
    let disk = Dir::new(&path);
    let (plain, ahead) = (disk.create("plain")?, disk.create("ahead")?);
    let reserve = Options::new("perf_sync").reserve;
    ahead.reserve(reserve)?;
    let (mut times, mut ratios) = ([Vec::new(), Vec::new()], Vec::new());
    for pair in 0..PAIRS {
        let offset = (pair * BYTES.len()) as u64;
        // Whichever comes second may find the disk busy.
        let [first, second] = if pair.is_multiple_of(2) { [&plain, &ahead] } else { [&ahead, &plain] };
        let mut taken = [sync(first, offset)?.as_secs_f64(), sync(second, offset)?.as_secs_f64()];
        if !pair.is_multiple_of(2) {
            taken.swap(0, 1);
        }
        times[0].push(taken[0]);
        times[1].push(taken[1]);
        ratios.push(taken[1] / taken[0]);
    }
    std::fs::remove_dir_all(&path)?;
    let [plain, ahead] = times.map(|times| median(times) * 1e6);
    println!("append      {plain:.0} us");
    println!("in advance  {ahead:.0} us, {:.2} of it", ahead / plain);
    println!("per pair    {:.2}, the median of {PAIRS}", median(ratios));
    Ok(())
}
