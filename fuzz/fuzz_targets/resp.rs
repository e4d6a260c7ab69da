//! The parser of requests beside a plain one that begins anew with each piece: bytes that are cut anywhere give the
//! same requests, errors and rest; and what it holds is bounded by what it was given.
//!
//! Input is the limits and how often what is sent is repeated, the number of cuts, the cuts, and what a client sends.
//! `fuzz/seeds/resp` is where to start from: `cargo +nightly fuzz run resp fuzz/corpus/resp fuzz/seeds/resp`.
#![no_main]

#[path = "connections/pieces.rs"]
mod pieces;
#[path = "resp/plain.rs"]
mod plain;

use kv_server::{ProtocolError, Request, RequestLimits};
use libfuzzer_sys::fuzz_target;
use nexus_rt::connections::Framing;

use pieces::pieces;
use plain::Plain;

/// Limits that a server may have, and lower ones, which short input exceeds.
const LIMITS: [RequestLimits; 3] = [
    RequestLimits { argument: 4_096, request: 16_384, arguments: 2_000 },
    RequestLimits { argument: 64, request: 256, arguments: 8 },
    RequestLimits { argument: 300, request: 256, arguments: 64 },
];

/// The most that is sent, in bytes. Lines may have 64 KiB.
const MOST: usize = 150_000;

/// The most pieces that are cut. What is left comes in pieces of a whole read.
const CUT: usize = 64;

/// The room that the parser keeps for arguments, and the memory of each of them, in bytes.
const KEPT: usize = 256;
const SPAN: usize = 16;
/// The shortest argument: `$0`, and two line ends.
const SHORTEST: usize = 6;

fuzz_target!(|input: &[u8]| {
    let Some((&[kind, cuts], rest)) = input.split_first_chunk() else { return };
    let Some((cuts, sent)) = rest.split_at_checked(usize::from(cuts % 16)) else { return };
    let limits = LIMITS[usize::from(kind % 4) % LIMITS.len()];
    let times = 1 << (kind / 4 % 8);
    let sent: Vec<u8> = sent.iter().copied().cycle().take((sent.len() * times).min(MOST)).collect();
    let mut parser = Request::new(limits);
    let (mut plain, mut given) = (Plain::new(limits), 0);
    for piece in pieces(&sent, cuts, CUT) {
        given += piece.len();
        parser.buffer().extend(piece);
        loop {
            let found = decode(&mut parser);
            assert_eq!(found, plain.next(&sent[..given]), "{}", sent[..given].escape_ascii());
            match found {
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(_) => return,
            }
        }
        let unread = parser.buffer().unread().len();
        assert_eq!(unread, given - plain.done());
        let most = SPAN * KEPT.max(4 * unread / SHORTEST);
        assert!(parser.holds() <= most, "{} bytes held for {unread} that wait", parser.holds());
    }
});

fn decode(parser: &mut Request) -> Result<Option<Vec<Vec<u8>>>, ProtocolError> {
    parser.decode().map(|request| request.map(|request| request.from(0).map(<[u8]>::to_vec).collect()))
}
