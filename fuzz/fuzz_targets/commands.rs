//! The whole path of commands, without sockets: whatever is asked, there is one whole reply to each request, in the
//! version of the protocol that its client speaks; transactions run as a whole, or not at all after a watched key has
//! changed; what is counted as used is freed again, and no timer is left behind.
//!
//! `fuzz/seeds/commands` is where to start from, lines of commands as one would type them:
//! `cargo +nightly fuzz run commands fuzz/corpus/commands fuzz/seeds/commands`.
#![no_main]

#[path = "commands/replies.rs"]
mod replies;
#[path = "commands/transactions.rs"]
mod transactions;

use std::time::Duration;

use kv_server::{Client, Commands, Engine, Keys, Limits, Protocol, Request, Session, Settings};
use libfuzzer_sys::fuzz_target;
use nexus_rt::connections::Framing;
use nexus_rt::testing::VirtualClock;
use nexus_rt::{Clock, World, WorldBuilder};
use replies::Grammar;
use transactions::Known;

/// Commands that do not reply, or not always.
const QUIET: [&str; 5] = ["shutdown", "client", "monitor", "post", "host:"];

// Lines of words, which are run one by one; a line that begins with `~` lets time pass, a millisecond for each byte.
fuzz_target!(|bytes: &[u8]| {
    let time = VirtualClock::new();
    let clock = Clock::test(time.clone(), Duration::from_secs(1_700_000_000));
    let settings = Settings { address: ([127, 0, 0, 1], 1).into(), unix: None, started: clock.now() };
    let mut limits = Limits { memory: 100_000, key: 64, ..Limits::default() };
    // SETRANGE and LCS take as much memory as a value may have.
    limits.request.argument = 100_000;
    let mut builder = WorldBuilder::new();
    let mut expiry = builder.install_driver(Engine { clock, settings, limits: limits.clone() });
    let mut world = builder.build();
    let mut commands = Commands::new(&world);
    let mut clients = [1, 2].map(|number| Client::detached(Session::new(number)));
    let mut known = [(); 2].map(|()| Known::default());

    for (number, line) in bytes.split(|byte| *byte == b'\n').take(1_000).enumerate() {
        if line.first() == Some(&b'~') {
            time.advance(Duration::from_millis(line.len() as u64));
            let now = world.resource_mut::<Clock>().update();
            expiry.poll(&mut world, now);
            known.iter_mut().for_each(Known::wait);
            continue;
        }
        let line = &line[..line.len().min(10_000)];
        let mut requests = Request::new(limits.request);
        requests.buffer().extend(line);
        requests.buffer().extend(b"\n");
        while let Ok(Some(request)) = requests.decode() {
            if request.get(0).eq_ignore_ascii_case(b"client") && request.len() > 2 {
                // One that gets no replies would not be told apart from one that should.
                continue;
            }
            ask(&mut commands, &mut world, &limits, (&mut clients[number % 2], number % 2), &mut known, request);
        }
    }
    let keys: Vec<Vec<u8>> = world.resource::<Keys>().iter().map(<[u8]>::to_vec).collect();
    // A turn removes only so many that have ended.
    let now = world.resource_mut::<Clock>().update();
    while expiry.poll(&mut world, now) > 0 {}
    assert_eq!(expiry.len(&world), world.resource::<Keys>().expiring());
    for key in keys {
        run(&mut commands, &mut world, &[b"DEL", &key]);
    }
    assert_eq!((world.resource::<Keys>().used(), expiry.len(&world)), (0, 0));
});

/// Runs a request and checks what comes of it.
fn ask(
    commands: &mut Commands,
    world: &mut World,
    limits: &Limits,
    (client, number): (&mut Client, usize),
    known: &mut [Known; 2],
    request: &Request,
) {
    let words: Vec<&[u8]> = request.from(0).collect();
    let name = String::from_utf8_lossy(words[0]).to_ascii_lowercase();
    let line = || words.join(&b' ').escape_ascii().to_string();
    let before = client.state.protocol;
    commands.run(client, world, request);
    if client.unsent() > limits.most_replies() {
        // The server disconnects it, so the replies need not be whole.
        client.out().clear();
        known[number] = Known::default();
        return;
    }
    let (many, hello) = (known[number].has_many(&name), known[number].has_hello(&name));
    let spoken = if hello { [Protocol::Two, Protocol::Three] } else { [before, client.state.protocol] };
    let out = std::mem::take(client.out());
    let found = Grammar { spoken, messages_within: many }.split(&out);
    let found = found.unwrap_or_else(|| panic!("{}: {}", line(), out.escape_ascii()));
    let quiet = QUIET.contains(&&*name);
    assert!(found.len() == 1 || many && !found.is_empty() || quiet && found.is_empty(), "{}: {found:?}", line());
    if let Some(reply) = found.first() {
        known[number].learn(&name, &words, reply);
        known.iter_mut().for_each(|known| known.notice(&name, &words, reply));
    }
}

/// Runs a command in the binary form.
fn run(commands: &mut Commands, world: &mut World, words: &[&[u8]]) {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        bytes.extend(format!("${}\r\n", word.len()).bytes());
        bytes.extend(*word);
        bytes.extend(b"\r\n");
    }
    let mut requests = Request::new(Limits::default().request);
    requests.buffer().extend(&bytes);
    let request = requests.decode().expect("it is a request").expect("it is whole");
    commands.run(&mut Client::detached(Session::new(3)), world, request);
}
