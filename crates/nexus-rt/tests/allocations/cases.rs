//! Routes by a `match` do not allocate.

use nexus_rt::{PipelineStart, cases};

use crate::counting::allocations;
use crate::{add, sum, world};

#[test]
fn no_route_by_a_match_allocates() {
    let mut world = world();
    let reg = world.registry();
    let mut chain = PipelineStart::<Result<Box<u64>, u64>>::new()
        .route(cases!(|made: Result<Box<u64>, u64>| match made {
            Ok(x) => (x, |x| x.then(|x: Box<u64>| *x, reg)),
            Err(0) => ((), |none| none.then(|(): ()| 7, reg)),
            Err(x) => (x, |x| x.then(add, reg)),
        }))
        .tee(|x| {
            x.route(cases!(|x: &u64| match x {
                0 => (x, |x| x.then(sum, reg)),
                x => (x, |x| x.then(sum, reg)),
            }))
        })
        .then(|_: u64| {}, reg)
        .build();
    let mut run = |made| allocations(|| chain.run(&mut world, made));
    assert_eq!([Ok(Box::new(1)), Err(0), Err(3)].map(&mut run), [0; 3]);
}
