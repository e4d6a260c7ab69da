//! Random commands, with the keys, values, options and mistakes that clients send.

use crate::support::Random;

/// How replies are compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Compare {
    Same,
    AsSet,
    Within(i64),
    Shape,
}

/// A command: its name and its arguments.
type Words = Vec<Vec<u8>>;

/// Returns a client's next command.
pub(crate) fn next(random: &mut Random) -> (Words, Compare) {
    let right = match random.below(64) {
        48..=63 => of_parts_and_names(random),
        0..=27 => (of_strings(random), Compare::Same),
        28..=34 => of_times(random),
        _ => of_all_the_rest(random),
    };
    with_mistakes(random, right)
}

fn of_strings(random: &mut Random) -> Words {
    match random.below(28) {
        0..=3 => with("GET", [key(random)]),
        4..=9 => set(random),
        10 => with("GETSET", [key(random), value(random)]),
        11 => with("GETDEL", [key(random)]),
        12..=13 => with("DEL", keys(random)),
        14 => with("EXISTS", keys(random)),
        15..=16 => with("INCR", [key(random)]),
        17 => with("DECR", [key(random)]),
        18..=19 => with("INCRBY", [key(random), number(random)]),
        20 => with("DECRBY", [key(random), number(random)]),
        21 => with("APPEND", [key(random), value(random)]),
        22 => with("STRLEN", [key(random)]),
        23 => with("MGET", keys(random)),
        24..=25 => {
            let pairs: Words = keys(random).into_iter().flat_map(|key| [key, value(random)]).collect();
            with("MSET", pairs)
        }
        26 => with("SETNX", [key(random), value(random)]),
        _ => with("SET", [key(random), value(random)]),
    }
}

/// Returns SET with options, which may exclude each other.
fn set(random: &mut Random) -> Words {
    let mut words = with("SET", [key(random), value(random)]);
    for _ in 0..random.below(4) {
        match random.below(8) {
            0 => words.extend(some(&["NX"])),
            1 => words.extend(some(&["xx"])),
            2 => words.extend(some(&["KEEPTTL"])),
            3 => words.extend(some(&["GET"])),
            4 => words.extend(with("ex", [seconds(random)])),
            5 => words.extend(with("PX", [milliseconds(random)])),
            6 => words.extend(some(&["EXAT", "33333333333"])),
            _ => words.extend(some(&[random.pick(&["PXAT", "EX", "foo", "", "KEEPTTL"])])),
        }
    }
    words
}

/// Returns one of the less common commands.
fn of_parts_and_names(random: &mut Random) -> (Words, Compare) {
    let at = |random: &mut Random| -> Vec<u8> { random.pick(&["0", "1", "-1", "3", "-7", "100", "x", ""]).into() };
    let words = match random.below(26) {
        0 => with("GETRANGE", [key(random), at(random), at(random)]),
        1 => with("SUBSTR", [key(random), at(random), at(random)]),
        2 => with("SETRANGE", [key(random), at(random), value(random)]),
        3..=5 => with("INCRBYFLOAT", [key(random), float(random)]),
        6 => with("GETEX", [key(random)]),
        7 => with("GETEX", [key(random), random.pick(&["EX", "PX", "EXAT", "PXAT"]).into(), seconds(random)]),
        8 => with("GETEX", [key(random), random.pick(&["PERSIST", "persist", "NX"]).into()]),
        9 => with("SETEX", [key(random), seconds(random), value(random)]),
        10 => with("PSETEX", [key(random), milliseconds(random), value(random)]),
        11 => with("MSETNX", [key(random), value(random), key(random), value(random)]),
        12 => with("RENAME", [key(random), key(random)]),
        13 => with("RENAMENX", [key(random), key(random)]),
        14 => with("COPY", [key(random), key(random)]),
        15 => with("COPY", [key(random), key(random), random.pick(&["REPLACE", "DB", "x"]).into()]),
        16 => with("TOUCH", keys(random)),
        17 => with("UNLINK", keys(random)),
        18 => with("EXPIREAT", [key(random), random.pick(&["33333333333", "1", "0", "-1", "x"]).into()]),
        19 => with("PEXPIREAT", [key(random), far(random)]),
        20 => return (with("EXPIRETIME", [key(random)]), Compare::Within(2)),
        21 => return (with("PEXPIRETIME", [key(random)]), Compare::Within(2_000)),
        22 => with("LCS", [key(random), b"nothing".to_vec(), random.pick(&["LEN", "IDX", "x"]).into()]),
        23 => with("OBJECT", [random.pick(&["FREQ", "IDLETIME", "x", "HELP"]).into(), b"nothing".to_vec()]),
        24 => with("MOVE", [key(random), random.pick(&["0", "x", "99"]).into()]),
        _ => return (some(&["RANDOMKEY"]), Compare::Shape),
    };
    (words, Compare::Same)
}

fn float(random: &mut Random) -> Vec<u8> {
    match random.below(4) {
        0 => number(random),
        1 => random.pick(&["inf", "1e400", "nan", "1.5.5", "0x1p3", "-0", "5e-18"]).into(),
        _ => format!("{}.{}", random.below(1_000), random.below(100_000)).into(),
    }
}

fn of_times(random: &mut Random) -> (Words, Compare) {
    match random.below(7) {
        0..=2 => {
            let mut words = if random.one_in(2) {
                with("EXPIRE", [key(random), seconds(random)])
            } else {
                with("PEXPIRE", [key(random), milliseconds(random)])
            };
            for _ in 0..random.below(3) {
                words.extend(some(&[random.pick(&["NX", "XX", "GT", "lt", "foo"])]));
            }
            (words, Compare::Same)
        }
        3..=4 => (with("TTL", [key(random)]), Compare::Within(2)),
        5 => (with("PTTL", [key(random)]), Compare::Within(2_000)),
        _ => (with("PERSIST", [key(random)]), Compare::Same),
    }
}

fn of_all_the_rest(random: &mut Random) -> (Words, Compare) {
    let words = match random.below(13) {
        0 => with("TYPE", [key(random)]),
        1 => return (some(&["KEYS", pattern(random)]), Compare::AsSet),
        2 => some(&["DBSIZE"]),
        3 => some(&[random.pick(&["PING", "ping"])]),
        4 => with("PING", [value(random)]),
        5 => with("ECHO", [value(random)]),
        6 if random.one_in(2) => same_key_twice(random),
        6 => some(&["SELECT", random.pick(&["0", "00", "x", "-1", "99"])]),
        7 if random.one_in(2) => some(of_the_connection(random)),
        7 => return (some(answered_differently(random)), Compare::Shape),
        8 => some(&["CLIENT", random.pick(&["GETNAME", "SETNAME"])]),
        9 => match random.below(4) {
            0 => some(&["CLIENT", "SETNAME", random.pick(&["me", "you", "", "two words"])]),
            1 => return (some(&["SCAN", random.pick(&["x", "-1", "-", "", "1x"])]), Compare::Shape),
            2 => some(&["SCAN", "0", random.pick(&["COUNT", "FOO"]), random.pick(&["0", "x", "-5"])]),
            _ => some(&["UNSUBSCRIBE", "nowhere"]),
        },
        10 => with("PUBLISH", [random.pick(&["news", "silence"]).into(), value(random)]),
        11 => with(random.pick(&["nosuch", "get ", "", "g\r\net"]), keys(random)),
        _ if random.one_in(20) => some(&["FLUSHALL"]),
        _ => with("SET", [key(random), value(random)]),
    };
    (words, Compare::Same)
}

/// Returns commands with the same key twice, or with times at the end of the range. (Redis counts an expired key until
/// a client accesses it.)
fn same_key_twice(random: &mut Random) -> Words {
    let (first, second) = (key(random), value(random));
    match random.below(5) {
        0 => with("MSET", [first.clone(), value(random), first, second]),
        1 => with("MGET", [first.clone(), first.clone(), first]),
        2 => with("DEL", [first.clone(), first]),
        3 => with("EXISTS", [first.clone(), first.clone(), first]),
        _ => with("SET", [first, second, "GET".into(), "PXAT".into(), far(random)]),
    }
}

/// Returns a command about the connection or the server that both servers answer in the same words.
fn of_the_connection(random: &mut Random) -> &'static [&'static str] {
    let all: [&[&str]; 24] = [
        &["RESET"],
        &["AUTH", "x"],
        &["AUTH", "default", "x"],
        &["AUTH", "a", "b"],
        &["HELLO", "4", "5"],
        &["HELLO", "x", "y"],
        &["HELLO", "3", "foo", "bar"],
        &["CLIENT", "KILL", "ID", "99999999"],
        &["CLIENT", "KILL", "FOO", "1"],
        &["CLIENT", "NO-EVICT", "on"],
        &["CLIENT", "GETREDIR"],
        &["CLIENT", "TRACKINGINFO"],
        &["CLIENT", "LIST", "ID", "x"],
        &["CLIENT", "UNBLOCK", "1"],
        &["CLIENT", "REPLY", "ON"],
        &["CLIENT", "NOSUCH"],
        &["CONFIG", "GET", "maxmemory-policy"],
        &["CONFIG", "SET", "timeout", "x"],
        &["COMMAND", "GETKEYS", "MSET", "a", "1", "b", "2"],
        &["COMMAND", "INFO", "get", "nosuch"],
        &["COMMAND", "DOCS", "set", "get"],
        &["WAIT", "0", "0"],
        &["ROLE"],
        &["LATENCY", "LATEST"],
    ];
    all[random.index(all.len())]
}

/// Returns a command that each server answers in words of its own.
fn answered_differently(random: &mut Random) -> &'static [&'static str] {
    let all: [&[&str]; 12] = [
        &["SCAN", "0"],
        &["SCAN", "0", "COUNT", "1000", "MATCH", "key:*"],
        &["INFO"],
        &["INFO", "server"],
        &["CLIENT", "ID"],
        &["CLIENT", "LIST"],
        &["HELLO", "2"],
        &["HELLO", "3"],
        &["TIME"],
        &["COMMAND", "COUNT"],
        &["COMMAND"],
        &["CONFIG", "GET", "maxmemory"],
    ];
    all[random.index(all.len())]
}

/// Sometimes adds or removes a word, or writes the name in other letters.
fn with_mistakes(random: &mut Random, (mut words, mut compare): (Words, Compare)) -> (Words, Compare) {
    match random.below(40) {
        0 => {
            words.pop();
            compare = if compare == Compare::Same { compare } else { Compare::Shape };
        }
        // (UNSUBSCRIBE has a reply for each word.)
        1 if compare == Compare::Same && words[0] != b"UNSUBSCRIBE" => words.push(b"more".to_vec()),
        2..=5 if !words.is_empty() => words[0].make_ascii_lowercase(),
        _ => {}
    }
    if words.is_empty() || words[0].eq_ignore_ascii_case(b"flushall") && words.len() > 1 {
        words = some(&["PING"]);
    }
    (words, compare)
}

fn with(name: &str, rest: impl IntoIterator<Item = Vec<u8>>) -> Words {
    std::iter::once(name.into()).chain(rest).collect()
}

fn some(words: &[&str]) -> Words {
    words.iter().map(|word| word.as_bytes().to_vec()).collect()
}

pub(crate) fn key(random: &mut Random) -> Vec<u8> {
    match random.below(20) {
        0 => Vec::new(),
        1 => b"a key\r\nof \"two\" lines\0".to_vec(),
        n => format!("key:{n}").into(),
    }
}

fn keys(random: &mut Random) -> Words {
    (0..=random.below(4)).map(|_| key(random)).collect()
}

fn pattern(random: &mut Random) -> &'static str {
    random.pick(&["*", "key:*", "key:1?", "key:[1-5]", "key:[^1]*", "", "*\\*", "k*:*3", "nothing", "[", "key:[2"])
}

fn value(random: &mut Random) -> Vec<u8> {
    match random.below(6) {
        0 => Vec::new(),
        1 => (0..random.below(300)).map(|_| random.below(256) as u8).collect(),
        2 => format!("value {}", random.below(100)).into(),
        3 => vec![b'x'; random.index(5_000)],
        _ => number(random),
    }
}

fn number(random: &mut Random) -> Vec<u8> {
    match random.below(8) {
        0 => i64::MAX.to_string().into(),
        1 => i64::MIN.to_string().into(),
        2 => random.pick(&["", "-", "01", "1.5", "abc", " 1", "9223372036854775808", "-0", "+1"]).into(),
        3 => format!("-{}", random.below(1_000)).into(),
        _ => random.below(1_000).to_string().into(),
    }
}

/// Returns a time that is never close to now, so that both servers reply the same, however long requests take.
fn seconds(random: &mut Random) -> Vec<u8> {
    match random.below(6) {
        0 => random.pick(&["0", "-1", "-1000", "9223372036854775807", "-9223372036854775808", "x", ""]).into(),
        _ => (1_000 + random.below(1_000_000_000)).to_string().into(),
    }
}

fn milliseconds(random: &mut Random) -> Vec<u8> {
    [&seconds(random)[..], b"000"].concat()
}

fn far(random: &mut Random) -> Vec<u8> {
    random.pick(&["33333333333333", "0", "-1", "x", "9223372036854775807", "9223372036854775808"]).into()
}
