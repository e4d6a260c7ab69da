//! Random programs over several worlds, beside a model: handlers are made, run, cloned and moved, worlds are swapped,
//! replaced and dropped, and each run either has its effect or is refused. The fuzz target uses it too.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;
use std::thread;

use nexus_rt::registry::WorldId;
use nexus_rt::{
    DagStart, Describe, Handler, HandlerTemplate, IntoCallback, IntoHandler, Key, Local, PipelineStart, Registry, Res,
    ResMut, Virtual, World, WorldBuilder, handler_blueprint,
};

/// In a box, so that the sanitizer sees who looks at it too late.
struct Total(Box<u64>);

#[derive(Default)]
struct Log(Vec<u64>);

/// Handlers that live in a world, their own or another.
#[derive(Default)]
struct Parked(Vec<(Virtual<u64>, Twin)>);

/// What a handler does, and what the model knows of it.
#[derive(Clone, Copy)]
struct Twin {
    kind: u8,
    home: WorldId,
    /// How often it ran.
    runs: u64,
}

/// What a world holds.
#[derive(Clone, Copy, Default, PartialEq, Debug)]
struct Model {
    total: u64,
    logged: u64,
    /// All that was logged, mixed.
    log: u64,
    total_changed: bool,
    log_changed: bool,
}

impl Model {
    fn add(&mut self, x: u64) {
        self.total = self.total.wrapping_add(x);
        self.total_changed = true;
    }

    fn push(&mut self, x: u64) {
        (self.logged, self.log) = (self.logged + 1, self.log.wrapping_mul(31).wrapping_add(x));
        self.log_changed = true;
    }

    fn of(world: &World) -> Self {
        let now = world.current_sequence();
        let log = &world.resource::<Log>().0;
        Self {
            total: *world.resource::<Total>().0,
            logged: log.len() as u64,
            log: log.iter().fold(0, |mixed: u64, x| mixed.wrapping_mul(31).wrapping_add(*x)),
            total_changed: world.changed_at::<Total>() == now,
            log_changed: world.changed_at::<Log>() == now,
        }
    }
}

const KINDS: u8 = 9;
/// Leaves another world behind when the event is odd.
const REPLACES: u8 = 8;

handler_blueprint!(Stamped, Event = u64, Params = (ResMut<'static, Total>, Local<'static, u64>));

fn fresh() -> World {
    let mut builder = WorldBuilder::new();
    builder.register(Total(Box::new(0)));
    builder.register_default::<Log>();
    builder.register_default::<Parked>();
    builder.build()
}

fn add(mut total: ResMut<Total>, x: u64) {
    *total.0 = total.0.wrapping_add(x);
}

fn push(total: Res<Total>, mut log: ResMut<Log>, x: u64) {
    log.0.push(*total.0 ^ x);
}

fn read(total: Res<Total>, x: &u64) -> u64 {
    total.0.wrapping_add(*x)
}

fn make(kind: u8, reg: &Registry) -> Virtual<u64> {
    match kind {
        0 => Box::new(add.into_handler(reg)),
        1 => Box::new(push.into_handler(reg)),
        2 => Box::new(
            PipelineStart::<u64>::new()
                .then(read, reg)
                .guard(|x: &u64| x.is_multiple_of(2), reg)
                .map(push, reg)
                .build(),
        ),
        3 => Box::new(
            DagStart::<u64>::new()
                .root(|x: u64| x, reg)
                .fork()
                .arm(|a| a.then(read, reg))
                .arm(|a| a.cloned().then(add, reg))
                .merge(|mut log: ResMut<Log>, x: &u64, (): &()| log.0.push(*x), reg)
                .build(),
        ),
        4 => Box::new(
            (|runs: &mut Box<u64>, mut total: ResMut<Total>, x: u64| {
                **runs += 1;
                *total.0 = total.0.wrapping_add(x ^ **runs);
            })
            .into_callback(Box::new(0), reg),
        ),
        5 => Box::new((|world: &mut World, x: u64| *world.resource_mut::<Total>().0 ^= x).into_handler(reg)),
        6 => Box::new(
            HandlerTemplate::<Stamped>::new(
                |mut total: ResMut<Total>, mut runs: Local<u64>, x: u64| {
                    *runs += 1;
                    *total.0 = total.0.wrapping_add(x ^ *runs);
                },
                reg,
            )
            .generate(),
        ),
        // Away and back: nobody must notice.
        7 => Box::new(
            (|world: &mut World, x: u64| {
                let mut other = fresh();
                std::mem::swap(world, &mut other);
                *world.resource_mut::<Total>().0 = 99;
                std::mem::swap(world, &mut other);
                *world.resource_mut::<Total>().0 ^= x;
            })
            .into_handler(reg),
        ),
        _ => Box::new(
            (|world: &mut World, x: u64| {
                if x % 2 == 1 {
                    *world = fresh();
                }
            })
            .into_handler(reg),
        ),
    }
}

impl Twin {
    /// Whether an input was written during the sequence.
    fn inputs_changed(&self, model: &Model) -> bool {
        match self.kind {
            0 | 4 | 6 => false,
            1..4 => model.total_changed,
            _ => model.total_changed || model.log_changed,
        }
    }

    fn run(&mut self, model: &mut Model, x: u64) {
        self.runs += 1;
        match self.kind {
            0 => model.add(x),
            1 => model.push(model.total ^ x),
            2 if model.total.wrapping_add(x).is_multiple_of(2) => model.push(model.total ^ model.total.wrapping_add(x)),
            3 => {
                let read = model.total.wrapping_add(x);
                model.add(x);
                model.push(read);
            }
            4 | 6 => model.add(x ^ self.runs),
            5 | 7 => {
                model.total ^= x;
                model.total_changed = true;
            }
            _ => {}
        }
    }
}

/// Calls `f`, whose panics are expected and not printed; says whether it came back.
fn comes_back(f: impl FnOnce()) -> bool {
    thread_local! {
        static QUIET: Cell<bool> = const { Cell::new(false) };
    }
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let loud = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !QUIET.get() {
                loud(panic);
            }
        }));
    });
    let before = QUIET.replace(true);
    let outcome = catch_unwind(AssertUnwindSafe(f));
    QUIET.set(before);
    outcome.is_ok()
}

/// A program at work.
#[derive(Default)]
pub(crate) struct Program {
    worlds: Vec<(World, Model)>,
    handlers: Vec<(Virtual<u64>, Twin)>,
    keys: Vec<(Key<Total>, WorldId)>,
}

impl Program {
    /// One step, by four bytes, whatever they are.
    pub(crate) fn step(&mut self, [op, a, b, c]: [u8; 4]) {
        if self.worlds.is_empty() {
            self.worlds.push((fresh(), Model::default()));
        }
        let count = self.worlds.len();
        let (i, j) = (usize::from(a) % count, usize::from(b) % count);
        match op % 16 {
            0 if count < 5 => self.worlds.push((fresh(), Model::default())),
            0 => drop(self.worlds.swap_remove(i)),
            // The worlds change places, and their models with them.
            1 => self.worlds.swap(i, j),
            2 => self.worlds[i] = (fresh(), Model::default()),
            3 | 4 => {
                let (world, _) = &self.worlds[i];
                let twin = Twin { kind: b % KINDS, home: world.world_id(), runs: 0 };
                self.handlers.push((make(twin.kind, world.registry()), twin));
            }
            5 => {
                let (world, model) = &mut self.worlds[i];
                world.next_sequence();
                (model.total_changed, model.log_changed) = (false, false);
            }
            6 => self.park(i, b),
            7 => self.run_parked(i, c),
            8 => self.keys.push((self.worlds[i].0.key(), self.worlds[i].0.world_id())),
            9 => self.use_key(i, b, c),
            10 => self.ask_inputs(i, b),
            11 if i != j => self.run_inside(i, j, c),
            12 if !self.handlers.is_empty() => drop(self.handlers.swap_remove(usize::from(b) % self.handlers.len())),
            13 if c < 8 => self.run_on_another_thread(i, b, c),
            _ => self.run(i, b, c),
        }
        self.check(i % self.worlds.len().max(1));
    }

    /// Every value is where it should be.
    pub(crate) fn finish(&mut self) {
        (0..self.worlds.len()).for_each(|i| self.check(i));
    }

    fn check(&self, i: usize) {
        if let Some((world, model)) = self.worlds.get(i) {
            assert_eq!(Model::of(world), *model);
        }
    }

    fn run(&mut self, i: usize, pick: u8, x: u8) {
        if self.handlers.is_empty() {
            return;
        }
        let pick = usize::from(pick) % self.handlers.len();
        run(&mut self.handlers[pick], &mut self.worlds[i], u64::from(x));
    }

    fn run_on_another_thread(&mut self, i: usize, pick: u8, x: u8) {
        // Joined, so that nothing of the thread is left when the sanitizer looks for leaks.
        let outcome = thread::scope(|scope| scope.spawn(|| self.run(i, pick, x)).join());
        outcome.expect("what it asserts holds");
    }

    /// Runs a handler on one world from inside a handler of another, which holds a resource of its own.
    fn run_inside(&mut self, i: usize, j: usize, x: u8) {
        let Some(mut handler) = self.handlers.pop() else { return };
        let [(outer, model), inner] = self.worlds.get_disjoint_mut([i, j]).expect("they are two");
        let reg = outer.registry();
        let mut holds = (|total: Res<Total>, x: u64| {
            let before = *total.0;
            run(&mut handler, inner, x);
            assert_eq!(before, *total.0);
        })
        .into_handler(reg);
        holds.run(outer, u64::from(x));
        assert_eq!(Model::of(outer), *model);
        self.handlers.push(handler);
    }

    fn park(&mut self, i: usize, pick: u8) {
        if self.handlers.is_empty() {
            return;
        }
        let handler = self.handlers.swap_remove(usize::from(pick) % self.handlers.len());
        self.worlds[i].0.resource_mut::<Parked>().0.push(handler);
    }

    /// Runs what is parked in a world on it. Where one of them replaced it, the rest is of a world that is gone.
    fn run_parked(&mut self, i: usize, x: u8) {
        let mut parked = std::mem::take(&mut *self.worlds[i].0.resource_mut::<Parked>());
        for handler in &mut parked.0 {
            run(handler, &mut self.worlds[i], u64::from(x));
        }
        self.worlds[i].0.resource_mut::<Parked>().0.append(&mut parked.0);
    }

    fn use_key(&mut self, i: usize, pick: u8, x: u8) {
        if self.keys.is_empty() {
            return;
        }
        let (key, home) = self.keys[usize::from(pick) % self.keys.len()];
        let (world, model) = &mut self.worlds[i];
        let is_home = home == world.world_id();
        assert_eq!(comes_back(|| assert_eq!(*key.get(world).0, model.total)), is_home);
        assert_eq!(comes_back(|| *key.get_mut(world).0 = u64::from(x)), is_home);
        if is_home {
            (model.total, model.total_changed) = (u64::from(x), true);
        }
    }

    fn ask_inputs(&mut self, i: usize, pick: u8) {
        if self.handlers.is_empty() {
            return;
        }
        let (handler, twin) = &self.handlers[usize::from(pick) % self.handlers.len()];
        let (world, model) = &self.worlds[i];
        let mut changed = None;
        let answered = comes_back(|| changed = Some(handler.inputs_changed(world)));
        assert_eq!(answered, twin.home == world.world_id());
        // Parking is a write too, which a function that is handed the whole world counts, and the model does not.
        if twin.kind != 5 && twin.kind < 7 {
            assert_eq!(changed, answered.then(|| twin.inputs_changed(model)));
        }
    }
}

/// Runs a handler on a world, and holds what happened against the model.
fn run((handler, twin): &mut (Virtual<u64>, Twin), (world, model): &mut (World, Model), x: u64) {
    let (is_home, replaces) = (twin.home == world.world_id(), twin.kind == REPLACES && x % 2 == 1);
    assert_eq!(comes_back(|| handler.run(world, x)), is_home && !replaces);
    match (is_home, replaces) {
        (true, false) => twin.run(model, x),
        (true, true) => *model = Model::default(),
        (false, _) => {}
    }
}
