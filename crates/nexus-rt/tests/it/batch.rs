//! Batches: from their own buffer, over slices and iterators.

use nexus_rt::{BatchPipeline, DagStart, PipelineStart, Res, ResMut};

use crate::support::{Log, panic_of, refuses_world, world};

#[test]
fn a_batch_drains_its_buffer_and_keeps_the_memory() {
    let mut world = world();
    let reg = world.registry();
    let mut batch = PipelineStart::<u64>::new()
        .then(|limit: Res<u64>, x: u64| if x <= *limit { Ok(x) } else { Err(x) }, reg)
        .catch(|mut log: ResMut<Log>, x: u64| log.push(x.to_string()), reg)
        .map(|mut sum: ResMut<i64>, x: u64| *sum += x.cast_signed(), reg)
        .build_batch(8);
    let room = batch.input_mut().capacity();
    assert!(room >= 8);
    for _ in 0..3 {
        batch.input_mut().extend([1, 20, 2]);
        assert_eq!(batch.input(), [1, 20, 2]);
        batch.run(&mut world);
        assert!(batch.input().is_empty() && batch.input_mut().capacity() == room);
    }
    batch.run(&mut world);
    assert_eq!((*world.resource::<i64>(), world.resource::<Log>().len()), (9, 3));
}

#[test]
fn a_panic_leaves_what_comes_after_it() {
    let mut world = world();
    let mut batch: BatchPipeline<String, _> = PipelineStart::<String>::new()
        .then(
            |mut log: ResMut<Log>, s: String| {
                assert_ne!(s, "bad", "cannot take it");
                log.push(s);
            },
            world.registry(),
        )
        .build_batch(4);
    batch.input_mut().extend(["a", "bad", "b", "c"].map(String::from));
    assert!(panic_of(|| batch.run(&mut world)).contains("cannot take it"));
    assert_eq!(batch.input(), ["b", "c"]);
    batch.input_mut().push("d".into());
    batch.run(&mut world);
    assert_eq!(*world.resource::<Log>(), ["a", "b", "c", "d"]);
}

#[test]
fn a_foreign_world_takes_no_item() {
    let home = world();
    let mut batch = PipelineStart::<u64>::new().then(|_: Res<u64>, _: u64| {}, home.registry()).build_batch(2);
    batch.input_mut().push(1);
    refuses_world("a_foreign_world_takes_no_item", || batch.run(&mut world()));
    assert_eq!(batch.input(), [1]);
    batch.input_mut().clear();
    refuses_world("a_foreign_world_takes_no_item", || batch.run(&mut world()));
}

#[test]
fn a_dag_batches_too_and_a_batch_has_a_context() {
    let mut world = world();
    let reg = world.registry();
    let mut batch = DagStart::<u64>::new()
        .with_context::<Vec<u64>>()
        .root(|x: u64| x, reg)
        .fork()
        .arm(|x| x.then(|seen: &mut Vec<u64>, x: &u64| seen.push(*x), reg))
        .arm(|x| x.then(|seen: &mut Vec<u64>, limit: Res<u64>, x: &u64| seen.push(*x * *limit), reg))
        .join()
        .build_batch(2);
    batch.input_mut().extend([1, 2]);
    let mut seen = vec![];
    batch.run_with(&mut seen, &mut world);
    assert_eq!(seen, [1, 10, 2, 20]);
}

#[test]
fn slices_and_iterators_run_without_a_buffer() {
    let mut world = world();
    let reg = world.registry();
    let mut sum =
        PipelineStart::<&u64>::borrowed().then(|mut sum: ResMut<i64>, x: &u64| *sum += x.cast_signed(), reg).build();
    let items = vec![1, 2, 3];
    sum.run_each(&mut world, &items);
    sum.run_each(&mut world, items.iter().filter(|x| **x > 1));
    let mut owned =
        PipelineStart::<String>::new().then(|mut log: ResMut<Log>, s: String| log.push(s), world.registry()).build();
    owned.run_each(&mut world, ["a".to_owned(), "b".to_owned()]);
    assert_eq!((*world.resource::<i64>(), world.resource::<Log>().len()), (11, 2));
    refuses_world("slices_and_iterators", || owned.run_each(&mut crate::support::world(), []));
}
