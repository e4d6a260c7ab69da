//! `#[derive(Param)]`.

use std::marker::PhantomData;

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

/// With fields that are no params, in between, and a type that only they name.
#[derive(Param)]
struct Collecting<'w, T: ?Sized + 'static> {
    #[param(ignore)]
    of: PhantomData<T>,
    limit: Res<'w, u64>,
    #[param(ignore)]
    found: Vec<u64>,
    runs: Local<'w, u8>,
}

#[derive(Param)]
struct Between<'w>(Res<'w, u64>, #[param(ignore)] Option<&'w str>, ResMut<'w, i64>);

#[derive(Param)]
struct Ignored(#[param(ignore)] u8);

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
fn ignored_fields_are_fresh_in_each_run() {
    fn use_all(mut all: Collecting<str>, mut between: Between, mut ignored: Ignored, x: u64) {
        let Collecting { of: PhantomData, limit, found, runs } = &mut all;
        found.push(x.min(**limit));
        (**runs, ignored.0) = (**runs + 1, ignored.0 + 1);
        assert_eq!((found.as_slice(), between.1, ignored.0), (&[*between.0][..], None, 1));
        *between.2 = i64::from(**runs);
    }
    let mut world = world();
    let mut handler = use_all.into_handler(world.registry());
    handler.clone().run(&mut world, 20);
    handler.run(&mut world, 11);
    handler.run(&mut world, 12);
    assert_eq!(*world.resource::<i64>(), 2);
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

/// What a module keeps to itself, in a param that it offers.
mod offered {
    use nexus_rt::{Local, Param, Res, ResMut};

    struct Secret;

    #[derive(Param)]
    pub(super) struct Counter<'w, 's> {
        _secret: Option<Res<'w, Secret>>,
        pub(super) total: ResMut<'w, i64>,
        _scratch: Local<'s, Vec<Secret>>,
    }

    #[derive(Clone, Default)]
    struct Seen(i64);

    #[derive(Param)]
    pub(super) struct Remembers<'w>(Local<'w, Seen>, ResMut<'w, i64>);

    impl Remembers<'_> {
        pub(super) fn see(&mut self, x: i64) {
            self.0.0 += x;
            *self.1 = self.0.0;
        }
    }
}

#[test]
fn a_public_param_may_be_made_of_private_types() {
    let mut world = world();
    let mut add = (|mut counter: offered::Counter, x: i64| *counter.total += x).into_handler(world.registry());
    add.run(&mut world, 4);
    assert_eq!(*world.resource::<i64>(), 4);
}

#[test]
fn a_handler_is_cloned_with_what_a_derived_param_keeps() {
    let mut world = world();
    let mut first = (|mut seen: offered::Remembers, x: i64| seen.see(x)).into_handler(world.registry());
    first.run(&mut world, 1);
    let mut second = first.clone();
    first.run(&mut world, 10);
    second.run(&mut world, 100);
    assert_eq!(*world.resource::<i64>(), 101);
}

#[test]
fn lengths_in_fields_are_any_expressions() {
    #[derive(Param)]
    struct Sized<'w, const N: usize>(
        ResMut<'w, [u8; if cfg!(test) { 2 } else { 3 }]>,
        Res<
            'w,
            [u16; {
                let even = [2, 4];
                even[1]
            }],
        >,
        Option<
            Res<
                'w,
                [u32; match 3 {
                    3 => 5,
                    _ => 6,
                }],
            >,
        >,
        Option<Res<'w, [u64; N]>>,
    );
    let mut builder = nexus_rt::WorldBuilder::new();
    builder.register([0_u8; 2]);
    builder.register([7_u16; 4]);
    let mut world = builder.build();
    let mut look = (|mut sized: Sized<8>, x: u8| {
        sized.0[1] = x + u8::try_from(sized.1[3]).unwrap();
        assert!(sized.2.is_none() && sized.3.is_none());
    })
    .into_handler(world.registry());
    look.run(&mut world, 1);
    assert_eq!(*world.resource::<[u8; 2]>(), [0, 8]);
}

#[test]
fn fields_of_any_name_that_are_there_under_conditions_and_come_from_macros() {
    macro_rules! read {
        ($lifetime:lifetime) => {
            Res<$lifetime, u64>
        };
    }
    macro_rules! group {
        ($name:ident<$lifetime:lifetime> { $($(#[$attribute:meta])* $field:ident: $type:ty,)* }) => {
            #[derive(Param)]
            struct $name<$lifetime> {
                $($(#[$attribute])* $field: $type,)*
                r#macro: read!($lifetime),
            }
        };
    }
    group!(r#Self_<'r#async> {
        r#fn: ResMut<'r#async, i64>,
        #[cfg(any())]
        absent: NoSuchType,
        #[cfg(all())]
        r#self_: read!('r#async),
    });
    let mut world = world();
    let mut add = (|mut group: Self_, x: u64| *group.r#fn += i64::try_from(x + *group.self_ + *group.r#macro).unwrap())
        .into_handler(world.registry());
    add.run(&mut world, 1);
    assert_eq!(*world.resource::<i64>(), 21);
}

#[test]
fn a_number_may_be_named_like_a_type() {
    #[derive(Clone, Copy, Default)]
    struct N;

    #[derive(Param)]
    struct Row<'w, const N: usize>(ResMut<'w, [u8; N]>);

    let mut builder = nexus_rt::WorldBuilder::new();
    builder.register([0_u8; 3]);
    builder.register(N);
    let mut world = builder.build();
    (|mut row: Row<3>, _: N| row.0[2] = 1).into_handler(world.registry()).run(&mut world, N);
    assert_eq!(*world.resource::<[u8; 3]>(), [0, 0, 1]);
}

#[test]
fn lifetimes_and_bounds_stay_as_they_are() {
    #[derive(Param)]
    struct Bounded<'w, 's: 'w, T: 's + Send = u64>(Res<'w, T>, Local<'s, Option<T>>)
    where
        T: 'static + Clone,
        Option<T>: PartialEq<Option<T>>;

    type Hook = for<'a> fn(&'a u8) -> &'a u8;

    #[derive(Param)]
    struct Hooks<'w>(Local<'w, Option<Hook>>, Local<'w, Option<Hook>>);

    fn use_them(mut bounded: Bounded, hooks: Hooks, mut log: ResMut<Log>, _: ()) {
        log.push(format!("{} {}", *bounded.1 == Some(*bounded.0), hooks.0.is_none() && hooks.1.is_none()));
        *bounded.1 = Some(*bounded.0);
    }
    let mut world = world();
    let mut handler = use_them.into_handler(world.registry()).clone();
    handler.run(&mut world, ());
    handler.run(&mut world, ());
    assert_eq!(*world.resource::<Log>(), ["false true", "true true"]);
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
