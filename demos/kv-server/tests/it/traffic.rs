//! What clients ask, by chance: commands with the keys, values, options and mistakes that they have.

use crate::support::Random;

/// How replies are compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Compare {
    Same,
    AsSet,
    Within(i64),
    Shape,
}

/// A client's next command.
pub(crate) fn next(random: &mut Random) -> (Vec<Vec<u8>>, Compare) {
    let number = |random: &mut Random| match random.below(8) {
        0 => i64::MAX.to_string(),
        1 => i64::MIN.to_string(),
        2 => random.pick(&["", "-", "01", "1.5", "abc", " 1", "9223372036854775808", "-0", "+1"]).to_owned(),
        3 => format!("-{}", random.below(1_000)),
        _ => random.below(1_000).to_string(),
    };
    // Never near the present, so that both servers say the same however long the way to them is.
    let seconds = |random: &mut Random| match random.below(6) {
        0 => random.pick(&["0", "-1", "-1000", "9223372036854775807", "-9223372036854775808", "x", ""]).to_owned(),
        _ => (1_000 + random.below(1_000_000_000)).to_string(),
    };
    let far = |random: &mut Random| {
        random.pick(&["33333333333333", "0", "-1", "x", "9223372036854775807", "9223372036854775808"]).to_owned()
    };
    let key = |random: &mut Random| -> Vec<u8> {
        match random.below(20) {
            0 => Vec::new(),
            1 => b"a key\r\nof \"two\" lines\0".to_vec(),
            n => format!("key:{n}").into_bytes(),
        }
    };
    let value = |random: &mut Random| -> Vec<u8> {
        match random.below(6) {
            0 => Vec::new(),
            1 => (0..random.below(300)).map(|_| random.below(256) as u8).collect(),
            2 => format!("value {}", random.below(100)).into_bytes(),
            3 => vec![b'x'; random.index(5_000)],
            _ => number(random).into_bytes(),
        }
    };
    let keys = |random: &mut Random| (0..=random.below(4)).map(|_| key(random)).collect::<Vec<_>>();
    let some = |words: &[&str]| words.iter().map(|word| word.as_bytes().to_vec()).collect::<Vec<_>>();
    let with = |name: &str, rest: Vec<Vec<u8>>| {
        let mut words = vec![name.as_bytes().to_vec()];
        words.extend(rest);
        words
    };
    let mut compare = Compare::Same;
    let mut words = match random.below(48) {
        0..=3 => with("GET", vec![key(random)]),
        4..=9 => {
            let mut words = with("SET", vec![key(random), value(random)]);
            for _ in 0..random.below(4) {
                match random.below(8) {
                    0 => words.extend(some(&["NX"])),
                    1 => words.extend(some(&["xx"])),
                    2 => words.extend(some(&["KEEPTTL"])),
                    3 => words.extend(some(&["GET"])),
                    4 => words.extend([b"ex".to_vec(), seconds(random).into_bytes()]),
                    5 => words.extend([b"PX".to_vec(), format!("{}000", seconds(random)).into_bytes()]),
                    6 => words.extend(some(&["EXAT", "33333333333"])),
                    _ => words.extend(some(&[random.pick(&["PXAT", "EX", "foo", "", "KEEPTTL"])])),
                }
            }
            words
        }
        10 => with("GETSET", vec![key(random), value(random)]),
        11 => with("GETDEL", vec![key(random)]),
        12..=13 => with("DEL", keys(random)),
        14 => with("EXISTS", keys(random)),
        15..=16 => with("INCR", vec![key(random)]),
        17 => with("DECR", vec![key(random)]),
        18..=19 => with("INCRBY", vec![key(random), number(random).into_bytes()]),
        20 => with("DECRBY", vec![key(random), number(random).into_bytes()]),
        21 => with("APPEND", vec![key(random), value(random)]),
        22 => with("STRLEN", vec![key(random)]),
        23 => with("MGET", keys(random)),
        24..=25 => {
            let pairs = keys(random).into_iter().flat_map(|key| [key, value(random)]).collect();
            with("MSET", pairs)
        }
        26 => with("SETNX", vec![key(random), value(random)]),
        27..=29 => {
            let name = random.pick(&["EXPIRE", "PEXPIRE"]);
            let time = if name == "EXPIRE" { seconds(random) } else { format!("{}000", seconds(random)) };
            let mut words = with(name, vec![key(random), time.into_bytes()]);
            for _ in 0..random.below(3) {
                words.extend(some(&[random.pick(&["NX", "XX", "GT", "lt", "foo"])]));
            }
            words
        }
        30..=31 => {
            compare = Compare::Within(2);
            with("TTL", vec![key(random)])
        }
        32 => {
            compare = Compare::Within(2_000);
            with("PTTL", vec![key(random)])
        }
        33 => with("PERSIST", vec![key(random)]),
        34 => with("TYPE", vec![key(random)]),
        35 => {
            compare = Compare::AsSet;
            let pattern = random.pick(&[
                "*",
                "key:*",
                "key:1?",
                "key:[1-5]",
                "key:[^1]*",
                "",
                "*\\*",
                "k*:*3",
                "nothing",
                "[",
                "key:[2",
            ]);
            some(&["KEYS", pattern])
        }
        36 => some(&["DBSIZE"]),
        37 => some(&[random.pick(&["PING", "ping"])]),
        38 => with("PING", vec![value(random)]),
        39 => with("ECHO", vec![value(random)]),
        // Where the same key comes twice, and times at the end of what can be written. (Redis counts what has ended
        // until somebody asks.)
        40 if random.one_in(2) => {
            let (first, second) = (key(random), value(random));
            match random.below(5) {
                0 => with("MSET", vec![first.clone(), value(random), first, second]),
                1 => with("MGET", vec![first.clone(), first.clone(), first]),
                2 => with("DEL", vec![first.clone(), first]),
                3 => with("EXISTS", vec![first.clone(), first.clone(), first]),
                _ => with("SET", vec![first, second, b"GET".to_vec(), b"PXAT".to_vec(), far(random).into_bytes()]),
            }
        }
        40 => some(&["SELECT", random.pick(&["0", "00", "x", "-1", "99"])]),
        41 => {
            compare = Compare::Shape;
            let all: [&[&str]; 9] = [
                &["SCAN", "0"],
                &["SCAN", "0", "COUNT", "1000", "MATCH", "key:*"],
                &["INFO"],
                &["INFO", "server"],
                &["CLIENT", "ID"],
                &["CLIENT", "LIST"],
                &["COMMAND", "COUNT"],
                &["COMMAND"],
                &["CONFIG", "GET", "maxmemory"],
            ];
            some(all[random.index(all.len())])
        }
        42 => some(&["CLIENT", random.pick(&["GETNAME", "SETNAME"])]),
        43 => match random.below(4) {
            0 => with(
                "CLIENT",
                vec![b"SETNAME".to_vec(), random.pick(&["me", "you", "", "two words"]).as_bytes().to_vec()],
            ),
            1 => {
                compare = Compare::Shape;
                some(&["SCAN", random.pick(&["x", "-1", "-", "", "1x"])])
            }
            2 => some(&["SCAN", "0", random.pick(&["COUNT", "FOO"]), random.pick(&["0", "x", "-5"])]),
            _ => some(&["UNSUBSCRIBE", "nowhere"]),
        },
        44 => with("PUBLISH", vec![random.pick(&["news", "silence"]).as_bytes().to_vec(), value(random)]),
        45 => with(random.pick(&["nosuch", "get ", "", "g\r\net"]), keys(random)),
        46 if random.one_in(20) => some(&["FLUSHALL"]),
        _ => with("SET", vec![key(random), value(random)]),
    };
    // Now and then a word too many or too few, and a name in other letters.
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
