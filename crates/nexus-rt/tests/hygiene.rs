//! What `#[derive(Param)]` and the macros write meets no name of the crate that uses them, and none of its lints.
#![deny(warnings, missing_docs, missing_debug_implementations, unreachable_pub, future_incompatible)]
#![deny(unused, unused_lifetimes, unused_qualifications, single_use_lifetimes, nonstandard_style, rust_2018_idioms)]
#![deny(elided_lifetimes_in_paths, explicit_outlives_requirements, non_local_definitions, trivial_casts, deprecated)]
#![deny(clippy::all)]
#![forbid(unsafe_code)]
#![cfg(feature = "derive")]

// A crate may know another one by this name.
#[expect(unused_extern_crates, reason = "only that it is there counts")]
extern crate self as core;

use nexus_rt::{Handler, IntoHandler, Local, Param, ResMut, World, WorldBuilder};

fn world() -> World {
    let mut builder = WorldBuilder::new();
    builder.register(1_u64);
    builder.build()
}

/// A param, and that it runs beside what is in scope.
macro_rules! derived {
    ($in_the_way:expr) => {
        #[derive(nexus_rt::Param)]
        struct Bundle<'w>(nexus_rt::ResMut<'w, u64>, nexus_rt::Local<'w, u64>, #[param(ignore)] u8);

        #[test]
        fn is_not_read() {
            let mut world = crate::world();
            let handler = |mut bundle: Bundle<'_>, event: u64| {
                *bundle.1 += event;
                *bundle.0 += *bundle.1 + u64::from(bundle.2);
            };
            nexus_rt::Handler::run(&mut nexus_rt::IntoHandler::into_handler(handler, world.registry()), &mut world, 3);
            assert_eq!(*world.resource::<u64>(), 4);
            let _ = $in_the_way;
        }
    };
}

/// Every name that the derive writes, as everything that such a name may be in the scope of the struct.
macro_rules! in_the_way {
    ($($module:ident: $name:ident)*) => {$(
        mod $module {
            mod constant {
                #[expect(non_upper_case_globals, reason = "it is in the way")]
                const $name: i32 = 1;
                derived!($name);
            }

            mod variable {
                #[expect(non_upper_case_globals, reason = "it is in the way")]
                static $name: i32 = 1;
                derived!($name);
            }

            mod unit_struct {
                #[expect(non_camel_case_types, reason = "it is in the way")]
                struct $name;
                derived!($name);
            }

            mod variant {
                #[expect(non_camel_case_types, reason = "it is in the way")]
                enum Kind {
                    $name,
                }
                use Kind::*;
                derived!($name);
            }

            mod function {
                #[allow(non_snake_case, reason = "one of the names is that of a type")]
                fn $name() {}
                derived!($name());
            }

            mod own {
                #[expect(non_camel_case_types, reason = "it is in the way")]
                #[derive(nexus_rt::Param)]
                struct $name<'w>(#[expect(dead_code, reason = "only the type counts")] nexus_rt::Res<'w, u8>);

                #[expect(non_camel_case_types, reason = "it is in the way")]
                #[derive(nexus_rt::Param)]
                struct Typed<'w, $name: 'static>(
                    #[expect(dead_code, reason = "only the type counts")] nexus_rt::Res<'w, $name>,
                );

                #[expect(non_upper_case_globals, reason = "it is in the way")]
                #[derive(nexus_rt::Param)]
                struct Counted<'w, const $name: usize>(
                    #[expect(dead_code, reason = "only the type counts")] nexus_rt::Res<'w, [u8; $name]>,
                );

                #[test]
                fn is_a_name_like_others() {
                    fn is_param<P: nexus_rt::Param>() {}

                    is_param::<$name<'_>>();
                    is_param::<Typed<'_, u8>>();
                    is_param::<Counted<'_, 3>>();
                }
            }
        }
    )*};
}

in_the_way! {
    registry: __nexus_rt_registry
    report: __nexus_rt_report
    list: __nexus_rt_list
    visit: __nexus_rt_visit
    dispatch: __nexus_rt_dispatch
    state: __nexus_rt_state
    tick: __nexus_rt_tick
    kept: __nexus_rt_State
    fresh: __nexus_rt_fresh
    value: __nexus_rt_Value
}

#[test]
fn lifetimes_go_by_any_name() {
    #[derive(Param)]
    struct Own<'__nexus_rt_run, '__nexus_rt_any: '__nexus_rt_run> {
        read: ResMut<'__nexus_rt_run, u64>,
        own: Local<'__nexus_rt_any, u64>,
    }

    type Hook = for<'__nexus_rt_any> fn(&'__nexus_rt_any u8) -> &'__nexus_rt_any u8;

    #[expect(clippy::type_complexity, reason = "its lifetime is spelt out")]
    #[derive(Param)]
    struct Inside<'w> {
        alias: Local<'w, Option<Hook>>,
        spelt: Local<'w, Option<for<'__nexus_rt_run> fn(&'__nexus_rt_run u8) -> &'__nexus_rt_run u8>>,
    }

    let mut world = world();
    let mut count = (|mut own: Own<'_, '_>, inside: Inside<'_>, (): ()| {
        *own.own += 1;
        *own.read += *own.own + u64::from(inside.alias.is_some()) + u64::from(inside.spelt.is_some());
    })
    .into_handler(world.registry());
    count.run(&mut world, ());
    count.run(&mut world, ());
    assert_eq!(*world.resource::<u64>(), 4);
}

/// A module whose every name is one of the standard library or of this one, without those that are always there.
mod without_a_prelude {
    #![no_implicit_prelude]
    #![expect(dead_code, reason = "names that are in the way")]

    struct Option;
    struct Some;
    struct None;
    struct Box;
    struct FnMut;
    struct Clone;
    struct Copy;
    struct Send;
    struct Default;
    struct PhantomData;
    struct Registry;
    struct Report;
    struct State;
    struct Item;
    struct FanOut;
    struct FlatVirtual;
    struct FlexVirtual;
    struct Blueprint;
    mod std {}
    mod core {}
    mod nexus_rt {}

    #[derive(::nexus_rt::Param)]
    struct Bundle<'w, N: 'static, T: 'static, const M: usize> {
        sum: ::nexus_rt::ResMut<'w, u64>,
        absent: ::std::option::Option<::nexus_rt::Res<'w, [(N, T); M]>>,
        #[param(ignore)]
        of: ::std::marker::PhantomData<(N, T)>,
    }

    struct N;
    struct M;

    // Params that are named like what is in every prelude.
    #[expect(clippy::type_complexity, reason = "all of them are in one field")]
    #[derive(::nexus_rt::Param)]
    struct Named<'w, Option: 'static, Some: 'static, FnMut: 'static, const OK: usize>(
        ::std::option::Option<::nexus_rt::Res<'w, (Option, Some, FnMut, [u8; OK])>>,
    );

    ::nexus_rt::handler_blueprint!(OnEvent, Event = u64, Params = (Bundle<'static, N, M, 2>));
    ::nexus_rt::callback_blueprint!(
        OnEventWith,
        Context = u64,
        Event = u64,
        Params = (Bundle<'static, N, M, 2>, Named<'static, N, N, N, 1>),
    );

    #[::std::prelude::v1::test]
    fn macros_name_what_they_mean() {
        use ::nexus_rt::{Handler as _, IntoHandler as _};
        use ::std::{assert, assert_eq};

        fn add(mut bundle: Bundle<'_, N, M, 2>, event: u64) {
            *bundle.sum += event + ::std::convert::Into::<u64>::into(bundle.absent.is_some());
        }
        fn lent(bundle: Bundle<'_, N, M, 2>, event: &u64) {
            add(bundle, *event);
        }
        fn with(ctx: &mut u64, bundle: Bundle<'_, N, M, 2>, named: Named<'_, N, N, N, 1>, event: u64) {
            assert!(named.0.is_none());
            add(bundle, event + *ctx);
        }

        let mut builder = ::nexus_rt::WorldBuilder::new();
        builder.register(0_u64);
        let mut world = builder.build();
        let registry = world.registry();
        let mut stamped = ::nexus_rt::HandlerTemplate::<OnEvent>::new(add, registry).generate();
        let mut called = ::nexus_rt::CallbackTemplate::<OnEventWith>::new(with, registry).generate(1);
        let mut fan = ::nexus_rt::fan_out!(lent.into_handler(registry), lent.into_handler(registry));
        stamped.run(&mut world, 1);
        called.run(&mut world, 10);
        fan.run(&mut world, 100);
        assert_eq!(*world.resource::<u64>(), 212);
        #[cfg(feature = "smartptr")]
        {
            let registry = world.registry();
            let mut flat: ::nexus_rt::FlatVirtual<u64> = ::nexus_rt::flat!(add.into_handler(registry));
            let mut flex: ::nexus_rt::FlexVirtual<u64> = ::nexus_rt::flex!(add.into_handler(registry));
            flat.run(&mut world, 1_000);
            flex.run(&mut world, 1_000);
            assert_eq!(*world.resource::<u64>(), 2_212);
        }
    }
}
