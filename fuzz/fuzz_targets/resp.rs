//! The parser of requests: bytes that are cut anywhere give the requests that they give in one piece, and no input
//! makes it panic or hold more than a few times what it was given.
//!
//! `fuzz/seeds/resp` is where to start from: `cargo +nightly fuzz run resp fuzz/corpus/resp fuzz/seeds/resp`. In a seed
//! a 1 stands before every byte and before every cut (two bytes), and a 0 between both.
#![no_main]

use kv_server::{Request, RequestLimits};
use libfuzzer_sys::fuzz_target;
use nexus_rt::connections::Framing;

const LIMITS: RequestLimits = RequestLimits { argument: 4_096, request: 16_384, arguments: 64 };

/// The most that is read at once, in bytes.
const READ: usize = 64 * 1024;

type Parsed = (Vec<Vec<Vec<u8>>>, Option<String>);

fuzz_target!(|input: (Vec<u8>, Vec<u16>)| {
    let (bytes, cuts) = input;
    // Longer input than is read at once is cut there, and so may fail at another limit.
    let bytes = &bytes[..bytes.len().min(READ)];
    let whole = parse(std::iter::once(bytes));
    let mut rest = bytes;
    let mut cuts = cuts.iter().map(|cut| usize::from(*cut));
    let pieces = std::iter::from_fn(|| {
        let piece = rest.split_off(..cuts.next().unwrap_or(rest.len()).clamp(1, rest.len().max(1)).min(rest.len()))?;
        if piece.is_empty() { None } else { Some(piece) }
    });
    assert_eq!(parse(pieces), whole);
});

fn parse<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Parsed {
    let mut parser = Request::new(LIMITS);
    let mut requests = Vec::new();
    for piece in pieces {
        parser.buffer().extend(piece);
        loop {
            match parser.decode() {
                Ok(Some(request)) => requests.push(request.from(0).map(<[u8]>::to_vec).collect()),
                Ok(None) => break,
                Err(error) => return (requests, Some(error.to_string())),
            }
        }
        assert!(parser.holds() + parser.buffer().unread().len() <= 4 * READ, "{}", parser.holds());
    }
    (requests, None)
}
