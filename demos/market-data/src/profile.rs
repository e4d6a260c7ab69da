//! `Profile`: the cost of each function; and `Measure`, which builds the feed with or without a profile.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nexus_gauge::{Board, Probe};
use nexus_rt::chain::Around;
use nexus_rt::plan::Plan;
use nexus_rt::{Describe, Handler, Sequence};
use serde_json::value::RawValue;

use crate::args::Threads;

/// How the feed is built: measured by a [`Profile`], or [`Unmeasured`].
pub trait Measure: Clone + Send + 'static {
    /// The measurement around a function.
    type Around: Around + Send + 'static;

    /// Creates the measurement of a function.
    fn around(&self, function: &dyn Describe) -> Self::Around;

    /// Wraps a handler.
    fn handler<E, H: Handler<E> + 'static>(&self, handler: H) -> impl Handler<E> + use<E, H, Self> + 'static;

    /// Wraps a handler of references.
    fn sink<E: 'static, H>(&self, handler: H) -> impl for<'e> Handler<&'e E> + use<E, H, Self> + 'static
    where
        H: for<'e> Handler<&'e E> + 'static;

    /// Notes a finished pipeline, in the order in which they run.
    fn built(&self, pipeline: &impl Describe);
}

/// Measures nothing.
#[derive(Clone, Copy, Debug)]
pub struct Unmeasured;

impl Around for Unmeasured {
    #[inline(always)]
    fn around<Out>(&mut self, _: Sequence, run: impl FnOnce() -> Out) -> Out {
        run()
    }
}

impl Measure for Unmeasured {
    type Around = Self;

    fn around(&self, _: &dyn Describe) -> Self {
        Self
    }

    fn handler<E, H: Handler<E> + 'static>(&self, handler: H) -> impl Handler<E> + use<E, H> + 'static {
        handler
    }

    fn sink<E: 'static, H>(&self, handler: H) -> impl for<'e> Handler<&'e E> + use<E, H> + 'static
    where
        H: for<'e> Handler<&'e E> + 'static,
    {
        handler
    }

    fn built(&self, _: &impl Describe) {}
}

/// The measurements of one thread.
#[derive(Clone, Default, Debug)]
pub struct Part {
    board: Board,
    plans: Arc<Mutex<Vec<Plan>>>,
}

impl Measure for Part {
    type Around = Probe;

    fn around(&self, function: &dyn Describe) -> Probe {
        self.board.probe(function)
    }

    fn handler<E, H: Handler<E> + 'static>(&self, handler: H) -> impl Handler<E> + use<E, H> + 'static {
        self.board.timed(handler)
    }

    fn sink<E: 'static, H>(&self, handler: H) -> impl for<'e> Handler<&'e E> + use<E, H> + 'static
    where
        H: for<'e> Handler<&'e E> + 'static,
    {
        self.board.timed(handler)
    }

    fn built(&self, pipeline: &impl Describe) {
        lock(&self.plans).push(pipeline.plan());
    }
}

/// The measurements of the two halves of a replay.
#[derive(Clone, Debug)]
pub struct Measures<M> {
    /// Decoding.
    pub(crate) decoding: M,
    /// Everything after it. On one thread, both halves share one measurement.
    pub(crate) dispatching: M,
}

impl Measures<Unmeasured> {
    /// Measures nothing, at no cost.
    pub(crate) const NONE: Self = Self { decoding: Unmeasured, dispatching: Unmeasured };
}

/// The cost of every function of a replay.
pub type Profile = Measures<Part>;

impl Profile {
    /// Creates the profile of a replay on this many threads. Each thread has its own table.
    pub fn new(threads: Threads) -> Self {
        let decoding = Part::default();
        let dispatching = if threads == Threads::One { decoding.clone() } else { Part::default() };
        Self { decoding, dispatching }
    }

    /// Returns the parts: one, or with two threads, both.
    fn parts(&self) -> impl Iterator<Item = (&'static str, &Part)> {
        let Self { decoding, dispatching } = self;
        let is_one = Arc::ptr_eq(&decoding.plans, &dispatching.plans);
        let both = [("decoding thread", decoding), ("dispatching thread", dispatching)];
        if is_one { vec![("profile", dispatching)] } else { both.to_vec() }.into_iter()
    }

    /// Returns the plan of the functions that ran, each with its cost.
    pub fn plan(&self) -> Plan {
        let mut plans = Vec::new();
        for (_, part) in self.parts() {
            let mut own = lock(&part.plans).clone();
            own.iter_mut().for_each(|plan| part.board.annotate(plan));
            plans.extend(own);
        }
        let mut plans = plans.into_iter();
        let mut whole = plans.next().expect("a replay has built its pipelines");
        whole.name = "market-data".into();
        whole.nodes.extend(plans.flat_map(|plan| plan.nodes));
        whole
    }

    /// Returns the figures as JSON: an object for each thread.
    pub(crate) fn json(&self) -> Box<RawValue> {
        let boards: Vec<String> = self.parts().map(|(_, part)| part.board.json()).collect();
        RawValue::from_string(format!("[{}]", boards.join(","))).expect("a board is JSON")
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts().try_for_each(|(name, part)| {
            writeln!(f, "\n  {name}")?;
            part.board.table().lines().try_for_each(|line| writeln!(f, "  {line}"))
        })
    }
}

/// Locks the plans. A poisoned lock is fine, since no change of them can panic halfway.
fn lock(plans: &Mutex<Vec<Plan>>) -> MutexGuard<'_, Vec<Plan>> {
    plans.lock().unwrap_or_else(PoisonError::into_inner)
}
