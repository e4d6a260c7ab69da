//! The parser of requests: bytes that are cut anywhere give the requests that they give in one piece, and no input
//! makes it panic or hold more than a few times what it was given.
//!
//! `fuzz/seeds/resp` is where to start from: `cargo +nightly fuzz run resp fuzz/corpus/resp fuzz/seeds/resp`. In a seed
//! a 1 stands before every byte and before every cut (two bytes), and a 0 between both.
#![no_main]

use kv_server::{READ, Request, RequestLimits};
use libfuzzer_sys::fuzz_target;

const LIMITS: RequestLimits = RequestLimits { argument: 4_096, request: 16_384, arguments: 64 };

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
    let mut shared = Request::default();
    let mut kept: Option<Request> = None;
    let mut requests = Vec::new();
    for piece in pieces {
        // As the server does: a request that has come in part is kept apart.
        let request = kept.as_mut().unwrap_or(&mut shared);
        request.room()[..piece.len()].copy_from_slice(piece);
        request.add(piece.len());
        loop {
            match request.next(&LIMITS) {
                Ok(true) => requests.push(request.from(0).map(<[u8]>::to_vec).collect()),
                Ok(false) => break,
                Err(error) => return (requests, Some(error.to_string())),
            }
        }
        assert!(request.capacity() <= 4 * READ, "{}", request.capacity());
        kept = match kept.take() {
            Some(mut rest) if rest.has_rest() => {
                rest.compact();
                Some(rest)
            }
            Some(_) => None,
            None => shared.take_rest(),
        };
    }
    (requests, None)
}
