//! Replay: the same again, up to any point, across generations, and an alarm if it is not the same.

use nexus_journal::testing::FakeDisk;
use nexus_journal::{Digests, Durability, Error, Input, Program, Reader, Recorder, compact};
use nexus_rt::{Clock, Sequence, World};
use tempfile::tempdir;

use crate::program::{Adder, Bug, Call, Calls, Live, Sums, emit, make, options};

/// A journal with so many inputs, and the state after each.
fn recorded(disk: &FakeDisk, inputs: usize) -> Vec<(Sequence, Sums)> {
    let mut live = Live::on(disk);
    let mut states = vec![(Sequence::NEVER, Sums::default())];
    for n in 0..inputs {
        // Events that are no inputs take sequences too.
        if n.is_multiple_of(3) {
            live.world.next_sequence();
        }
        let sequence = live.call(if n % 5 == 4 { Call::Expire } else { Call::Add(&[1; 9][..n % 9]) });
        states.push((sequence, live.sums()));
        live.commit().unwrap();
    }
    live.close();
    states
}

fn reader(disk: &FakeDisk) -> Reader {
    Reader::open(disk.clone().into(), Some("adder")).unwrap()
}

#[test]
fn a_replay_leads_to_the_state_at_any_sequence() {
    let disk = FakeDisk::new();
    let states = recorded(&disk, 100);
    for (sequence, state) in &states {
        let (mut world, mut adder, digests) = make();
        let replayed = reader(&disk).replay(&mut world, &mut adder, &digests, Some(*sequence)).unwrap();
        assert_eq!((replayed.last, world.resource::<Sums>()), (*sequence, state));
    }
    // In one go, with a look at each.
    let (mut world, mut adder, digests) = make();
    let mut reader = reader(&disk);
    for (sequence, state) in &states {
        reader.replay(&mut world, &mut adder, &digests, Some(*sequence)).unwrap();
        assert_eq!((world.current_sequence().get().max(1), world.resource::<Sums>()), (sequence.get().max(1), state));
    }
    let rest = reader.replay(&mut world, &mut adder, &digests, None).unwrap();
    assert_eq!((rest.inputs, rest.checks, rest.torn), (0, 0, None));
}

#[test]
fn a_program_goes_on_where_it_stopped() {
    let disk = FakeDisk::new();
    let states = recorded(&disk, 10);
    let live = Live::on(&disk);
    assert_eq!(live.replayed.inputs, 10);
    assert_eq!(live.sums(), states[10].1);
    assert_eq!(live.world.current_sequence(), states[10].0);
    // Time does not go back, though the clock of the machine did.
    let mut live = live;
    let before = live.world.resource::<Clock>().unix();
    live.time.advance(std::time::Duration::from_nanos(1));
    let Live { recorder, world, .. } = &mut live;
    recorder.as_mut().unwrap().update(world);
    assert_eq!(live.world.resource::<Clock>().unix(), before);
}

#[test]
fn a_snapshot_is_a_shorter_journal_across_generations() {
    let disk = FakeDisk::new();
    let mut live = Live::on(&disk);
    for generation in 0..4 {
        for n in 0..40 {
            live.call(if n % 7 == 6 { Call::Expire } else { Call::Add(&[0; 30]) });
            live.commit().unwrap();
        }
        let before: usize = disk.names().iter().map(|name| disk.bytes(name).unwrap().len()).sum();
        live.recorder().journal_mut().rotate().unwrap();
        let upto = live.recorder().journal().last();
        let done = compact(&disk.clone().into(), "adder", upto, make, emit).unwrap();
        let after: usize = disk.names().iter().map(|name| disk.bytes(name).unwrap().len()).sum();
        let Live { recorder, world, .. } = &live;
        assert_eq!(done.digest, recorder.as_ref().unwrap().total(world));
        assert!(done.removed > 0 && done.bytes < done.removed && after < before, "{done:?} {before} {after}");
        // Checks after the snapshot are of a world that had another history.
        live.call(Call::Add(&[0; 5]));
        live.commit().unwrap();
        let sums = live.close();
        live = Live::on(&disk);
        assert_eq!(live.sums(), sums);
        assert!(live.replayed.checks > 0, "{generation}");
        let asked = Sequence::new(upto.get() - 1);
        let (mut world, mut adder, digests) = make();
        let gone = reader(&disk).replay(&mut world, &mut adder, &digests, Some(asked)).unwrap_err();
        assert!(matches!(gone, Error::Gone { begins, .. } if begins == upto), "{gone}");
        assert_eq!(
            gone.to_string(),
            format!("the state at sequence {asked} was compacted away: the journal begins at {upto}")
        );
    }
}

#[test]
fn a_snapshot_that_leads_elsewhere_changes_nothing() {
    let disk = FakeDisk::new();
    recorded(&disk, 50);
    let mut live = Live::on(&disk);
    live.call(Call::Add(b"a"));
    live.recorder().journal_mut().rotate().unwrap();
    let (upto, names) = (live.recorder().journal().last(), disk.names());
    let error = compact(&disk.clone().into(), "adder", upto, make, |_, _, _| {}).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "the snapshot at sequence {upto} does not restore the state it was taken of: `it::program::Sums` differs; \
             the journal is unchanged"
        )
    );
    assert_eq!(disk.names(), names);
}

#[test]
fn the_alarm_names_resource_and_checks_and_who_watches_nothing() {
    let disk = FakeDisk::new();
    let mut live = Live::on(&disk);
    for n in 0..30 {
        if n == 20 {
            live.world.resource_mut::<Bug>().0 = Some(|| 1); // as if it read another clock
        }
        live.call(Call::Add(b"x"));
        live.commit().unwrap();
    }
    live.close();
    let (mut world, mut adder, digests) = make();
    let error = reader(&disk).replay(&mut world, &mut adder, &digests, None).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the replay diverged: `it::program::Sums` differs at sequence 22; all agreed at 15; not \
         watched: `nexus_rt::clock::Clock`, `it::program::Calls`, `it::program::Bug`"
    );
    assert!(matches!(Live::start(disk, options(Durability::Disk)), Err(Error::Diverged(_))));
}

#[test]
fn a_write_that_leaves_the_value_as_it_was_is_seen_as_well() {
    let disk = FakeDisk::new();
    let mut live = Live::on(&disk);
    live.call(Call::Add(b"x"));
    // Something writes what is watched, apart from any input.
    live.world.next_sequence();
    live.world.resource_mut::<Sums>().total += 0;
    live.call(Call::Expire);
    live.world.next_sequence();
    live.world.resource_mut::<Sums>().total += 0;
    live.close();
    let (mut world, mut adder, digests) = make();
    let error = reader(&disk).replay(&mut world, &mut adder, &digests, None).unwrap_err();
    assert!(
        error.to_string().contains("`it::program::Sums` differs at sequence 4; no earlier check agreed"),
        "{error}"
    );
    // A function compares the value alone.
    let (mut world, mut adder, _) = make();
    let mut by_value = Digests::new();
    by_value.watch_by(world.registry(), |sums: &Sums, digest| std::hash::Hash::hash(sums, digest));
    assert_eq!(reader(&disk).replay(&mut world, &mut adder, &by_value, None).unwrap().checks, 1);
}

/// Runs so many events more after each input.
struct Eager(Adder, u64);

impl Program for Eager {
    type Input<'a> = Call<'a>;

    fn apply(&mut self, world: &mut World, input: Call<'_>) {
        self.0.apply(world, input);
        (0..self.1).for_each(|_| _ = world.next_sequence());
    }
}

#[test]
fn events_that_did_not_run_before_are_seen_by_the_sequence() {
    let disk = FakeDisk::new();
    let mut live = Live::on(&disk);
    live.call(Call::Add(b"x"));
    live.call(Call::Add(b"y"));
    live.close();
    let (mut world, adder, digests) = make();
    let error = reader(&disk).replay(&mut world, &mut Eager(adder, 2), &digests, None).unwrap_err();
    let start = "the replay diverged: the world was already at sequence 4 before the input at 3; no earlier check";
    assert!(error.to_string().starts_with(start), "{error}");
}

#[test]
fn what_is_no_input_of_this_program_is_said() {
    let disk = FakeDisk::new();
    let mut live = Live::on(&disk);
    live.world.next_sequence();
    let at = live.world.resource::<Clock>().unix();
    let sequence = live.world.current_sequence();
    live.recorder().journal_mut().append(9, sequence, at, |out| out.extend(b"???"));
    live.close();
    let error = Live::start(disk, options(Durability::Disk)).err().unwrap();
    assert_eq!(
        error.to_string(),
        "the program does not know the input at sequence 2: kind 9, 3 bytes; was it written by another version?"
    );
}

#[test]
fn one_process_writes_and_a_hole_or_a_foreign_file_is_named() {
    let dir = tempdir().unwrap();
    let disk = nexus_journal::Dir::new(dir.path().join("new"));
    let start = || Live::start(disk.clone(), options(Durability::Behind));
    let mut live = start().unwrap();
    let locked = start().err().unwrap();
    assert!(locked.to_string().ends_with("is in use by another process: a journal has only one writer"));
    for _ in 0..200 {
        live.call(Call::Add(b"some text"));
        live.commit().unwrap();
    }
    live.close();
    let path = dir.path().join("new");
    let mut names: Vec<_> = std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    let error = {
        let aside = dir.path().join("aside");
        std::fs::rename(&names[1], &aside).unwrap();
        let error = start().err().unwrap();
        std::fs::rename(&aside, &names[1]).unwrap();
        error
    };
    assert!(matches!(error, Error::Hole { .. }), "{error}");
    let bytes = std::fs::read(&names[0]).unwrap();
    let with = |at: usize, new: &[u8]| {
        let mut bytes = bytes.clone();
        bytes[at..at + new.len()].copy_from_slice(new);
        std::fs::write(&names[0], &bytes).unwrap();
        let error = start().err().unwrap().to_string();
        error.replace(&names[0].display().to_string(), "FILE")
    };
    assert_eq!(
        with(8, &7_u32.to_le_bytes()),
        "FILE has version 7, but this program reads only up to version 1: use a newer one"
    );
    assert_eq!(with(0, b"#!/bin/s"), "FILE is not a journal file, despite its name: move it elsewhere");
    std::fs::write(&names[0], &bytes).unwrap();
    let mut other = options(Durability::Disk);
    other.program = "multiplier".into();
    let error = Live::start(disk.clone(), other).err().unwrap().to_string();
    assert!(error.ends_with("is a journal of `adder`, not of `multiplier`: choose another directory"), "{error}");
    assert_eq!(start().unwrap().replayed.inputs, 200);
}

#[test]
fn safe_is_what_the_thread_has_synced_and_it_says_so() {
    let dir = tempdir().unwrap();
    let mut live = Live::start(nexus_journal::Dir::new(dir.path()), options(Durability::Behind)).unwrap();
    let (sender, synced) = std::sync::mpsc::channel();
    live.recorder().journal().on_sync(move || _ = sender.send(()));
    for _ in 0..100 {
        let last = live.call(Call::Add(b"x"));
        live.commit().unwrap();
        while live.recorder().journal().safe() < last {
            synced.recv().unwrap();
        }
    }
    let replayed = {
        live.close();
        let (mut world, mut adder, digests) = make();
        let disk = nexus_journal::Dir::new(dir.path());
        Recorder::open(disk, options(Durability::Disk), (&mut world, &mut adder), digests).unwrap().1
    };
    assert_eq!(replayed.inputs, 100);
}

#[test]
fn what_nobody_watches_is_not_compared() {
    let disk = FakeDisk::new();
    let mut live = Live::on(&disk);
    live.call(Call::Add(b"x"));
    live.world.resource_mut::<Calls>().0 = 99;
    live.close();
    assert_eq!(Live::on(&disk).replayed.checks, 1);
    assert_eq!(Call::decode(2, b""), Some(Call::Expire));
    assert_eq!(Call::decode(2, b"more"), None);
}

#[test]
fn what_no_check_has_is_not_digested_by_a_replay() {
    let disk = FakeDisk::new();
    recorded(&disk, 50);
    let (mut world, mut adder, mut digests) = make();
    digests.watch_part(world.registry(), "all", |_: &Sums, _| {
        panic!("this may take long, and nothing is compared with it")
    });
    let replayed = reader(&disk).replay(&mut world, &mut adder, &digests, None).unwrap();
    assert!(replayed.checks > 5);
}

#[test]
fn time_goes_on_at_half_the_speed_where_the_clock_of_the_machine_was_set_back() {
    let disk = FakeDisk::new();
    let mut live = Live::on(&disk);
    live.time.advance(std::time::Duration::from_secs(100));
    live.call(Call::Add(b"x"));
    live.close();
    let mut live = Live::on(&disk);
    let read = |live: &mut Live, seconds| {
        live.time.advance(std::time::Duration::from_secs(seconds));
        let Live { recorder, world, .. } = live;
        recorder.as_mut().unwrap().update(world);
        world.resource::<Clock>().unix().as_secs()
    };
    // The machine is a hundred seconds behind.
    let start = read(&mut live, 0);
    assert_eq!([read(&mut live, 20) - start, read(&mut live, 100) - start], [10, 60]);
    assert_eq!([read(&mut live, 80) - start, read(&mut live, 10) - start], [100, 110], "it has caught up");
}

#[test]
fn a_replay_that_goes_on_sets_the_clock_again() {
    let disk = FakeDisk::new();
    let mut live = Live::on(&disk);
    let first = live.call(Call::Add(b"text"));
    let Live { world, adder, recorder, .. } = &mut live;
    recorder.as_mut().unwrap().input(world, adder, Call::Add(b"more")); // at the same time
    let sums = live.close();
    let (mut world, mut adder, digests) = make();
    let mut reader = reader(&disk);
    reader.replay(&mut world, &mut adder, &digests, Some(first)).unwrap();
    world.resource_mut::<Clock>().set_unix(std::time::Duration::ZERO);
    reader.replay(&mut world, &mut adder, &digests, None).unwrap();
    assert_eq!(*world.resource::<Sums>(), sums);
}

#[test]
fn one_event_more_per_input_is_noticed_at_the_next_input() {
    let disk = FakeDisk::new();
    let mut live = Live::on(&disk);
    let [first, next] = [(); 2].map(|()| live.call(Call::Add(b"text")));
    live.close();
    let (mut world, adder, digests) = make();
    let error = reader(&disk).replay(&mut world, &mut Eager(adder, 1), &digests, None).unwrap_err();
    let Error::Diverged(divergence) = error else { panic!("{error}") };
    assert_eq!((divergence.at, divergence.reached), (next, Some(next)), "after {first}");
}

#[test]
fn notes_of_two_worlds_name_what_differs() {
    // Each world has digests of its own.
    let note = |total| {
        let (mut world, _, digests) = make();
        world.resource_mut::<Sums>().total = total;
        let mut note = Vec::new();
        digests.note(&world, &mut note);
        note
    };
    let ([before, same, after], (_, _, digests)) = ([0, 0, 1].map(note), make());
    assert_eq!(digests.compare(&before, &same), [""; 0]);
    assert_eq!(digests.compare(&before, &after), ["it::program::Sums"]);
    assert_eq!(digests.compare(&before, &[]), [""; 0], "only what both have is compared");
}
