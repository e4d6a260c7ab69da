//! Commands in edge cases, beside Redis: every number of arguments, options in every order, numbers at the ends of
//! their ranges, odd bytes. Each case starts from the same keys. Its reply and the resulting keys are compared.

use crate::pools::{ALL, FIXED, OPTIONS, PATTERNS};
use crate::redis::Redis;
use crate::support::{Client, Server, command};

/// A command, as words.
type Words = Vec<Vec<u8>>;

fn words(line: &[&str]) -> Words {
    line.iter().map(|word| word.as_bytes().to_vec()).collect()
}

/// Returns every combination of one element from each list.
fn products(of: &[&[&str]]) -> Vec<Words> {
    let start = vec![Words::new()];
    of.iter().fold(start, |lines, choices| {
        let longer =
            |line: &Words| choices.iter().map(|word| [&line[..], &words(&[word])].concat()).collect::<Vec<_>>();
        lines.iter().flat_map(longer).collect()
    })
}

fn cases() -> Vec<Words> {
    let mut cases = Vec::new();
    for name in ALL {
        cases.extend((0..7).map(|count| [words(&[name]), words(&vec!["s"; count])].concat()));
    }
    for (name, arguments) in FIXED {
        cases.extend(products(arguments).into_iter().map(|line| [words(&[name]), line].concat()));
    }
    for (start, options) in OPTIONS {
        for count in 1..=3 {
            let numbers: Vec<String> = (0..options.len()).map(|at| at.to_string()).collect();
            let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
            for choice in products(&vec![&numbers[..]; count]) {
                let chosen = choice.iter().map(|at| std::str::from_utf8(at).unwrap().parse::<usize>().unwrap());
                let chosen = chosen.flat_map(|at| words(options[at]));
                cases.push(words(start).into_iter().chain(chosen).collect());
            }
        }
    }
    cases.extend(
        PATTERNS
            .iter()
            .flat_map(|pattern| [words(&["KEYS", pattern]), words(&["SCAN", "0", "COUNT", "999", "MATCH", pattern])]),
    );
    cases.extend(odd_names());
    cases
}

/// Names that do not exist, long and with odd bytes, with as many arguments as an error shows, and more.
fn odd_names() -> Vec<Words> {
    let long = |length: usize| vec![b'x'; length];
    let odd = [&b"\0"[..], b"a\0b", b"\xff\xfe", b"a\r\nb", b"'q'", b"\x01\x7f", b"get\0"];
    let mut cases: Vec<Words> = odd.iter().map(|name| vec![name.to_vec(), name.to_vec(), b"b".to_vec()]).collect();
    for length in [126, 127, 128, 129, 500] {
        cases.push(vec![long(length)]);
        cases.push(vec![b"nosuch".to_vec(), long(length), b"more".to_vec()]);
        cases.push([vec![b"nosuch".to_vec()], vec![b"ab".to_vec(); length / 4]].concat());
        cases.push(vec![b"OBJECT".to_vec(), long(length), b"s".to_vec()]);
        cases.push(vec![b"EXPIRE".to_vec(), b"s".to_vec(), b"5".to_vec(), long(length)]);
    }
    for odd in odd {
        cases.push(vec![b"OBJECT".to_vec(), odd.to_vec()]);
        cases.push(vec![b"PUBSUB".to_vec(), odd.to_vec(), b"a".to_vec()]);
        cases.push(vec![b"EXPIRE".to_vec(), b"s".to_vec(), b"5".to_vec(), odd.to_vec()]);
        cases.push(vec![b"SET".to_vec(), odd.to_vec(), odd.to_vec()]);
    }
    cases
}

/// Sets the keys before each case.
const BEFORE: &[&[&str]] = &[
    &["DISCARD"],
    &["UNWATCH"],
    &["FLUSHALL"],
    &["MSET", "s", "abc", "n", "10", "long", "ohmytext", "other", "mynewtext"],
    &["SET", "t", "timed", "PXAT", "33333333333000"],
];

/// Reads the keys after each case.
const AFTER: &[&[&str]] = &[
    &["EXEC"],
    &["MGET", "s", "n", "t", "none", "new", "other", ""],
    &["PEXPIRETIME", "s"],
    &["PEXPIRETIME", "t"],
    &["PEXPIRETIME", "none"],
    &["PEXPIRETIME", "new"],
];

/// Returns whether both replies are the same, apart from remaining times, which depend on when each server was asked,
/// and the order of keys.
fn is_same(words: &Words, ours: &[u8], theirs: &[u8]) -> bool {
    let number = |reply: &[u8]| std::str::from_utf8(reply.strip_prefix(b":")?).ok()?.trim_end().parse::<i64>().ok();
    let sorted = |reply: &[u8]| {
        let mut lines: Vec<_> = reply.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
        lines.sort();
        lines
    };
    let name = words.first().map(|name| name.to_ascii_uppercase()).unwrap_or_default();
    match (number(ours), number(theirs)) {
        _ if [&b"KEYS"[..], b"SCAN"].contains(&&*name) => sorted(ours) == sorted(theirs),
        (Some(ours), Some(theirs)) if name.ends_with(b"TTL") || name.ends_with(b"EXPIRETIME") => {
            ours == theirs || ours > 0 && theirs > 0 && ours.abs_diff(theirs) < 3_000
        }
        _ => ours == theirs,
    }
}

/// Runs all cases on both servers. Returns the number of cases, and those whose replies differ.
fn differences(ours: &mut Client, theirs: &mut Client) -> (usize, Vec<String>) {
    let (cases, mut found) = (cases(), Vec::new());
    let around = |lines: &[&[&str]]| lines.iter().map(|line| words(line)).collect::<Vec<_>>();
    let (before, after) = (around(BEFORE), around(AFTER));
    for case in &cases {
        let lines = [&before[..], std::slice::from_ref(case), &after].concat();
        let bytes: Vec<u8> = lines.iter().flat_map(|line| command(line)).collect();
        ours.send(&bytes);
        theirs.send(&bytes);
        for line in &lines {
            let replies = [&mut *ours, &mut *theirs].map(Client::raw_reply);
            if !is_same(line, &replies[0], &replies[1]) {
                let shown: Vec<_> = case.iter().map(|word| word.escape_ascii().to_string()).collect();
                let at = line.first().map(|name| name.escape_ascii().to_string()).unwrap_or_default();
                let [ours, theirs] = replies.map(|reply| reply.escape_ascii().to_string());
                found.push(format!("{}  (at {at})\n  ours   {ours}\n  theirs {theirs}\n", shown.join(" ")));
            }
        }
    }
    (cases.len(), found)
}

#[test]
fn edges_are_answered_as_by_redis() {
    let Some(redis) = Redis::start(&["--databases", "1"]) else { return };
    let server = Server::start(&[]);
    let mut count = 0;
    for version in ["2", "3"] {
        let [mut ours, mut theirs] = [server.address, redis.address].map(Client::connect);
        for client in [&mut ours, &mut theirs] {
            let greeted = client.ask_raw(&["HELLO", version]);
            let map = if version == "3" { b"%" } else { b"*" };
            assert!(greeted.starts_with(map), "version {version}: {}", greeted.escape_ascii());
        }
        let (cases, found) = differences(&mut ours, &mut theirs);
        count += cases;
        let (differ, shown) = (found.len(), found.iter().take(40).map(String::as_str).collect::<String>());
        assert!(found.is_empty(), "{differ} replies of {cases} cases differ in version {version}:\n{shown}");
    }
    assert!(count > 1_000);
    println!("{count} cases are answered as by Redis");
}
