//! Several clients at once beside Redis, in either version of the protocol: transactions, watched keys, messages and
//! patterns, step by step. Everything that each client receives must be the same, byte by byte.

use std::io::Read;

use crate::redis::Redis;
use crate::support::{Client, Random, Server, command};
use crate::traffic::{Compare, next};

/// The number of steps that are compared, and their seed. `KV_STEPS` and `KV_SEED` set others.
const STEPS: usize = 20_000;
const SEED: u64 = 11;

const CLIENTS: usize = 6;
const CHANNELS: &[&str] = &["news.a", "news.b", "sport", "silence", ""];
/// No two patterns match the same channel, since Redis keeps patterns in no order.
const PATTERNS: &[&str] = &["news.*", "s[o-q]?rt", "sil\\ence", "nothing*", "[]"];

/// Returns the next request of a client. Most requests affect other clients.
fn step(random: &mut Random) -> Vec<Vec<u8>> {
    let channel = |random: &mut Random| random.pick(CHANNELS).to_owned();
    let key = |random: &mut Random| format!("key:{}", random.below(6));
    let line: Vec<String> = match random.below(40) {
        0..=3 => vec!["MULTI".into()],
        4..=7 => vec!["EXEC".into()],
        8 => vec![random.pick(&["DISCARD", "UNWATCH"]).into()],
        9..=11 => vec!["watch".into(), key(random), key(random)],
        12 => vec!["SUBSCRIBE".into(), channel(random)],
        13 => vec!["PSUBSCRIBE".into(), random.pick(PATTERNS).into()],
        14 => vec!["UNSUBSCRIBE".into(), channel(random), channel(random)],
        15 => vec!["PUNSUBSCRIBE".into(), random.pick(PATTERNS).into()],
        16..=19 => vec!["PUBLISH".into(), channel(random), format!("message {}", random.below(1_000))],
        20 => vec!["PUBSUB".into(), "NUMSUB".into(), channel(random), channel(random)],
        21 => vec![
            "PUBSUB".into(),
            random.pick(&["NUMPAT", "SHARDCHANNELS", "HELP", "x", "channels"]).into(),
            "silence".into(),
        ],
        22..=25 => vec!["SET".into(), key(random), random.below(100).to_string()],
        26 => vec!["GET".into(), key(random)],
        27 => vec!["EXPIRE".into(), key(random), random.pick(&["-1", "1000"]).into()],
        28 => vec![random.pick(&["SSUBSCRIBE", "SUNSUBSCRIBE"]).into(), channel(random)],
        29 if random.one_in(2) => vec!["SPUBLISH".into(), channel(random), "of a shard".into()],
        29 if random.one_in(4) => vec!["PING".into()],
        29 if random.one_in(4) => vec![random.pick(&["MULTI", "EXEC", "WATCH", "PUBSUB", "OBJECT"]).into(), "x".into()],
        _ => loop {
            let (words, compare) = next(random);
            // Without names, UNSUBSCRIBE and the like reply in no order.
            let named = !words[0].to_ascii_lowercase().ends_with(b"unsubscribe");
            if compare == Compare::Same && named {
                return words;
            }
        },
    };
    line.into_iter().map(String::into_bytes).collect()
}

/// Returns requests that end everything a client has begun, and a mark for the end of what it receives.
fn ending() -> Vec<u8> {
    let unsubscribe = [&["UNSUBSCRIBE"], CHANNELS].concat();
    let punsubscribe = [&["PUNSUBSCRIBE"], PATTERNS].concat();
    let sunsubscribe = [&["SUNSUBSCRIBE"], CHANNELS].concat();
    let all = [&unsubscribe[..], &punsubscribe, &sunsubscribe];
    let lines = [&all[..], &[&["DISCARD"]], &all, &[&["UNWATCH"], &["ECHO", "the end"]]].concat();
    lines.iter().flat_map(|line| command(line)).collect()
}

/// Reads everything up to the mark.
fn received(client: &mut Client) -> Vec<u8> {
    let (mut all, mut some) = (Vec::new(), [0; 65_536]);
    while !all.ends_with(b"$7\r\nthe end\r\n") {
        let length = client.socket.read(&mut some).unwrap();
        assert!(length > 0, "{}", all.escape_ascii());
        all.extend(&some[..length]);
    }
    all
}

/// Returns where the two begin to differ, with what comes before.
fn difference(ours: &[u8], theirs: &[u8]) -> String {
    let at = ours.iter().zip(theirs).take_while(|(ours, theirs)| ours == theirs).count();
    let show = |all: &[u8]| all[at.saturating_sub(200)..all.len().min(at + 200)].escape_ascii().to_string();
    format!("\n  ours   {}\n  theirs {}", show(ours), show(theirs))
}

#[test]
fn clients_that_disturb_each_other_receive_what_they_do_of_redis() {
    let Some(redis) = Redis::start(&["--databases", "1"]) else { return };
    let server = Server::start(&[]);
    let both = [server.address, redis.address];
    let number = |name: &str| std::env::var(name).ok().and_then(|number| number.parse::<u64>().ok());
    let steps = number("KV_STEPS").map_or(STEPS, |steps| usize::try_from(steps).unwrap());
    let mut random = Random::new(number("KV_SEED").unwrap_or(SEED));
    let mut controls = both.map(Client::connect);
    let mut done = 0;
    while done < steps {
        let mut clients: Vec<_> = (0..CLIENTS).map(|_| both.map(Client::connect)).collect();
        for pair in clients.iter_mut().skip(CLIENTS / 2) {
            for client in pair {
                let greeted = client.ask_raw(&["HELLO", "3"]);
                assert!(greeted.starts_with(b"%"), "{}", greeted.escape_ascii());
            }
        }
        let mut log = Vec::new();
        for _ in 0..500 {
            let (at, words) = (random.index(CLIENTS), step(&mut random));
            let bytes = command(&words);
            clients[at].iter_mut().for_each(|client| client.send(&bytes));
            // This makes sure that everything has run before the next step.
            controls.iter_mut().for_each(|client| _ = client.ask_raw(&["PING"]));
            log.push(format!("{at}> {}", words.join(&b' ').escape_ascii()));
        }
        done += 500;
        for (at, pair) in clients.iter_mut().enumerate() {
            pair.iter_mut().for_each(|client| client.send(&ending()));
            let [ours, theirs] = pair.each_mut().map(received);
            assert!(ours == theirs, "client {at}: {}\n{}", difference(&ours, &theirs), log.join("\n"));
        }
    }
}
