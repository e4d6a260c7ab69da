//! The rows: which contenders are compared, and the budget of our time.

use bench::harness::{Budget, Contender, Row, Work};

use crate::contenders::{by_hand, gauge};

mod ours {
    pub(super) use crate::contenders::ours::library::*;
    pub(super) use crate::contenders::ours::{drivers, own};
}

mod peer {
    pub(super) use crate::contenders::peer::library::*;
    pub(super) use crate::contenders::peer_systems as own;
}

mod bevy {
    pub(super) use crate::contenders::bevy::{construction, handlers, handlers as chains, systems as own};
}

/// The names of the contenders in tables.
#[expect(non_upper_case_globals, reason = "they are named as the modules")]
mod name {
    /// Hand-written code.
    pub(super) const by_hand: &str = "by hand";
    /// The published nexus-rt 2.5.1.
    pub(super) const peer: &str = "2.5.1";
    pub(super) const bevy: &str = "bevy_ecs";
}

const HAND: &str = name::by_hand;
const PEER: &str = name::peer;

const fn budget(against: &'static str, at_most: f64, or_more: f64) -> Budget {
    Budget { against, at_most, or_more }
}

/// No slower than the published library, which keeps no change stamps.
const NO_SLOWER: Budget = budget(PEER, 1.05, 1.0);
/// As fast as hand-written code, or one cycle more if the whole run takes a few.
const AS_BY_HAND: Budget = budget(HAND, 1.05, 1.0);
const SIXTH_OF_BEVY: Budget = budget(name::bevy, 1.0 / 6.0, 0.0);
const DISPATCH: &[Budget] = &[AS_BY_HAND, NO_SLOWER, SIXTH_OF_BEVY];

fn contender<F: Fn() -> Box<dyn Work> + 'static>(name: &'static str, start: F) -> Contender {
    Contender { name, start: Box::new(start) }
}

fn row(group: &'static str, name: impl Into<String>, runs: u64, budgets: &[Budget]) -> Row {
    let (name, budgets, contenders) = (name.into(), budgets.into(), Vec::new());
    Row { group, name, runs, units: 1, calls: false, cold: false, contenders, budgets }
}

/// The rows of one group: a name, the function that does it, and its contenders besides ours. `@calls` marks rows whose
/// single calls are measured.
macro_rules! rows {
    ($group:literal, $runs:expr, $budgets:expr; $($name:literal $(@$calls:ident)?: $file:ident::$f:ident, $($who:ident)*;)*) => {
        vec![$({
            let mut row = row($group, $name, $runs, $budgets);
            $(row.$calls = true;)?
            row.contenders = vec![contender("ours", ours::$file::$f), $(contender(name::$who, $who::$file::$f)),*];
            row
        }),*]
    };
}

pub(crate) fn all() -> Vec<Row> {
    let dispatch = [handlers(), pipelines(), graphs(), batches(), fans(), templates()];
    let others = [construction(), systems(), drivers(), memory(), gauges()];
    dispatch.into_iter().chain(others).flatten().collect()
}

fn handlers() -> Vec<Row> {
    rows! { "handlers", 10_000, DISPATCH;
        "0 params, throughput": handlers::read_0, by_hand peer bevy;
        "1 param read, throughput" @calls: handlers::read_1, by_hand peer bevy;
        "2 params read, throughput": handlers::read_2, by_hand peer bevy;
        "3 params read, throughput": handlers::read_3, by_hand peer;
        "4 params read, throughput": handlers::read_4, by_hand peer bevy;
        "5 params read, throughput": handlers::read_5, by_hand peer;
        "6 params read, throughput": handlers::read_6, by_hand peer;
        "7 params read, throughput": handlers::read_7, by_hand peer;
        "8 params read, throughput": handlers::read_8, by_hand peer bevy;
        "1 param written, throughput" @calls: handlers::write_1, by_hand peer bevy;
        "2 params written, throughput": handlers::write_2, by_hand peer bevy;
        "3 params written, throughput": handlers::write_3, by_hand peer;
        "4 params written, throughput": handlers::write_4, by_hand peer bevy;
        "5 params written, throughput": handlers::write_5, by_hand peer;
        "6 params written, throughput": handlers::write_6, by_hand peer;
        "7 params written, throughput": handlers::write_7, by_hand peer;
        "8 params written, throughput": handlers::write_8, by_hand peer bevy;
        "1 param read and written, latency" @calls: handlers::chase_1, by_hand peer bevy;
        "2 params read and written, latency": handlers::chase_2, by_hand peer bevy;
        "3 params read and written, latency": handlers::chase_3, by_hand peer;
        "4 params read and written, latency": handlers::chase_4, by_hand peer bevy;
        "5 params read and written, latency": handlers::chase_5, by_hand peer;
        "6 params read and written, latency": handlers::chase_6, by_hand peer;
        "7 params read and written, latency": handlers::chase_7, by_hand peer;
        "8 params read and written, latency": handlers::chase_8, by_hand peer bevy;
        "2 params, 1 written" @calls: handlers::handler, by_hand peer bevy;
        "the same boxed" @calls: handlers::boxed, by_hand peer bevy;
        "callback" @calls: handlers::callback, by_hand peer;
        "callback boxed": handlers::boxed_callback, by_hand peer;
        "stamped from a template": templates::stamped_run, peer;
        "exclusive, two look-ups by type": handlers::exclusive, peer bevy;
        "RegistryRef, one look-up by type": handlers::registry, peer;
    }
}

fn pipelines() -> Vec<Row> {
    rows! { "pipelines", 10_000, DISPATCH;
        "3 bare steps, throughput" @calls: chains::bare_3, by_hand peer;
        "5 bare steps, throughput": chains::bare_5, by_hand peer;
        "10 bare steps, throughput": chains::bare_10, by_hand peer;
        "3 bare steps, latency": chains::bare_3_latency, by_hand peer;
        "10 bare steps, latency": chains::bare_10_latency, by_hand peer;
        "3 steps with params, throughput" @calls: chains::params_3, by_hand peer bevy;
        "5 steps with params, throughput": chains::params_5, by_hand peer;
        "10 steps with params, throughput": chains::params_10, by_hand peer;
        "3 steps with params, latency": chains::params_3_latency, by_hand peer;
        "10 steps with params, latency": chains::params_10_latency, by_hand peer;
        "6 steps over Option, taken": chains::option_taken, by_hand peer;
        "6 steps over Option, not taken": chains::option_not_taken, by_hand peer;
        "6 steps over Option, by turns": chains::option_mixed, by_hand peer;
        "5 steps over Result, taken": chains::result_taken, by_hand peer;
        "5 steps over Result, not taken": chains::result_not_taken, by_hand peer;
        "5 steps over Result, by turns": chains::result_mixed, by_hand peer;
    }
}

fn graphs() -> Vec<Row> {
    rows! { "DAGs", 10_000, DISPATCH;
        "line of 5" @calls: graphs::line, by_hand peer;
        "diamond" @calls: graphs::diamond, by_hand peer;
        "fork of 4" @calls: graphs::fork_4, by_hand peer;
        "fork within a fork": graphs::nested, by_hand peer;
    }
}

fn batches() -> Vec<Row> {
    const BUFFER: &[Budget] = &[budget(HAND, 1.05, 0.0), budget(PEER, 1.05, 0.0)];
    const SLICE: &[Budget] = &[budget(HAND, 1.35, 0.0)];
    let mut rows = Vec::new();
    for size in [10, 100, 1_000, 10_000] {
        macro_rules! of_size {
            ($name:literal, $budgets:expr, $calls:expr; $file:ident::$f:ident, $($who:ident)*) => {{
                let mut row = row("batches, per item", format!($name), (20_000 / size).max(4), $budgets);
                row.units = size;
                row.calls = $calls && size == 100;
                row.contenders = vec![
                    contender("ours", move || ours::$file::$f(size)),
                    $(contender(name::$who, move || $who::$file::$f(size))),*
                ];
                rows.push(row);
            }};
        }
        of_size!("slice of {size}", SLICE, false; own::slice, by_hand);
        of_size!("slice of {size}, with a param", SLICE, false; own::slice_with_param, by_hand);
        of_size!("buffer of {size}", BUFFER, true; batches::buffer, by_hand peer);
        of_size!("buffer of {size}, with a param", BUFFER, true; batches::buffer_with_param, by_hand peer);
        of_size!("{size} one by one", DISPATCH, true; batches::one_by_one, by_hand peer);
        of_size!("{size} one by one, with a param", DISPATCH, true; batches::one_by_one_with_param, by_hand peer);
    }
    rows
}

fn fans() -> Vec<Row> {
    const EITHER: &[Budget] = &[budget(HAND, 1.05, 1.0), NO_SLOWER];
    rows! { "fan-outs and adapters", 10_000, EITHER;
        "FanOut of 2" @calls: fans::fan_2, by_hand peer;
        "FanOut of 4": fans::fan_4, by_hand peer;
        "FanOut of 8": fans::fan_8, by_hand peer;
        "Broadcast to 2" @calls: fans::broadcast_2, by_hand peer;
        "Broadcast to 8": fans::broadcast_8, by_hand peer;
        "dispatch to a handler": fans::dispatch, by_hand peer;
        "Cloned": fans::cloned, by_hand peer;
        "ByRef": fans::by_ref, by_hand peer;
        "Adapt": fans::adapt, by_hand peer;
        "Owned, which allocates": fans::owned, by_hand peer;
        "CatchAssertUnwindSafe": fans::catch, by_hand peer;
    }
}

fn templates() -> Vec<Row> {
    const NO_MORE: &[Budget] = &[budget(PEER, 1.0, 1.0)];
    rows! { "templates", 2_000, NO_MORE;
        "generate, 1 param" @calls: templates::generate_1, peer;
        "generate, 2 params" @calls: templates::generate_2, peer;
        "generate, 4 params" @calls: templates::generate_4, peer;
        "generate, 8 params" @calls: templates::generate_8, peer;
        "generate with context, 2 params" @calls: templates::generate_ctx_2, peer;
        "generate with context, 4 params" @calls: templates::generate_ctx_4, peer;
        "an event that makes a handler by a template": templates::by_template, peer;
        "an event that makes one by the registry": templates::by_registry, peer;
    }
}

fn construction() -> Vec<Row> {
    const LESS: &[Budget] = &[budget(PEER, 0.6, 0.0)];
    rows! { "construction", 2_000, LESS;
        "into_handler, 1 param" @calls: construction::into_handler_1, peer bevy;
        "into_handler, 2 params" @calls: construction::into_handler_2, peer;
        "into_handler, 4 params" @calls: construction::into_handler_4, peer bevy;
        "into_handler, 8 params" @calls: construction::into_handler_8, peer;
        "then, 2 params" @calls: construction::then_2, peer;
    }
}

fn systems() -> Vec<Row> {
    rows! { "change detection and systems", 5_000, &[SIXTH_OF_BEVY, NO_SLOWER];
        "one writes by turns, one watches": own::watch, by_hand bevy;
        "inputs_changed, 4 params": own::inputs_changed, by_hand;
        "scheduler, 8 systems, no edges": own::flat, by_hand peer bevy;
        "scheduler, 8 systems in a line": own::line, by_hand peer bevy;
        "the same line as a pipeline": own::line_as_pipeline, by_hand peer;
        "scheduler, diamond of 4": own::diamond, by_hand peer bevy;
    }
}

/// Polls with due events, compared with the bare wheel, flags and raw mio with boxed closures.
fn drivers() -> Vec<Row> {
    rows! { "drivers", 1_000, &[];
        "a timer that repeats": drivers::one_repeating, by_hand;
        "100 timers that repeat": drivers::hundred_repeating, by_hand;
        "a poll with nothing due": drivers::nothing_due, by_hand;
        "a time-out pushed back, and the next deadline": drivers::pushed_back, by_hand;
        "1 of 1,000 reactors": drivers::one_of_thousand, by_hand;
        "100 of 1,000 reactors": drivers::hundred_of_thousand, by_hand;
        "16 sockets, a byte each": drivers::sockets, by_hand;
    }
}

/// Work that does not fit into the nearest caches or the branch predictors.
fn memory() -> Vec<Row> {
    const EASY: &[Budget] = &[budget(HAND, 1.05, 0.0), budget(PEER, 1.05, 0.0)];
    let mut rows = rows! { "memory", 20_000, EASY;
        "100 boxed handlers over 100 resources, at random": mix::hundred_boxed, by_hand peer;
    };
    let cold = rows! { "memory", 1, &[];
        "cold caches: handler, 4 params written": handlers::write_4, by_hand peer bevy;
        "cold caches: pipeline, 5 steps with params": chains::params_5, by_hand peer;
    };
    rows.extend(cold.into_iter().map(|row| Row { cold: true, ..row }));
    rows
}

/// The cost of a board on a handler. The bare handler takes the column of hand-written code.
fn gauges() -> Vec<Row> {
    /// Cycles of a time stamp counter of 2 to 3 GHz: 1 ns, 2 ns.
    const NANOSECOND: &[Budget] = &[budget(HAND, 1.0, 3.0)];
    const TWO: &[Budget] = &[budget(HAND, 1.0, 6.0)];
    type Start = fn() -> Box<dyn Work>;
    let rows: [(&str, Start, &[Budget]); 3] = [
        ("counted and watched", gauge::counted, NANOSECOND),
        ("1 run in 64 timed", gauge::sampled, TWO),
        ("every run timed", gauge::timed, &[]),
    ];
    let measured = rows.map(|(name, measured, budgets)| {
        let mut row = row("gauges", name, 10_000, budgets);
        row.contenders = vec![contender("ours", measured), contender(HAND, gauge::bare)];
        row
    });
    measured.into()
}
