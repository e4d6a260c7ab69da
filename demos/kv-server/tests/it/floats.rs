//! INCRBYFLOAT beside Redis, with random numbers: every digit must be the same.

use crate::redis::Redis;
use crate::support::{Client, Random, Server, command};

/// The number of sums that are compared. `KV_FLOATS` sets another number.
const SUMS: usize = 20_000;

/// Returns a number in one of the forms that people write.
fn number(random: &mut Random) -> String {
    let sign = random.pick(&["", "", "-"]);
    let digits = |random: &mut Random, most: usize| -> String {
        let length = 1 + random.index(most);
        (0..length).map(|_| char::from(b'0' + u8::try_from(random.below(10)).unwrap())).collect()
    };
    match random.below(40) {
        0 => format!("{sign}{}", digits(random, 20)),
        1..=25 => format!("{sign}{}.{}", digits(random, 8), digits(random, 6)),
        26..=30 => format!("{sign}{}.{}", digits(random, 25), digits(random, 40)),
        31..=34 => format!("{sign}{}.{}e{}", digits(random, 5), digits(random, 20), random.below(60)),
        35..=38 => format!("{sign}{}e-{}", digits(random, 25), random.below(40)),
        _ => format!(
            "{sign}{}.{}e{}{}",
            digits(random, 3),
            digits(random, 30),
            random.pick(&["", "-"]),
            random.below(5_000)
        ),
    }
}

#[test]
fn sums_have_the_digits_that_they_have_in_redis() {
    let Some(redis) = Redis::start(&["--databases", "1"]) else { return };
    let server = Server::start(&[]);
    let mut clients = [server.address, redis.address].map(Client::connect);
    let mut random = Random::new(1);
    let sums = std::env::var("KV_FLOATS").ok().and_then(|sums| sums.parse().ok()).unwrap_or(SUMS);
    for _ in 0..sums.div_ceil(500) {
        let mut lines: Vec<Vec<String>> = Vec::new();
        for _ in 0..500 {
            let line = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
            if !random.one_in(3) {
                lines.push(line(&["SET", "sum", &number(&mut random)]));
            }
            lines.push(line(&["INCRBYFLOAT", "sum", &number(&mut random)]));
        }
        let bytes: Vec<u8> = lines.iter().flat_map(|line| command(line)).collect();
        clients.iter_mut().for_each(|client| client.send(&bytes));
        for line in lines {
            let [ours, theirs] = clients.each_mut().map(Client::raw_reply);
            let [ours, theirs] = [ours, theirs].map(|reply| reply.escape_ascii().to_string());
            assert_eq!(ours, theirs, "{line:?}");
        }
    }
}
