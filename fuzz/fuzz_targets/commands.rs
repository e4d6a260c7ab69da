//! The whole path of commands, without sockets: whatever is asked, there is an answer to each request, what is counted
//! as used is freed again, and no timer is left behind.
//!
//! `fuzz/seeds/commands` is where to start from, lines of commands as one would type them:
//! `cargo +nightly fuzz run commands fuzz/corpus/commands fuzz/seeds/commands`.
#![no_main]

use std::time::Duration;

use kv_server::{Client, Commands, Engine, Keys, Limits, Request, Session, Settings};
use libfuzzer_sys::fuzz_target;
use nexus_rt::connections::Framing;
use nexus_rt::testing::VirtualClock;
use nexus_rt::{Clock, WorldBuilder};

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

    for (number, line) in bytes.split(|byte| *byte == b'\n').take(1_000).enumerate() {
        if line.first() == Some(&b'~') {
            time.advance(Duration::from_millis(line.len() as u64));
            let now = world.resource_mut::<Clock>().update();
            expiry.poll(&mut world, now);
            continue;
        }
        let line = &line[..line.len().min(10_000)];
        let mut requests = Request::new(limits.request);
        requests.buffer().extend(line);
        requests.buffer().extend(b"\n");
        let client = &mut clients[number % 2];
        while let Ok(Some(request)) = requests.decode() {
            if request.get(0).eq_ignore_ascii_case(b"client") && request.len() > 2 {
                // One that gets no replies would not be told apart from one that should.
                continue;
            }
            let before = client.unsent();
            commands.run(client, &mut world, request);
            let quiet = [&b"shutdown"[..], b"client", b"monitor", b"post", b"host:"]
                .contains(&&*request.get(0).to_ascii_lowercase());
            assert!(quiet || client.unsent() > before, "{}", line.escape_ascii());
        }
        assert!(client.out().is_empty() || client.out().ends_with(b"\r\n"));
        client.out().clear();
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

/// Runs a command in the binary form.
fn run(commands: &mut Commands, world: &mut nexus_rt::World, words: &[&[u8]]) {
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
