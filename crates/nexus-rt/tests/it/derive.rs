//! `#[derive(Param)]`.

use nexus_rt::{Handler, IntoHandler, Local, Param, PipelineStart, Res, ResMut, Sequence};

use crate::support::{Log, panic_of, world};

#[derive(Param)]
struct Named<'w> {
    limit: Res<'w, u64>,
    total: ResMut<'w, i64>,
    now: Sequence,
}

#[derive(Param)]
struct Unnamed<'w, 's>(Res<'w, u64>, Local<'s, u32>);

#[derive(Param)]
struct Generic<'w, T, const N: usize>
where
    T: Send + 'static,
{
    value: Option<Res<'w, [T; N]>>,
    log: ResMut<'w, Log>,
}

#[derive(Param)]
struct Nested<'w>(Named<'w>, (Option<Res<'w, u8>>, Unnamed<'w, 'w>));

#[derive(Param)]
struct Empty;

/// More than any tuple holds.
#[derive(Param)]
struct Ten<'w> {
    a: Local<'w, u8>,
    b: Local<'w, u8>,
    c: Local<'w, u8>,
    d: Local<'w, u8>,
    e: Local<'w, u8>,
    f: Local<'w, u8>,
    g: Local<'w, u8>,
    h: Local<'w, u8>,
    i: Local<'w, u8>,
    j: ResMut<'w, i64>,
}

mod renamed {
    pub(crate) use nexus_rt as runtime;
}

#[derive(Param)]
#[param(crate = renamed::runtime)]
struct Renamed<'w> {
    total: ResMut<'w, i64>,
}

#[test]
fn structs_are_params() {
    fn use_all(mut named: Named, Empty: Empty, event: i64) {
        *named.total += event + i64::try_from(*named.limit + named.now.get()).unwrap();
    }
    let mut world = world();
    use_all.into_handler(world.registry()).run(&mut world, 100);
    assert_eq!(*world.resource::<i64>(), 111);
}

#[test]
fn tuple_structs_generics_and_nesting_work() {
    fn use_all(Nested(mut named, (none, mut unnamed)): Nested, mut generic: Generic<u8, 3>, _event: ()) {
        *unnamed.1 += 1;
        *named.total += i64::from(*unnamed.1);
        generic.log.push(format!("{} {} {}", *unnamed.0, none.is_none(), generic.value.is_none()));
    }
    let mut world = world();
    let mut handler = use_all.into_handler(world.registry());
    handler.run(&mut world, ());
    handler.run(&mut world, ());
    assert_eq!((*world.resource::<i64>(), &*world.resource::<Log>()[0]), (3, "10 true true"));
}

#[test]
fn a_struct_holds_more_than_a_tuple() {
    let mut world = world();
    let mut handler = (|mut ten: Ten, _: ()| {
        *ten.a += 1;
        *ten.i += 2;
        let all = [&ten.a, &ten.b, &ten.c, &ten.d, &ten.e, &ten.f, &ten.g, &ten.h, &ten.i];
        *ten.j += all.iter().map(|local| i64::from(***local)).sum::<i64>();
    })
    .into_handler(world.registry());
    handler.run(&mut world, ());
    handler.run(&mut world, ());
    assert_eq!(*world.resource::<i64>(), 9);
}

#[test]
fn the_library_may_go_by_another_name() {
    let mut world = world();
    (|mut renamed: Renamed, x: i64| *renamed.total = x).into_handler(world.registry()).run(&mut world, 4);
    assert_eq!(*world.resource::<i64>(), 4);
}

#[test]
fn structs_of_params_stand_in_chains() {
    let mut world = world();
    let mut chain = PipelineStart::<u64>::new().then(|named: Named, x: u64| x + *named.limit, world.registry()).build();
    assert_eq!(chain.run(&mut world, 1), 11);
}

/// Names as the derive itself might use them.
#[allow(non_upper_case_globals, dead_code, reason = "in the way of generated code, which must not see it")]
mod names_in_the_way {
    use nexus_rt::{Local, Param};

    static state: () = ();
    static registry: () = ();
    static state_0: () = ();

    #[derive(Param)]
    pub(super) struct Awkward<'__run, const dispatch: usize>(pub(super) Local<'__run, Option<[u8; dispatch]>>);
}

#[test]
fn generated_names_meet_none_of_the_users() {
    let mut world = world();
    let mut look =
        (|awkward: names_in_the_way::Awkward<3>, _: ()| assert_eq!(*awkward.0, None)).into_handler(world.registry());
    look.run(&mut world, ());
}

#[test]
fn what_is_missing_inside_is_reported_with_the_struct() {
    #[derive(Param)]
    struct Bundle<'w> {
        _there: Res<'w, u64>,
        _missing: Res<'w, u8>,
        _also: (ResMut<'w, u16>,),
    }
    fn use_it(_: Sequence, _: Bundle, _: ()) {}
    let world = world();
    let text = panic_of(|| use_it.into_handler(world.registry()));
    assert!(text.contains("parameter 2 (`Bundle`): no `u8` is registered"), "{text}");
    assert!(text.contains("parameter 2 (`Bundle`): no `u16` is registered"), "{text}");
}

/// As many fields as a blueprint takes.
#[derive(Param)]
#[expect(dead_code, reason = "that there are so many is the point")]
struct Sixteen<'w>(
    ResMut<'w, Log>,
    Res<'w, u64>,
    Option<Res<'w, u8>>,
    Option<Res<'w, u16>>,
    Option<Res<'w, u32>>,
    Option<Res<'w, i8>>,
    Option<Res<'w, i16>>,
    Option<Res<'w, i32>>,
    Option<Res<'w, f32>>,
    Option<Res<'w, f64>>,
    Option<Res<'w, char>>,
    Option<Res<'w, bool>>,
    Local<'w, u8>,
    Local<'w, u16>,
    Local<'w, u32>,
    Local<'w, u64>,
);

#[test]
fn a_group_of_sixteen_is_stamped_from_a_template() {
    nexus_rt::handler_blueprint!(Grouped, Event = u64, Params = (Sixteen<'static>,));
    let mut world = world();
    let template = nexus_rt::HandlerTemplate::<Grouped>::new(
        |mut group: Sixteen, x: u64| {
            *group.15 += *group.1 + x;
            let sum = *group.15;
            group.0.push(sum.to_string());
        },
        world.registry(),
    );
    let mut handler = template.generate();
    handler.run(&mut world, 1);
    handler.run(&mut world, 2);
    assert_eq!(*world.resource::<Log>(), ["11", "23"]);
}
