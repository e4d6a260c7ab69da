//! Commands at their edges, beside Redis: every number of arguments, options in every order, numbers at the ends of what
//! is read, odd bytes. Each case starts from the same keys, and its reply and what it leaves are compared.

use crate::redis::Redis;
use crate::support::{Client, Server, command};

/// A command: its words.
type Words = Vec<Vec<u8>>;

const KEYS: &[&str] = &["s", "n", "none", ""];

const NUMBERS: &[&str] = &[
    "0",
    "-0",
    "1",
    "-1",
    "2",
    "-3",
    "00",
    "01",
    "+1",
    " 1",
    "1 ",
    "",
    "-",
    "abc",
    "1.0",
    "1e3",
    "0x10",
    "1\0",
    "é",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775807",
    "-9223372036854775808",
    "-9223372036854775809",
    "2147483647",
    "2147483648",
    "-2147483648",
    "-2147483649",
    "4294967296",
    "99999999999999999999",
    "18446744073709551615",
    "9223372036854775",
    "9223372036854776",
    "-9223372036854775",
    "-9223372036854776",
];

const FLOATS: &[&str] = &[
    "1.5",
    "-1.5",
    "1e400",
    "1e4932",
    "-1e4932",
    "1.2e4932",
    "1e5000",
    "-1e5000",
    "inf",
    "-inf",
    "+inf",
    "Infinity",
    "nan",
    "-nan",
    "nan(1)",
    "0x1p3",
    "0x.8",
    "0x",
    "0x1p",
    "1e-400",
    "1e-4940",
    "1e-4960",
    "1e-5000",
    ".5",
    "5.",
    ".",
    "1e",
    "1e+",
    "e5",
    "3.0e3",
    "+1.5",
    "+-1",
    " 1.5",
    "1.5 ",
    "0.1",
    "0.30000000000000004",
    "1234567890123456789.123",
    "1e20",
    "1e17",
    "1e-17",
    "5e-18",
    "4.9e-18",
    "1.5\0",
    "1e99999999999",
    "0e99999999999",
    "1e-99999999999",
    "1,5",
    "0.000000000000000005",
    "9223372036854775807.5",
    "18446744073709551617",
    "0b1",
    "1_0",
    "1d3",
    "1f",
];

const VALUES: &[&str] = &["", "v", "10", "a\0\r\nb"];

const TIMES: &[&str] = &[
    "0",
    "-1",
    "100000",
    "33333333333",
    "33333333333000",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "9223372036854775",
    "9223372036854776",
    "9223372036854774",
    "9221572036854774",
    "x",
    "",
    "1.5",
    "+5",
    "05",
    "-9223372036854775",
    "-9223372036854776",
];

const PATTERNS: &[&str] = &[
    "*", "", "?", "s", "[s-z]", "[^s]", "[z-s]", "[", "[s", "[^", "[]", "[]s]", "[s-", "[s-]", "\\s", "\\", "s\\",
    "**", "*?*", "[\\]s]", "[a-\\]]", "?*", "n*", "*n", "[n-n]", "[!s]", "é", "[^]s]", "[\\", "[s\\",
];

/// Commands, each with what its arguments may be.
const FIXED: &[(&str, &[&[&str]])] = &[
    ("GET", &[KEYS]),
    ("GETDEL", &[KEYS]),
    ("STRLEN", &[KEYS]),
    ("TYPE", &[KEYS]),
    ("TTL", &[KEYS]),
    ("PTTL", &[KEYS]),
    ("EXPIRETIME", &[KEYS]),
    ("PEXPIRETIME", &[KEYS]),
    ("PERSIST", &[KEYS]),
    ("INCR", &[KEYS]),
    ("DECR", &[KEYS]),
    ("INCRBY", &[KEYS, NUMBERS]),
    ("DECRBY", &[KEYS, NUMBERS]),
    ("INCRBYFLOAT", &[KEYS, NUMBERS]),
    ("INCRBYFLOAT", &[KEYS, FLOATS]),
    ("APPEND", &[KEYS, VALUES]),
    ("GETSET", &[KEYS, VALUES]),
    ("SETNX", &[KEYS, VALUES]),
    ("SET", &[KEYS, VALUES]),
    ("SETEX", &[&["s", "none"], TIMES, VALUES]),
    ("PSETEX", &[&["s", "none"], TIMES, VALUES]),
    ("EXPIRE", &[&["s", "t", "none"], TIMES]),
    ("PEXPIRE", &[&["s", "t", "none"], TIMES]),
    ("EXPIREAT", &[&["s", "t", "none"], TIMES]),
    ("PEXPIREAT", &[&["s", "t", "none"], TIMES]),
    ("SET", &[&["s", "none"], &["v"], &["EX", "px", "EXAT", "PXAT"], TIMES]),
    ("GETEX", &[&["s", "t", "none"], &["EX", "px", "EXAT", "PXAT"], TIMES]),
    ("GETRANGE", &[KEYS, &["0", "1", "-1", "-2", "-4", "-100", "100", "x", "-9223372036854775808"], NUMBERS]),
    ("SUBSTR", &[KEYS, &["0", "-3"], NUMBERS]),
    ("SETRANGE", &[KEYS, NUMBERS, VALUES]),
    ("RENAME", &[KEYS, KEYS]),
    ("RENAME", &[&["t", "s", "none"], &["t", "s", "new"]]),
    ("RENAMENX", &[KEYS, KEYS]),
    ("RENAMENX", &[&["t", "s", "none"], &["t", "s", "new"]]),
    ("COPY", &[KEYS, KEYS]),
    ("COPY", &[&["t", "s", "none"], &["t", "s", "new"], &["REPLACE", "replace", "DB", "x"]]),
    ("COPY", &[&["t", "s"], &["s", "new"], &["DB", "db"], NUMBERS]),
    ("MOVE", &[&["s", "none"], NUMBERS]),
    ("SELECT", &[NUMBERS]),
    ("DEL", &[KEYS, KEYS]),
    ("UNLINK", &[KEYS, KEYS]),
    ("EXISTS", &[KEYS, KEYS]),
    ("TOUCH", &[KEYS, KEYS]),
    ("MGET", &[KEYS, KEYS]),
    ("MSET", &[KEYS, VALUES, KEYS, VALUES]),
    ("MSETNX", &[&["s", "new", "none"], VALUES, &["s", "new", "other"], VALUES]),
    ("FLUSHALL", &[&["SYNC", "async", "x", ""]]),
    ("FLUSHDB", &[&["SYNC", "async", "x", ""]]),
    ("SCAN", &[&["x", "-", "+", "--1", "+-1", "1x", " 1", "99999999999999999999", "0\0", "-99999999999999999999"]]),
    ("SCAN", &[&["0"], &["COUNT", "MATCH", "TYPE", "x"]]),
    ("SCAN", &[&["0"], &["COUNT"], &["0", "-1", "x", "", "9223372036854775808", "1.5"]]),
    ("OBJECT", &[&["ENCODING", "refcount", "IDLETIME", "FREQ", "HELP", "x", ""], KEYS]),
    ("PUBSUB", &[&["CHANNELS", "numpat", "NUMSUB", "SHARDCHANNELS", "SHARDNUMSUB", "HELP", "x", ""], &["a"]]),
    ("PUBSUB", &[&["CHANNELS", "numpat", "NUMSUB", "SHARDCHANNELS", "SHARDNUMSUB", "HELP", "x", ""]]),
    ("ECHO", &[VALUES]),
    ("PING", &[VALUES]),
    ("PUBLISH", &[&["a", ""], VALUES]),
    ("LCS", &[&["s", "long", "other", "none"], &["s", "long", "other", "none"]]),
];

/// Commands that are tried with each number of arguments.
const ALL: &[&str] = &[
    "append",
    "copy",
    "dbsize",
    "decr",
    "decrby",
    "del",
    "discard",
    "echo",
    "exec",
    "exists",
    "expire",
    "expireat",
    "expiretime",
    "get",
    "getdel",
    "getex",
    "getrange",
    "getset",
    "incr",
    "incrby",
    "incrbyfloat",
    "lcs",
    "mget",
    "move",
    "mset",
    "msetnx",
    "multi",
    "object",
    "persist",
    "pexpire",
    "pexpireat",
    "pexpiretime",
    "psetex",
    "pttl",
    "publish",
    "pubsub",
    "rename",
    "renamenx",
    "select",
    "set",
    "setex",
    "setnx",
    "setrange",
    "strlen",
    "substr",
    "touch",
    "ttl",
    "type",
    "unlink",
    "unwatch",
    "watch",
    "nosuch",
    "",
];

/// Commands with options, which come in every order, up to three at a time.
const OPTIONS: &[(&[&str], &[&[&str]])] = &[
    (
        &["SET", "s", "new"],
        &[
            &["NX"],
            &["xx"],
            &["GET"],
            &["KEEPTTL"],
            &["EX", "10000"],
            &["PX", "10000000"],
            &["PXAT", "33333333333000"],
            &["x"],
        ],
    ),
    (
        &["SET", "t", "new"],
        &[&["NX"], &["KEEPTTL"], &["get"], &["EX", "10000"], &["EXAT", "33333333333"], &["PERSIST"]],
    ),
    (&["SET", "none", "new"], &[&["NX"], &["xx"], &["GET"], &["KEEPTTL"], &["EX", "0"], &["EX"]]),
    (
        &["GETEX", "t"],
        &[
            &["PERSIST"],
            &["EX", "10000"],
            &["px", "10000000"],
            &["EXAT", "33333333333"],
            &["EXAT", "1"],
            &["KEEPTTL"],
            &["NX"],
        ],
    ),
    (&["EXPIRE", "t", "10000"], &[&["NX"], &["xx"], &["GT"], &["lt"], &["x"], &[""]]),
    (&["EXPIRE", "s", "10000"], &[&["NX"], &["xx"], &["GT"], &["lt"]]),
    (&["PEXPIREAT", "t", "33333333333001"], &[&["NX"], &["xx"], &["GT"], &["lt"]]),
    (&["COPY", "t", "s"], &[&["REPLACE"], &["DB", "0"], &["DB"], &["x"]]),
    (
        &["LCS", "long", "other"],
        &[
            &["IDX"],
            &["LEN"],
            &["WITHMATCHLEN"],
            &["MINMATCHLEN", "2"],
            &["minmatchlen", "-1"],
            &["MINMATCHLEN"],
            &["MINMATCHLEN", "x"],
        ],
    ),
    (&["LCS", "s", "none"], &[&["IDX"], &["LEN"], &["WITHMATCHLEN"]]),
];

fn words(line: &[&str]) -> Words {
    line.iter().map(|word| word.as_bytes().to_vec()).collect()
}

/// Every choice of one from each.
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

/// Names that are none, long and with odd bytes, and as many arguments as are shown, and more.
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

/// What is there before each case.
const BEFORE: &[&[&str]] = &[
    &["DISCARD"],
    &["UNWATCH"],
    &["FLUSHALL"],
    &["MSET", "s", "abc", "n", "10", "long", "ohmytext", "other", "mynewtext"],
    &["SET", "t", "timed", "PXAT", "33333333333000"],
];

/// What is looked at after each case.
const AFTER: &[&[&str]] = &[
    &["EXEC"],
    &["MGET", "s", "n", "t", "none", "new", "other", ""],
    &["PEXPIRETIME", "s"],
    &["PEXPIRETIME", "t"],
    &["PEXPIRETIME", "none"],
    &["PEXPIRETIME", "new"],
];

/// Whether both are the same, apart from times that were counted from when each server was asked, and from the order of
/// keys.
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

/// Runs all cases on both; gives those whose replies differ.
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
        let greeted = [&mut ours, &mut theirs].map(|client| client.ask_raw(&["HELLO", version]));
        if version == "3" && greeted[0].starts_with(b"-") {
            println!("SKIPPED: the server does not speak version 3");
            continue;
        }
        let (cases, found) = differences(&mut ours, &mut theirs);
        count += cases;
        let (differ, shown) = (found.len(), found.iter().take(40).map(String::as_str).collect::<String>());
        assert!(found.is_empty(), "{differ} replies of {cases} cases differ in version {version}:\n{shown}");
    }
    assert!(count > 1_000);
    println!("{count} cases are answered as by Redis");
}
