//! `Timed`: a handler that is measured.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use nexus_rt::chain::{Around, Input, Surrounded};
use nexus_rt::plan::Visitor;
use nexus_rt::scheduler::System;
use nexus_rt::{Describe, Handler, Pipeline, Sequence, World};

use crate::meter::Meter;
use crate::now::Now;

/// A handler or a system that is measured. It runs and describes itself like the one inside.
///
/// [`Board::timed`](crate::Board::timed), [`Board::sampled`](crate::Board::sampled) and the methods of
/// [`Named`](crate::Named) return one. [`into_pipeline`](Self::into_pipeline) turns a measured pipeline into a pipeline
/// again. Anything else runs by [`measure`](Self::measure).
///
/// A run that panics is counted but not timed. Clones share one meter, so they must run on one thread.
#[derive(Clone, Debug)]
#[must_use = "a handler does nothing until it is run"]
pub struct Timed<H> {
    inner: H,
    probe: Probe,
}

impl<H> Timed<H> {
    pub(crate) fn new(inner: H, probe: Probe) -> Self {
        Self { inner, probe }
    }

    pub(crate) fn into_probe(self) -> Probe {
        self.probe
    }

    /// Returns the meter.
    #[must_use]
    pub fn meter(&self) -> &Meter {
        &self.probe.meter
    }

    /// Returns the handler inside.
    #[must_use]
    pub fn inner(&self) -> &H {
        &self.inner
    }

    /// Returns the handler inside mutably, for example to fill the buffer of a batch: see [`measure`](Self::measure).
    /// Runs started through this reference are not measured.
    pub fn inner_mut(&mut self) -> &mut H {
        &mut self.inner
    }

    /// Measures one run of something that is neither a handler nor a system, such as a batch.
    ///
    /// ```
    /// use nexus_gauge::Board;
    /// use nexus_rt::{PipelineStart, ResMut, WorldBuilder};
    ///
    /// let mut builder = WorldBuilder::new();
    /// builder.register(0_u64);
    /// let mut world = builder.build();
    /// let sum = |mut sum: ResMut<u64>, x: u64| *sum += x;
    /// let batch = PipelineStart::<u64>::new().then(sum, world.registry()).build_batch(64);
    ///
    /// let board = Board::new();
    /// let mut batch = board.named("sums").timed(batch);
    /// batch.inner_mut().input_mut().extend([1, 2, 3]);
    /// batch.measure(&mut world, |batch, world| batch.run(world));
    /// assert_eq!((*world.resource::<u64>(), batch.meter().runs()), (6, 1));
    /// ```
    #[inline]
    pub fn measure<Out>(&mut self, world: &mut World, run: impl FnOnce(&mut H, &mut World) -> Out) -> Out {
        let Self { inner, probe } = self;
        probe.around(world.current_sequence(), || run(inner, world))
    }
}

impl<In: ?Sized, S: Describe, C, K: Input<In>> Timed<Pipeline<In, S, C, K>> {
    /// Returns a measured pipeline that is a pipeline again: for the chain of a connection, or for one with an output.
    ///
    /// ```
    /// use nexus_gauge::Board;
    /// use nexus_rt::{PipelineStart, WorldBuilder};
    ///
    /// let mut world = WorldBuilder::new().build();
    /// let double = PipelineStart::<u64>::new().then(|x: u64| 2 * x, world.registry()).build();
    ///
    /// let board = Board::new();
    /// let mut double = board.named("double").timed(double).into_pipeline();
    /// assert_eq!(double.run(&mut world, 4), 8);
    /// assert_eq!(board.meters()[0].runs(), 1);
    /// ```
    pub fn into_pipeline(self) -> Pipeline<In, Surrounded<Probe, S>, C, K> {
        self.inner.around(self.probe)
    }
}

impl<H: Describe> Describe for Timed<H> {
    fn describe(&self, visitor: &mut dyn Visitor) {
        visitor.mark(self.probe.mark());
        self.inner.describe(visitor);
        visitor.mark(None);
    }
}

impl<E, H: Handler<E>> Handler<E> for Timed<H> {
    #[inline]
    #[track_caller]
    fn run(&mut self, world: &mut World, event: E) {
        self.measure(world, |handler, world| handler.run(world, event));
    }
}

impl<S: System> System for Timed<S> {
    #[inline]
    #[track_caller]
    fn run(&mut self, world: &mut World) -> bool {
        self.measure(world, System::run)
    }
}

/// Measures a function from around it: see [`Board::probe`](crate::Board::probe) and [`Timed::into_pipeline`].
#[derive(Clone, Debug)]
pub struct Probe {
    now: Arc<Now>,
    pub(crate) meter: Meter,
    /// One run in `mask + 1`, a power of two, is timed.
    mask: u64,
}

impl Probe {
    pub(crate) fn new(now: Arc<Now>, meter: Meter, every: u64) -> Self {
        Self { now, meter, mask: every - 1 }
    }
}

impl Around for Probe {
    #[inline]
    fn around<Out>(&mut self, sequence: Sequence, run: impl FnOnce() -> Out) -> Out {
        let Self { now, meter, mask } = self;
        let cells = &*meter.0;
        let runs = cells.runs.load(Ordering::Relaxed);
        cells.runs.store(runs.wrapping_add(1), Ordering::Relaxed);
        let is_timed = runs & *mask == 0;
        if is_timed || now.is_running() {
            return rarely(now, meter, sequence, is_timed, run);
        }
        let _running = now.begin(cells.mark, sequence, (0, 0));
        run()
    }

    fn mark(&self) -> Option<u64> {
        Some(self.meter.0.mark)
    }
}

/// A run that is timed, or within another one. Out of line, so that the others hold next to nothing while they run.
#[cold]
#[inline(never)]
fn rarely<Out>(now: &Now, meter: &Meter, sequence: Sequence, is_timed: bool, run: impl FnOnce() -> Out) -> Out {
    let (running, outer, _) = now.read();
    let _running = now.begin(meter.0.mark, sequence, (running, outer));
    if !is_timed {
        return run();
    }
    let start = Instant::now();
    let out = run();
    meter.0.latency.record(u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX));
    out
}
