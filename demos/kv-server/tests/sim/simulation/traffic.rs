//! Random requests of clients, with a few keys, so that requests meet.

use super::random::Random;

/// A request: the name of a command and its arguments.
pub(crate) type Words = Vec<Vec<u8>>;

/// Two keys that are only ever changed together. They are equal unless a change is half done.
pub(crate) const PAIR: [&[u8]; 2] = [b"pair:0", b"pair:1"];

/// Returns a client's next requests, which belong together; those of others come between them. `now_ms` is the present.
pub(crate) fn next(random: &mut Random, now_ms: i64) -> Vec<Words> {
    match random.below(24) {
        0..=1 => pair(random, now_ms),
        2..=4 => transaction(random, now_ms),
        _ => vec![single(random, now_ms)],
    }
}

fn words(words: &[&[u8]]) -> Words {
    words.iter().map(|word| word.to_vec()).collect()
}

fn key(random: &mut Random) -> Vec<u8> {
    match random.below(10) {
        0 => b"a key that lies where its entry does not".to_vec(),
        n => format!("k{}", n % 7).into_bytes(),
    }
}

fn value(random: &mut Random) -> Vec<u8> {
    match random.below(12) {
        0..=5 => random.below(1_000).to_string().into_bytes(),
        6 => Vec::new(),
        7 => vec![b'a' + random.below(26) as u8; random.index(900)],
        _ => vec![b'a' + random.below(26) as u8; random.index(40)],
    }
}

/// Returns milliseconds from now: few, some, or very many.
fn soon(random: &mut Random) -> i64 {
    let most = random.pick(&[3, 20, 1_000, 100_000, 10_000_000_000]);
    i64::try_from(random.below(most)).unwrap_or(0) + 1
}

/// Returns an expiry time, sometimes a past one.
fn end(random: &mut Random, now_ms: i64) -> Vec<u8> {
    let ms = if random.one_in(8) { now_ms - 5 } else { now_ms + soon(random) };
    ms.to_string().into_bytes()
}

fn single(random: &mut Random, now_ms: i64) -> Words {
    match random.below(32) {
        0..=3 => words(&[b"GET", &key(random)]),
        4..=6 => words(&[b"SET", &key(random), &value(random)]),
        7..=9 => words(&[b"INCR", &key(random)]),
        10 => words(&[b"INCRBY", &key(random), &value(random)]),
        11..=13 => words(&[b"MSET", &key(random), &value(random), &key(random), &value(random)]),
        14 => words(&[b"MSETNX", &key(random), &value(random), &key(random), &value(random)]),
        15..=16 => words(&[b"DEL", &key(random), &key(random)]),
        17 => words(&[b"RENAME", &key(random), &key(random)]),
        18 => words(&[b"COPY", &key(random), &key(random), b"REPLACE"]),
        19 => words(&[b"APPEND", &key(random), &value(random)]),
        20 => words(&[b"SETRANGE", &key(random), random.below(60).to_string().as_bytes(), &value(random)]),
        21 if random.one_in(4) => words(&[b"FLUSHALL"]),
        21 => words(&[b"GETDEL", &key(random)]),
        22 => words(&[b"MGET", &key(random), &key(random)]),
        23 => words(&[b"INCRBYFLOAT", &key(random), b"0.1"]),
        _ => timed(random, now_ms),
    }
}

fn timed(random: &mut Random, now_ms: i64) -> Words {
    let (key, ms) = (key(random), soon(random).to_string().into_bytes());
    match random.below(10) {
        0..=1 => words(&[b"SET", &key, &value(random), b"PX", &ms]),
        2 => words(&[b"SET", &key, &value(random), b"EX", b"2"]),
        3 => words(&[b"SET", &key, &value(random), b"PXAT", &end(random, now_ms)]),
        4 => words(&[b"PEXPIRE", &key, &ms]),
        5 => words(&[b"PERSIST", &key]),
        6 => words(&[b"GETEX", &key, b"PX", &ms]),
        7 => words(&[b"GETEX", &key, b"PERSIST"]),
        8 => words(&[b"SET", &key, &value(random), b"KEEPTTL"]),
        _ => words(&[b"PTTL", &key]),
    }
}

/// Returns requests that run together, sometimes on the condition that watched keys are unchanged, or not at all.
fn transaction(random: &mut Random, now_ms: i64) -> Vec<Words> {
    let mut all = Vec::new();
    if random.one_in(3) {
        all.push(words(&[b"WATCH", &key(random)]));
        all.push(words(&[b"GET", &key(random)]));
    }
    all.push(words(&[b"MULTI"]));
    all.extend((0..random.below(5)).map(|_| single(random, now_ms)));
    all.push(words(&[if random.one_in(6) { b"DISCARD" } else { b"EXEC" }]));
    all
}

/// Returns requests that change the pair, in one of the ways that make a single event.
fn pair(random: &mut Random, now_ms: i64) -> Vec<Words> {
    let ([one, other], value) = (PAIR, value(random));
    match random.below(8) {
        0..=1 => vec![words(&[b"MSET", one, &value, other, &value])],
        2 => vec![words(&[b"MSETNX", one, &value, other, &value])],
        3 => vec![words(&[b"DEL", one, other])],
        4 => {
            let end = end(random, now_ms);
            let set = |key| words(&[b"SET", key, &value, b"PXAT", &end]);
            vec![words(&[b"MULTI"]), set(one), set(other), words(&[b"EXEC"])]
        }
        5 => {
            let ms = soon(random).to_string().into_bytes();
            let expire = |key| words(&[b"PEXPIRE", key, &ms]);
            vec![words(&[b"MULTI"]), expire(one), single(random, now_ms), expire(other), words(&[b"EXEC"])]
        }
        _ => {
            let append = |key| words(&[b"APPEND", key, b"+"]);
            vec![words(&[b"MULTI"]), append(one), append(other), single(random, now_ms), words(&[b"EXEC"])]
        }
    }
}

/// Encodes the words as a client sends them.
pub(crate) fn encode(words: &Words) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        bytes.extend(format!("${}\r\n", word.len()).bytes());
        bytes.extend(word);
        bytes.extend(b"\r\n");
    }
    bytes
}

/// Returns the words for people to read, with long ones shortened.
pub(crate) fn shown(words: &Words) -> String {
    let short = |word: &Vec<u8>| match word.len() {
        0 => "\"\"".to_owned(),
        length @ 60.. => format!("{}..({length})", word[..8].escape_ascii()),
        _ => word.escape_ascii().to_string(),
    };
    words.iter().map(short).collect::<Vec<_>>().join(" ")
}
