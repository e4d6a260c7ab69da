//! Names of types, as plans and messages show them.

use nexus_rt::{Describe, IntoHandler, Param, PipelineStart, Res, WorldBuilder};

use crate::support::panic_of;

/// A price in a currency that is named by its sign.
#[derive(Clone, Copy, Debug, PartialEq)]
struct In<const SIGN: char>(u64);

#[derive(Param)]
struct Both<'w, 's> {
    _pounds: Res<'w, In<'£'>>,
    _colons: Res<'s, In<':'>>,
}

#[test]
fn literals_in_types_are_shown_whole() {
    fn convert(_: Res<In<'<'>>, _: Res<In<'\''>>, pounds: In<'£'>) -> In<':'> {
        In(pounds.0 * 600)
    }
    let mut builder = WorldBuilder::new();
    builder.register(In::<'<'>(1));
    builder.register(In::<'\''>(1));
    let plan = PipelineStart::<In<'£'>>::new()
        .then(convert, builder.registry())
        .then(|_: In<':'>| {}, builder.registry())
        .build()
        .plan();
    let tree = plan.to_string();
    let row: Vec<_> = tree.lines().nth(1).expect("a row for the first function").split_whitespace().collect();
    assert_eq!(row, ["├─", "convert", "reads", "In<'<'>,", r"In<'\''>", "->", "In<':'>"]);
}

#[test]
fn functions_are_named_without_paths_whatever_they_are() {
    fn generic<const SIGN: char>(price: In<SIGN>) -> In<SIGN> {
        price
    }
    let mut builder = WorldBuilder::new();
    builder.register(0_u64);
    let tree = PipelineStart::<u64>::new()
        .then(In::<':'>, builder.registry())
        .then(generic::<':'>, builder.registry())
        .then(Some, builder.registry())
        .then(|_: Option<In<':'>>| {}, builder.registry())
        .build()
        .plan()
        .to_string();
    let names: Vec<_> = tree.lines().skip(1).filter_map(|line| line.split(' ').nth(1)).collect();
    assert_eq!(names, ["In<':'>", "generic<':'>", "Some", "closure"], "{tree}");
}

#[test]
fn a_param_is_named_without_its_lifetimes() {
    let world = WorldBuilder::new().build();
    let text = panic_of(|| (|_: Both, (): ()| {}).into_handler(world.registry()));
    assert!(text.contains("parameter 1 (`Both`): no `it::names::In<'£'>` is registered"), "{text}");
    assert!(text.contains("parameter 1 (`Both`): no `it::names::In<':'>` is registered"), "{text}");
}
