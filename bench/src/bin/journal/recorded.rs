//! The cost of recording: inputs applied, compared with inputs recorded and applied, by the processor time of the
//! thread, which includes system calls.

use std::fs::File;
use std::hint::black_box;
use std::io::Write as _;
use std::path::Path;

use bench::harness::{Budget, Measured, Timed, quantile};
use nexus_journal::{Durability, Program};
use nexus_rt::Clock;

use crate::program::{Call, Sum, bytes, make, recorder, worked};

/// The number of inputs in a measurement.
const INPUTS: u64 = 16_384;

pub(crate) fn compare(directory: &Path, rounds: usize) -> (Vec<Measured>, String) {
    let rows = [1, 16, 64].map(|commit| row(&directory.join(commit.to_string()), rounds, commit));
    let more = rows.iter().map(|row| {
        let [recorded, written, applied] = [0, 1, 2].map(|who| quantile(&row.timed[who].rounds, 0.5));
        let (adds, bare) = (recorded - applied, written - applied);
        format!("{}: {adds:.0} ns per input, of which {bare:.0} for bytes alone", row.row)
    });
    let more = format!("Writing down adds, with `Process`, {}.\n", more.collect::<Vec<_>>().join("; "));
    (rows.into(), more)
}

fn row(directory: &Path, rounds: usize, commit: u64) -> Measured {
    let (mut world, mut adder, mut recorder) = recorder(directory, Durability::Process);
    let mut recorded = || {
        for turn in (0..INPUTS).step_by(commit as usize) {
            recorder.update(&mut world);
            for n in turn..turn + commit {
                recorder.input(&mut world, &mut adder, Call::Add(&black_box(bytes(n))));
            }
            recorder.commit(&world).expect("the disk has room");
        }
        world.resource::<Sum>().0
    };
    let (mut world, mut adder, _) = make();
    let mut real = Clock::realtime();
    let mut applied = || {
        for turn in (0..INPUTS).step_by(commit as usize) {
            real.update();
            world.resource_mut::<Clock>().set_unix(real.unix());
            for n in turn..turn + commit {
                world.next_sequence();
                adder.apply(&mut world, Call::Add(&black_box(bytes(n))));
            }
        }
        world.resource::<Sum>().0
    };
    let mut written = written(directory, commit);
    assert_eq!([recorded(), written()], [applied(); 2]);
    let mut ns = [const { Vec::new() }; 3];
    for _ in 0..rounds {
        let runs = [&mut recorded as &mut dyn FnMut() -> u64, &mut written, &mut applied];
        for (ns, run) in ns.iter_mut().zip(runs) {
            let started = worked();
            black_box(run());
            ns.push((worked() - started) / INPUTS as f64);
        }
    }
    assert_eq!([recorded(), written()], [applied(); 2]);
    let [recorded, written, applied] = ns;
    Measured {
        group: "an input written down and applied, processor time".into(),
        row: format!("commits of {commit}"),
        timed: vec![Timed::new("recorded", recorded), Timed::new("written", written), Timed::new("applied", applied)],
        budgets: if commit == 64 { vec![Budget { against: "applied", at_most: 1.0, or_more: 80.0 }] } else { vec![] },
    }
}

/// A hand-written recorder without checksums: the same number of bytes, in a file of its own.
fn written(directory: &Path, commit: u64) -> impl FnMut() -> u64 {
    let (mut world, mut adder, _) = make();
    let mut file = File::create(directory.join("written")).expect("the directory was made");
    let (mut real, mut buffer) = (Clock::realtime(), Vec::new());
    move || {
        for turn in (0..INPUTS).step_by(commit as usize) {
            real.update();
            world.resource_mut::<Clock>().set_unix(real.unix());
            for n in turn..turn + commit {
                let bytes = black_box(bytes(n));
                buffer.extend_from_slice(&[0; 32]);
                buffer.extend_from_slice(&bytes);
                world.next_sequence();
                adder.apply(&mut world, Call::Add(&bytes));
            }
            buffer.extend_from_slice(&[0; 48]); // as long as the mark of a commit
            file.write_all(&buffer).expect("the disk has room");
            buffer.clear();
        }
        world.resource::<Sum>().0
    }
}
