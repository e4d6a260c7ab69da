//! Rounds of failures under load. No acknowledged operation is lost or doubled, what clients saw fits one order, and
//! all servers hold the same keys at the end.
//!
//! `KV_ROUNDS` sets the number of rounds, `KV_SEED` the first seed, and `KV_FAILURES` what fails: `kv`, `kills` or
//! `all`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::client::{Client, Reply};
use crate::history::{Event, Increments, Op, is_linearizable};
use crate::machines::{COUNT, Machines, Which};

/// The number of clients.
const CLIENTS: usize = 6;

/// The time after which a client stops waiting for a reply.
const PATIENCE: Duration = Duration::from_secs(3);

/// The time for which a register is used. It is short, so that histories are short.
const SPAN: Duration = Duration::from_millis(400);

/// The number of registers in use at a time.
const REGISTERS: u64 = 4;

/// What the clients saw in a round.
#[derive(Default)]
struct Seen {
    registers: Mutex<BTreeMap<String, Vec<Event>>>,
    increments: Mutex<Increments>,
    longest: Mutex<Duration>,
}

/// Returns the next pseudorandom number, by splitmix64.
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ z >> 31
}

/// Returns whether a reply means that nothing was changed.
fn nothing_happened(reply: &Reply) -> bool {
    matches!(reply, Reply::Error(text) if text.contains("nothing was changed"))
}

/// Runs a client until it is told to stop.
fn client(
    number: usize,
    seed: u64,
    servers: &[std::net::SocketAddr],
    seen: &Seen,
    (stop, start): (&AtomicBool, Instant),
) {
    let mut state = seed ^ (number as u64) << 32;
    let mut connection: Option<Client> = None;
    let mut value = (number as u64) << 40;
    let mut last = Instant::now();
    while !stop.load(Ordering::Relaxed) {
        let dice = random(&mut state);
        if dice.is_multiple_of(50) {
            connection = None;
        }
        let server = servers[(dice >> 8) as usize % servers.len()];
        let Some(client) = connection.as_mut() else {
            connection = Client::connect(server, PATIENCE).ok();
            continue;
        };
        let span = start.elapsed().as_millis() / SPAN.as_millis();
        let register = format!("r{span}.{}", (dice >> 16) % REGISTERS);
        let began = Instant::now();
        value += 1;
        let text = value.to_string();
        let (request, op): (&[&str], _) = match (dice >> 24) % 5 {
            0 | 1 => (&["SET", &register, &text], Some(Op::Write(value))),
            2 | 3 => (&["GET", &register], Some(Op::Read(None))),
            _ => (&["INCR", "counter"], None),
        };
        let reply = client.ask(request);
        let ended = Instant::now();
        if reply.is_err() || matches!(reply, Ok(Reply::Error(_))) {
            connection = None;
        }
        match (&reply, op) {
            (Ok(reply), _) if nothing_happened(reply) => {}
            (Ok(Reply::Number(number)), None) => {
                seen.increments.lock().expect("no panic").answered.push((*number, ended));
                let mut longest = seen.longest.lock().expect("no panic");
                *longest = (*longest).max(ended.duration_since(last));
                last = ended;
            }
            (_, None) => seen.increments.lock().expect("no panic").unanswered.push(began),
            (reply, Some(op)) => {
                let event = match (reply, op) {
                    (Ok(Reply::Simple(_)), op) => Event { op, began, ended: Some(ended) },
                    (Ok(Reply::Bytes(found)), Op::Read(_)) => {
                        let found = found.as_ref().map(|text| text.parse().expect("a number"));
                        Event { op: Op::Read(found), began, ended: Some(ended) }
                    }
                    (_, Op::Write(_)) => Event { op, began, ended: None },
                    // An unanswered read shows nothing.
                    (_, Op::Read(_)) => continue,
                };
                seen.registers.lock().expect("no panic").entry(register).or_default().push(event);
            }
        }
        thread::sleep(Duration::from_millis(8));
    }
}

/// Sets a flag at the end of its scope.
struct SetAtEnd<'a>(&'a AtomicBool);

impl Drop for SetAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// What may fail: a kv-server is killed; any program is killed; or programs are also paused, and machines cut off.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Failures {
    Kv,
    Kills,
    All,
}

impl Failures {
    /// Reads `KV_FAILURES`.
    fn asked() -> Self {
        match std::env::var("KV_FAILURES").as_deref() {
            Err(_) | Ok("kv") => Self::Kv,
            Ok("kills") => Self::Kills,
            Ok("all") => Self::All,
            Ok(other) => panic!("KV_FAILURES is {other}, and not kv, kills or all"),
        }
    }

    /// Returns the number of kinds of failures.
    fn kinds(self, machines: &Machines) -> u64 {
        match self {
            Self::Kv => 1,
            Self::Kills => 4,
            Self::All => {
                assert!(
                    machines.are_apart(),
                    "KV_FAILURES=all cuts machines off, but network namespaces cannot be made here: KV_FAILURES=kills \
                     needs none"
                );
                6
            }
        }
    }
}

/// Causes a failure and repairs it. Returns its description.
fn fail(machines: &mut Machines, failures: Failures, state: &mut u64) -> String {
    let (dice, machine) = (random(state), (random(state) % COUNT as u64) as usize);
    let pause = Duration::from_millis(1_000 + random(state) % 4_000);
    match dice % failures.kinds(machines) {
        0 => {
            machines.kill(Which::Kv, machine);
            thread::sleep(pause / 4);
            machines.run(Which::Kv, machine);
            format!("kv-server of m{machine} is killed")
        }
        1 => {
            machines.kill(Which::Nats, machine);
            thread::sleep(pause);
            machines.run(Which::Nats, machine);
            format!("nats-server of m{machine} is killed for {pause:?}")
        }
        2 => {
            machines.kill(Which::Nats, machine);
            machines.kill(Which::Kv, machine);
            thread::sleep(pause);
            machines.run(Which::Nats, machine);
            machines.run(Which::Kv, machine);
            format!("both of m{machine} are killed for {pause:?}")
        }
        3 => {
            (0..COUNT).for_each(|machine| machines.kill(Which::Nats, machine));
            (0..COUNT).for_each(|machine| machines.run(Which::Nats, machine));
            "all nats-servers are killed".into()
        }
        4 => {
            let which = if dice >> 8 & 1 == 0 { Which::Nats } else { Which::Kv };
            machines.signal(which, machine, "-STOP");
            thread::sleep(pause);
            machines.signal(which, machine, "-CONT");
            format!("{which:?} of m{machine} stands still for {pause:?}")
        }
        _ => {
            machines.cut(machine, true);
            thread::sleep(pause * 2);
            machines.cut(machine, false);
            format!("m{machine} is cut off for {:?}", pause * 2)
        }
    }
}

/// Returns what INFO reports about the log of a server.
fn log_of(address: std::net::SocketAddr) -> Option<BTreeMap<String, String>> {
    let mut client = Client::connect(address, PATIENCE).ok()?;
    let Ok(Reply::Bytes(Some(text))) = client.ask(&["INFO", "replication"]) else { return None };
    let fields = text.lines().filter_map(|line| line.split_once(':'));
    Some(fields.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

/// Waits until all servers have applied the same changes.
fn settle(machines: &mut Machines) {
    let began = Instant::now();
    let mut calm = None;
    loop {
        machines.revive();
        // A restarted server has not compared anything yet, so changes are needed for a comparison.
        if let Ok(mut client) = Client::connect(machines.kv(0), PATIENCE) {
            (0..60).for_each(|_| _ = client.ask(&["INCR", "settled"]));
        }
        let logs: Option<Vec<_>> = (0..COUNT).map(|machine| log_of(machines.kv(machine))).collect();
        let agree = logs.as_ref().is_some_and(|logs| {
            ["log_lag", "log_waiting"]
                .iter()
                .all(|name| logs.iter().all(|log| log.get(*name).is_some_and(|it| it == "0")))
                && logs.iter().all(|log| log.get("log_checked") == logs[0].get("log_checked"))
                && logs.iter().all(|log| log.get("log_digest") == logs[0].get("log_digest"))
        });
        if agree && calm.replace(()).is_some() {
            return;
        }
        if !agree {
            calm = None;
        }
        assert!(began.elapsed() < Duration::from_secs(90), "they do not come to agree: {logs:?}");
        thread::sleep(Duration::from_millis(200));
    }
}

/// Compares the contents of all servers.
fn compare(machines: &Machines, keys: &BTreeSet<String>, what: &str) -> i64 {
    let mut count = None;
    let held = |machine: usize| {
        let mut client = Client::connect(machines.kv(machine), PATIENCE).expect("it serves");
        keys.iter().map(|key| client.ask(&["GET", key]).expect("it answers")).collect::<Vec<_>>()
    };
    let first = held(0);
    for machine in 1..COUNT {
        let other = held(machine);
        if let Some(place) = first.iter().zip(&other).position(|(a, b)| a != b) {
            let (key, first, other) = (keys.iter().nth(place).expect("a key for each"), &first[place], &other[place]);
            let now: Vec<_> = (0..COUNT).map(|machine| log_of(machines.kv(machine))).collect();
            thread::sleep(Duration::from_secs(2));
            let later: Vec<_> = (0..COUNT).map(|machine| (log_of(machines.kv(machine)), held(machine))).collect();
            let values: Vec<_> = later.iter().map(|(_, values)| &values[place]).collect();
            let later: Vec<_> = later.iter().map(|(log, _)| log).collect();
            panic!(
                "{what}: {key} is {first:?} on m0 and {other:?} on m{machine}, with logs {now:#?}; two seconds later it is \
                 {values:?}, with logs {later:#?}"
            );
        }
    }
    for (key, reply) in keys.iter().zip(&first) {
        if let (true, Reply::Bytes(Some(text))) = (key == "counter", reply) {
            count = text.parse().ok();
        }
    }
    count.expect("there is a counter")
}

fn set(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} is no number")))
}

#[test]
fn whatever_fails_nothing_answered_is_lost_or_doubled_and_all_agree() {
    let (rounds, seed) = (set("KV_ROUNDS", 5), set("KV_SEED", 1));
    let failures = Failures::asked();
    let options = ["--linearizable", "--check-every", "50", "--snapshot-every", "2000"];
    let mut machines = Machines::start(&options);
    let seen = Arc::new(Seen::default());
    let (mut state, mut base, start) = (seed, 0, Instant::now());
    for round in 0..rounds {
        let stop = AtomicBool::new(false);
        let servers: Vec<_> = (0..COUNT).map(|machine| machines.kv(machine)).collect();
        let what = thread::scope(|scope| {
            // Clients stop even if this thread panics.
            let _stop = SetAtEnd(&stop);
            for number in 0..CLIENTS {
                let (seen, servers, stop) = (&*seen, &*servers, &stop);
                let seed = seed + 1000 * round;
                scope.spawn(move || client(number + 1, seed, servers, seen, (stop, start)));
            }
            thread::sleep(Duration::from_millis(500));
            let what = fail(&mut machines, failures, &mut state);
            // Until a client is answered again, and a little longer.
            let answered = || seen.increments.lock().expect("no panic").answered.len();
            let (before, began) = (answered(), Instant::now());
            while answered() < before + 20 {
                assert!(began.elapsed() < Duration::from_secs(60), "{what}: nobody is answered any more");
                thread::sleep(Duration::from_millis(50));
            }
            what
        });
        machines.revive();
        (0..COUNT).for_each(|machine| machines.wait(machine));
        settle(&mut machines);
        let registers = std::mem::take(&mut *seen.registers.lock().expect("no panic"));
        let events: usize = registers.values().map(Vec::len).sum();
        for (name, events) in &registers {
            assert!(is_linearizable(events), "seed {seed}, round {round}, {what}: {name} has no order: {events:#?}");
        }
        let mut keys: BTreeSet<_> = registers.into_keys().collect();
        keys.insert("counter".into());
        let count = compare(&machines, &keys, &what);
        let increments = std::mem::take(&mut *seen.increments.lock().expect("no panic"));
        if let Err(why) = increments.check(base, count) {
            panic!("seed {seed}, round {round}, {what}: {why}: {increments:?}");
        }
        // Increments without an answer are decided now, so they excuse nothing in a later round.
        base = count;
        let longest = std::mem::take(&mut *seen.longest.lock().expect("no panic"));
        println!(
            "round {round}: {what}: {events} operations in {} registers, {} counted, {} unanswered, longest {longest:.1?}",
            keys.len() - 1,
            increments.answered.len(),
            increments.unanswered.len()
        );
    }
}
