//! Requests as bytes: encoded requests decode to the same, and invalid bytes are refused.

use kv_server::{Limits, Malformed, Request};
use nexus_rt::connections::Framing;

use crate::support::{Random, command};
use crate::traffic;

type Words = Vec<Vec<u8>>;

fn some_words(random: &mut Random) -> Words {
    match random.below(8) {
        0 => (0..200).map(|n| vec![7; n]).collect(),
        1 => vec![vec![random.below(256) as u8; random.index(70_000)]],
        _ => traffic::next(random).0,
    }
}

fn encoded(requests: &[Words]) -> Vec<u8> {
    let (mut request, mut bytes) = (Request::new(Limits::default().request), Vec::new());
    for words in requests {
        request.buffer().extend(&command(words));
        request.decode().unwrap().unwrap().encode(&mut bytes);
    }
    bytes
}

/// Decodes all requests. Returns them and how decoding ends.
fn decoded(mut bytes: &[u8]) -> (Vec<Words>, Result<(), Malformed>) {
    let (mut request, mut all) = (Request::new(Limits::default().request), Vec::new());
    loop {
        match request.fill(&mut bytes) {
            Ok(true) => all.push(request.from(0).map(<[u8]>::to_vec).collect()),
            Ok(false) => return (all, Ok(())),
            Err(error) => {
                assert!(request.is_empty());
                return (all, Err(error));
            }
        }
    }
}

#[test]
fn requests_that_are_written_are_read_again() {
    for seed in 0..100 {
        let mut random = Random::new(seed);
        let requests: Vec<_> = (0..random.below(20)).map(|_| some_words(&mut random)).collect();
        assert_eq!(decoded(&encoded(&requests)), (requests, Ok(())));
    }
}

#[test]
fn requests_that_are_cut_or_damaged_are_refused_or_read_as_others() {
    for seed in 0..100 {
        let mut random = Random::new(seed);
        let requests: Vec<_> = (0..=random.below(3)).map(|_| traffic::next(&mut random).0).collect();
        let bytes = encoded(&requests);
        for _ in 0..200 {
            let (read, end) = decoded(&bytes[..random.index(bytes.len())]);
            assert!(requests.starts_with(&read) && read.len() < requests.len());
            assert!(end == Err(Malformed::Cut) || end.is_ok());
            let mut damaged = bytes.clone();
            let at = random.index(bytes.len());
            damaged[at] ^= 1 << random.below(8);
            let (read, end) = decoded(&damaged);
            assert!(end.is_err() || read != requests && encoded(&read) == damaged);
        }
    }
}

#[test]
fn a_request_uses_the_memory_of_the_one_before() {
    let requests = [vec![b"SET".to_vec(), vec![b'k'; 100], vec![b'v'; 10_000]], vec![b"GET".to_vec(), b"k".to_vec()]];
    let bytes = encoded(&requests);
    let mut request = Request::new(Limits::default().request);
    assert_eq!(request.fill(&mut &bytes[..]), Ok(true));
    let place = request.get(0).as_ptr();
    for _ in 0..10 {
        let mut rest = &bytes[..];
        while request.fill(&mut rest).unwrap() {
            assert_eq!(request.get(0).as_ptr(), place);
        }
    }
}

#[test]
fn a_request_takes_the_place_of_what_a_client_has_sent_in_part() {
    let mut request = Request::new(Limits::default().request);
    request.buffer().extend(b"*3\r\n$3\r\nSET\r\n$1\r\n");
    assert!(request.decode().unwrap().is_none());
    assert_eq!(request.fill(&mut &b"\x02\x03GET\x01k"[..]), Ok(true));
    assert_eq!(request.from(0).collect::<Vec<_>>(), [&b"GET"[..], b"k"]);
    request.buffer().extend(b"PING\r\n");
    assert_eq!(request.decode().unwrap().unwrap().get(0), b"PING");
}
