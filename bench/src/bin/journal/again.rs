//! The speed of a replay: reading and applying inputs, compared with only applying them.

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use bench::harness::{Measured, Timed, quantile};
use nexus_journal::{Dir, Disk, Durability, Program, Reader};

use crate::program::{Call, Sum, bytes, make, recorder, worked};

const INPUTS: u64 = 200_000;

pub(crate) fn compare(directory: &Path, rounds: usize) -> (Vec<Measured>, String) {
    let (mut world, mut adder, mut recorder) = recorder(directory, Durability::Process);
    for n in 0..INPUTS {
        recorder.input(&mut world, &mut adder, Call::Add(&bytes(n)));
        if n % 64 == 63 {
            recorder.commit(&world).expect("the disk has room");
        }
    }
    let live = world.resource::<Sum>().0;
    recorder.close(&world).expect("the disk has room");
    let disk: Arc<dyn Disk> = Dir::new(directory).into();
    let replayed = || {
        let (mut world, mut adder, digests) = make();
        let mut reader = Reader::open(disk.clone(), Some("bench")).expect("it was written");
        reader.replay(&mut world, &mut adder, &digests, None).expect("it is the same program");
        world.resource::<Sum>().0
    };
    let applied = || {
        let (mut world, mut adder, _) = make();
        for n in 0..INPUTS {
            world.next_sequence();
            adder.apply(&mut world, Call::Add(&black_box(bytes(n))));
        }
        world.resource::<Sum>().0
    };
    assert_eq!([replayed(), applied()], [live; 2]);
    let mut ns = [Vec::new(), Vec::new()];
    for _ in 0..rounds {
        for (ns, run) in ns.iter_mut().zip([&replayed as &dyn Fn() -> u64, &applied]) {
            let started = worked();
            black_box(run());
            ns.push((worked() - started) / INPUTS as f64);
        }
    }
    let rate = 1e9 / quantile(&ns[0], 0.5);
    let [replayed, applied] = ns;
    let row = Measured {
        group: "an input run again, processor time".into(),
        row: format!("{INPUTS} inputs, from the page cache"),
        timed: vec![Timed::new("replayed", replayed), Timed::new("applied", applied)],
        budgets: vec![],
    };
    (vec![row], format!("A replay applies {:.1} million inputs per second.\n", rate / 1e6))
}
