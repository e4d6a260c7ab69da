//! `Board`: the meters and numbers of one loop.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nexus_rt::Describe;
use nexus_rt::plan::{Plan, Visitor};

use crate::meter::Meter;
use crate::now::Now;
use crate::number::Family;
use crate::timed::{Probe, Timed};

/// The meters and numbers of one loop.
///
/// The loop writes them, and any thread reads them. Clones are handles to one board.
///
/// ```
/// use nexus_gauge::Board;
/// use nexus_rt::{Describe, Handler, IntoHandler, ResMut, WorldBuilder};
///
/// fn count(mut total: ResMut<u64>, x: u64) {
///     *total += x;
/// }
///
/// let mut builder = WorldBuilder::new();
/// builder.register(0_u64);
/// let mut world = builder.build();
///
/// let board = Board::new();
/// let mut count = board.sampled(64, count.into_handler(world.registry()));
/// (0..128).for_each(|x| count.run(&mut world, x));
///
/// let meter = &board.meters()[0];
/// assert_eq!((meter.name(), meter.runs(), meter.latency().count()), ("count", 128, 2));
/// let mut plan = count.plan();
/// board.annotate(&mut plan);
/// assert!(plan.to_string().contains("128 runs"));
/// ```
///
/// Everything that one board measures must run on one thread. A program with several loops has a board for each.
#[derive(Clone, Default)]
pub struct Board(pub(crate) Arc<Shared>);

#[derive(Default)]
pub(crate) struct Shared {
    meters: Mutex<Meters>,
    families: Mutex<BTreeMap<String, Family>>,
    pub(crate) now: Arc<Now>,
}

#[derive(Default)]
struct Meters {
    all: Vec<Meter>,
    /// The names in use, each with the last number that was added to it.
    names: HashMap<String, u64>,
}

impl Meters {
    /// Returns this name, with a number if it is in use.
    fn free(&mut self, name: String) -> String {
        let Some(mut last) = self.names.get(&name).copied() else {
            self.names.insert(name.clone(), 1);
            return name;
        };
        let free = loop {
            last += 1;
            let numbered = format!("{name} #{last}");
            if !self.names.contains_key(&numbered) {
                break numbered;
            }
        };
        self.names.extend([(name, last), (free.clone(), 1)]);
        free
    }
}

impl Board {
    /// Creates an empty board.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Measures each run of a handler, a system or a pipeline: counts it and times it. The meter is named after the
    /// first function.
    ///
    /// The board keeps the meter, of about 8 KiB, even once the handler is gone. To measure handlers that come and go,
    /// such as one per connection, measure the one handler that runs them.
    ///
    /// The two readings of the clock take about 40 ns per run: see [`sampled`](Self::sampled).
    ///
    /// ```
    /// use nexus_gauge::Board;
    /// use nexus_rt::{Handler, IntoHandler, WorldBuilder};
    ///
    /// fn quote(_price: u64) {}
    ///
    /// let mut world = WorldBuilder::new().build();
    /// let board = Board::new();
    /// let mut quote = board.timed(quote.into_handler(world.registry()));
    /// [101, 102].map(|price| quote.run(&mut world, price));
    /// assert_eq!((quote.meter().name(), quote.meter().latency().count()), ("quote", 2));
    /// ```
    pub fn timed<H: Describe>(&self, handler: H) -> Timed<H> {
        self.sampled(1, handler)
    }

    /// Measures a handler as [`timed`](Self::timed) does, but times only the first of `every` runs.
    ///
    /// With 64, a good choice, the clock costs nearly nothing. All runs are counted, and a [watch](Self::watch) sees
    /// all of them. If the work of the handler repeats with that period, the same part of it is timed each time.
    ///
    /// ```
    /// use nexus_gauge::Board;
    /// use nexus_rt::{Handler, IntoHandler, WorldBuilder};
    ///
    /// fn quote(_price: u64) {}
    ///
    /// let mut world = WorldBuilder::new().build();
    /// let board = Board::new();
    /// let mut quote = board.sampled(4, quote.into_handler(world.registry()));
    /// (0..10).for_each(|price| quote.run(&mut world, price));
    /// assert_eq!((quote.meter().runs(), quote.meter().latency().count()), (10, 3));
    /// ```
    ///
    /// # Panics
    /// If `every` is not a power of two.
    #[track_caller]
    pub fn sampled<H: Describe>(&self, every: u64, handler: H) -> Timed<H> {
        self.measured(None, every, handler)
    }

    /// Names what is measured next: a closure, or one of two handlers of the same function.
    ///
    /// ```
    /// use nexus_gauge::Board;
    /// use nexus_rt::{IntoHandler, WorldBuilder};
    ///
    /// let world = WorldBuilder::new().build();
    /// let board = Board::new();
    /// let quotes = board.named("quotes").timed((|_: u64| {}).into_handler(world.registry()));
    /// assert_eq!(quotes.meter().name(), "quotes");
    /// ```
    pub fn named(&self, name: impl Into<String>) -> Named<'_> {
        Named { board: self, name: name.into() }
    }

    /// Measures one function of a pipeline, without the other steps. Pass it to `around_each`:
    ///
    /// ```
    /// use nexus_gauge::Board;
    /// use nexus_rt::{PipelineStart, WorldBuilder};
    ///
    /// fn double(x: u64) -> u64 {
    ///     2 * x
    /// }
    ///
    /// let mut world = WorldBuilder::new().build();
    /// let reg = world.registry();
    /// let board = Board::new();
    /// let chain = PipelineStart::<u64>::new().guard(|x: &u64| *x > 2, reg).map(double, reg);
    /// let chain = chain.build();
    /// let mut chain = chain.around_each(|function| board.probe(function));
    /// assert_eq!([2, 3].map(|x| chain.run(&mut world, x)), [None, Some(6)]);
    /// let [_, meter] = &board.meters()[..] else { unreachable!() };
    /// assert_eq!((meter.name(), meter.runs()), ("double", 1));
    /// ```
    pub fn probe(&self, function: &dyn Describe) -> Probe {
        struct Shown<'f>(&'f dyn Describe);
        impl Describe for Shown<'_> {
            fn describe(&self, visitor: &mut dyn Visitor) {
                self.0.describe(visitor);
            }
        }
        self.timed(Shown(function)).into_probe()
    }

    #[track_caller]
    fn measured<H: Describe>(&self, name: Option<String>, every: u64, handler: H) -> Timed<H> {
        assert!(every.is_power_of_two(), "one run in {every} cannot be timed: use a power of two, such as 64");
        // What a handler describes is code of the program, which may use the board.
        let name = name.unwrap_or_else(|| handler.plan().name);
        let functions = Meter::functions(&handler);
        let mut meters = lock(&self.0.meters);
        let meter = Meter::new(meters.free(name), functions);
        meters.all.push(meter.clone());
        Timed::new(handler, Probe::new(self.0.now.clone(), meter, every))
    }

    /// Returns the meters, in order of creation.
    #[must_use]
    pub fn meters(&self) -> Vec<Meter> {
        lock(&self.0.meters).all.clone()
    }

    /// Adds the figures so far to the functions of a plan: `p50 1.2 µs, p99 8.4 µs, 12,345 runs`.
    ///
    /// Each meter finds its own function, even if the plan shows one function twice. The note of a chain is at its
    /// first function and begins with the number of its functions.
    ///
    /// ```
    /// use nexus_gauge::Board;
    /// use nexus_rt::{Describe, Handler, IntoHandler, WorldBuilder};
    ///
    /// fn quote(_price: u64) {}
    ///
    /// let mut world = WorldBuilder::new().build();
    /// let board = Board::new();
    /// let mut quote = board.timed(quote.into_handler(world.registry()));
    /// quote.run(&mut world, 101);
    /// let mut plan = quote.plan();
    /// board.annotate(&mut plan);
    /// assert!(plan.to_string().contains("1 runs"));
    /// ```
    pub fn annotate(&self, plan: &mut Plan) {
        let meters = self.meters();
        let marked: HashMap<_, _> = meters.iter().map(|meter| (meter.0.mark, meter)).collect();
        plan.annotate(|function| marked.get(&function.mark?).map(|meter| meter.note()));
    }

    /// Returns the counters and gauges by name.
    pub(crate) fn families(&self) -> MutexGuard<'_, BTreeMap<String, Family>> {
        lock(&self.0.families)
    }
}

/// Ignores poisoning, since nothing panics halfway through a change of the locked data.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Board {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.meters()).finish()
    }
}

/// A name for the next meter of a board: see [`Board::named`].
#[derive(Clone, Debug)]
#[must_use = "it names what is measured by one of its methods"]
pub struct Named<'b> {
    board: &'b Board,
    name: String,
}

impl Named<'_> {
    /// Measures each run of a handler, as [`Board::timed`] does, under this name.
    ///
    /// ```
    /// use nexus_gauge::Board;
    /// use nexus_rt::{Handler, IntoHandler, WorldBuilder};
    ///
    /// let mut world = WorldBuilder::new().build();
    /// let board = Board::new();
    /// let mut quotes = board.named("quotes").timed((|_: u64| {}).into_handler(world.registry()));
    /// quotes.run(&mut world, 101);
    /// assert!(board.prometheus().contains("nexus_handler_runs_total{handler=\"quotes\"} 1\n"));
    /// ```
    pub fn timed<H: Describe>(self, handler: H) -> Timed<H> {
        self.sampled(1, handler)
    }

    /// Measures a handler and times one run in `every`, as [`Board::sampled`] does, under this name.
    ///
    /// ```
    /// use nexus_gauge::Board;
    /// use nexus_rt::{IntoHandler, WorldBuilder};
    ///
    /// let world = WorldBuilder::new().build();
    /// let board = Board::new();
    /// let quotes = board.named("quotes").sampled(64, (|_: u64| {}).into_handler(world.registry()));
    /// assert_eq!(quotes.meter().name(), "quotes");
    /// ```
    ///
    /// # Panics
    /// If `every` is not a power of two.
    #[track_caller]
    pub fn sampled<H: Describe>(self, every: u64, handler: H) -> Timed<H> {
        self.board.measured(Some(self.name), every, handler)
    }
}
