//! Chains against the same logic as plain Rust, one step at a time: the walks in `chain_walks.rs` and the fuzz target
//! use it.
//!
//! A chain's type is fixed when it is compiled, so a random chain is a random walk over pipelines of one combinator
//! each: after every step the value is compared with what `Option` and `Result` themselves make of it.

use nexus_rt::{PipelineStart, Registry, Res, ResMut, World, WorldBuilder};

/// What flows along a random chain.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Plain(u64),
    Option(Option<u64>),
    Result(Result<u64, u64>),
    Bool(bool),
}

/// A resource that the functions read, and one that they write.
pub(crate) struct Bias(pub(crate) u64);
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Seen(pub(crate) Vec<u64>);

pub(crate) fn world(bias: u64) -> World {
    let mut builder = WorldBuilder::new();
    builder.register(Bias(bias));
    builder.register_default::<Seen>();
    builder.build()
}

pub(crate) fn add(bias: Res<Bias>, x: u64) -> u64 {
    x.wrapping_mul(3).wrapping_add(bias.0)
}

pub(crate) fn add_ref(bias: Res<Bias>, x: &u64) -> u64 {
    add(bias, *x)
}

pub(crate) fn odd(bias: Res<Bias>, x: &u64) -> bool {
    (*x ^ bias.0) & 1 == 1
}

pub(crate) fn see(mut seen: ResMut<Seen>, x: &u64) {
    seen.0.push(*x);
}

pub(crate) fn option(bias: Res<Bias>, x: u64) -> Option<u64> {
    x.checked_sub(bias.0)
}

pub(crate) fn result(bias: Res<Bias>, x: &u64) -> Result<u64, u64> {
    if x.is_multiple_of(3) { Err(*x ^ bias.0) } else { Ok(*x / 2) }
}

pub(crate) fn make(bias: Res<Bias>) -> u64 {
    bias.0 ^ 0x55
}

pub(crate) fn ask(bias: Res<Bias>) -> bool {
    bias.0 % 3 == 1
}

/// The same functions without a world.
pub(crate) struct Plain {
    pub(crate) bias: u64,
    pub(crate) seen: Vec<u64>,
}

impl Plain {
    pub(crate) fn add(&self, x: u64) -> u64 {
        x.wrapping_mul(3).wrapping_add(self.bias)
    }
    pub(crate) fn odd(&self, x: u64) -> bool {
        (x ^ self.bias) & 1 == 1
    }
    fn option(&self, x: u64) -> Option<u64> {
        x.checked_sub(self.bias)
    }
    pub(crate) fn result(&self, x: u64) -> Result<u64, u64> {
        if x.is_multiple_of(3) { Err(x ^ self.bias) } else { Ok(x / 2) }
    }
    fn make(&self) -> u64 {
        self.bias ^ 0x55
    }
    pub(crate) fn ask(&self) -> bool {
        self.bias % 3 == 1
    }
}

/// Runs one pipeline of one combinator.
macro_rules! run {
    ($world:ident, $input:expr, |$start:ident: $In:ty, $reg:ident| $chain:expr) => {{
        let $reg: &Registry = $world.registry();
        let $start = PipelineStart::<$In>::new();
        let mut pipeline = $chain.build();
        pipeline.run($world, $input)
    }};
}

/// What a step gave: by the library and by plain Rust.
type Both = (Value, Value);

type O = Option<u64>;
type R = Result<u64, u64>;

/// One step of a random chain.
pub(crate) fn step(world: &mut World, plain: &mut Plain, value: Value, choice: u8) -> Both {
    use Value::{Bool, Option as Opt, Plain as P, Result as Res};
    match value {
        P(x) => step_from_plain(world, plain, x, choice),
        Opt(o) => step_from_option(world, plain, o, choice),
        Res(v) => step_from_result(world, plain, v, choice),
        Bool(b) => step_from_bool(world, plain, b, choice),
    }
}

fn step_from_plain(world: &mut World, plain: &mut Plain, x: u64, choice: u8) -> Both {
    use Value::{Bool, Option as Opt, Plain as P, Result as Res};
    match choice % 11 {
        0 => (P(run!(world, x, |c: u64, r| c.then(add, r))), P(plain.add(x))),
        1 => (P(run!(world, x, |c: u64, r| c.then(add_ref, r))), P(plain.add(x))),
        2 => (Opt(run!(world, x, |c: u64, r| c.guard(odd, r))), Opt(Some(x).filter(|x| plain.odd(*x)))),
        3 => (Opt(run!(world, x, |c: u64, r| c.then(option, r))), Opt(plain.option(x))),
        4 => (Res(run!(world, x, |c: u64, r| c.then(result, r))), Res(plain.result(x))),
        5 => (Bool(run!(world, x, |c: u64, r| c.then(odd, r))), Bool(plain.odd(x))),
        6 => {
            plain.seen.push(x);
            (P(run!(world, x, |c: u64, r| c.tap(see, r))), P(x))
        }
        7 => {
            plain.seen.push(x);
            (P(run!(world, x, |c: u64, r| c.tee(|t| t.then(see, r)))), P(x))
        }
        8 => {
            let routed = run!(world, x, |c: u64, r| c.route(|k| k
                .case(odd, r, |a| a.then(add, r))
                .case(|x: &u64| *x > 1000, r, |a| a.then(|x: u64| x / 3, r))
                .or(|a| a.then(|x: &u64| *x + 1, r))));
            let expected = match x {
                x if plain.odd(x) => plain.add(x),
                x if x > 1000 => x / 3,
                x => x + 1,
            };
            (P(routed), P(expected))
        }
        9 => {
            let forked = run!(world, x, |c: u64, r| c
                .fork()
                .arm(|a| a.then(add_ref, r))
                .arm(|a| a.then(result, r).ok())
                .arm(|a| a.then(see, r))
                .merge(|a: &u64, b: &O, (): &()| a.wrapping_add(b.unwrap_or(5)), r));
            plain.seen.push(x);
            (P(forked), P(plain.add(x).wrapping_add(plain.result(x).ok().unwrap_or(5))))
        }
        _ => {
            let splat = run!(world, x, |c: u64, r| c
                .then(|x: u64| (x, x ^ 1), r)
                .splat()
                .then(|b: nexus_rt::Res<Bias>, x: u64, y: u64| x.wrapping_mul(y) ^ b.0, r));
            (P(splat), P(x.wrapping_mul(x ^ 1) ^ plain.bias))
        }
    }
}

fn step_from_option(world: &mut World, plain: &mut Plain, o: O, choice: u8) -> Both {
    use Value::{Option as Opt, Plain as P, Result as Res};
    match choice % 10 {
        0 => (Opt(run!(world, o, |c: O, r| c.map(add, r))), Opt(o.map(|x| plain.add(x)))),
        1 => (Opt(run!(world, o, |c: O, r| c.map(add_ref, r))), Opt(o.map(|x| plain.add(x)))),
        2 => (Opt(run!(world, o, |c: O, r| c.and_then(option, r))), Opt(o.and_then(|x| plain.option(x)))),
        3 => (Opt(run!(world, o, |c: O, r| c.filter(odd, r))), Opt(o.filter(|x| plain.odd(*x)))),
        4 => (Res(run!(world, o, |c: O, r| c.ok_or(9).map(add, r))), Res(o.ok_or(9).map(|x| plain.add(x)))),
        5 => (Res(run!(world, o, |c: O, r| c.ok_or_else(make, r))), Res(o.ok_or_else(|| plain.make()))),
        6 => (P(run!(world, o, |c: O, r| c.unwrap_or(4).then(add, r))), P(plain.add(o.unwrap_or(4)))),
        7 => (P(run!(world, o, |c: O, r| c.unwrap_or_else(make, r))), P(o.unwrap_or_else(|| plain.make()))),
        8 => {
            plain.seen.extend(o);
            (Opt(run!(world, o, |c: O, r| c.inspect(see, r))), Opt(o))
        }
        _ => {
            plain.seen.extend(o.is_none().then_some(0));
            (Opt(run!(world, o, |c: O, r| c.on_none(|mut seen: ResMut<Seen>| seen.0.push(0), r))), Opt(o))
        }
    }
}

fn step_from_result(world: &mut World, plain: &mut Plain, v: R, choice: u8) -> Both {
    use Value::{Option as Opt, Plain as P, Result as Res};
    match choice % 11 {
        0 => (Res(run!(world, v, |c: R, r| c.map(add, r))), Res(v.map(|x| plain.add(x)))),
        1 => (Res(run!(world, v, |c: R, r| c.and_then(result, r))), Res(v.and_then(|x| plain.result(x)))),
        2 => (Res(run!(world, v, |c: R, r| c.map_err(add_ref, r))), Res(v.map_err(|e| plain.add(e)))),
        3 => (Res(run!(world, v, |c: R, r| c.or_else(result, r))), Res(v.or_else(|e| plain.result(e)))),
        4 => {
            plain.seen.extend(v.err());
            (Opt(run!(world, v, |c: R, r| c.catch(see, r))), Opt(v.ok()))
        }
        5 => {
            plain.seen.extend(v.ok());
            (Res(run!(world, v, |c: R, r| c.inspect(see, r))), Res(v))
        }
        6 => {
            plain.seen.extend(v.err());
            (Res(run!(world, v, |c: R, r| c.inspect_err(see, r))), Res(v))
        }
        7 => (Opt(run!(world, v, |c: R, r| c.ok().map(add, r))), Opt(v.ok().map(|x| plain.add(x)))),
        8 => (P(run!(world, v, |c: R, r| c.unwrap_or(4).then(add, r))), P(plain.add(v.unwrap_or(4)))),
        9 => (P(run!(world, v, |c: R, r| c.unwrap_or_else(add, r))), P(v.unwrap_or_else(|e| plain.add(e)))),
        _ => {
            let cloned = run!(world, v.as_ref().map_err(|e| *e), |c: Result<&u64, u64>, r| c.cloned().map(add, r));
            (Res(cloned), Res(v.map(|x| plain.add(x))))
        }
    }
}

fn step_from_bool(world: &mut World, plain: &mut Plain, b: bool, choice: u8) -> Both {
    use Value::{Bool, Option as Opt, Plain as P};
    match choice % 5 {
        0 => (Bool(run!(world, b, |c: bool, r| c.not().and(ask, r))), Bool(!b && plain.ask())),
        1 => (Bool(run!(world, b, |c: bool, r| c.or(ask, r))), Bool(b || plain.ask())),
        2 => (Bool(run!(world, b, |c: bool, r| c.xor(ask, r))), Bool(b ^ plain.ask())),
        3 => (Opt(run!(world, b, |c: bool, r| c.then(|b: bool| b.then_some(7), r))), Opt(b.then_some(7))),
        _ => (P(run!(world, b, |c: bool, r| c.then(u64::from, r))), P(u64::from(b))),
    }
}
