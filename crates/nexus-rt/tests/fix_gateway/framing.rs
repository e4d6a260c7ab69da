//! What is a message, what is ignored, and what ends the connection.

use std::time::Duration;

use nexus_rt::connections::Framing;

use crate::gateway::message::{Message, utc};
use crate::rig::framed;

/// The type of the message that these bytes begin with.
fn decoded(bytes: &[u8]) -> Result<Option<String>, String> {
    let mut message = Message::default();
    message.buffer().extend(bytes);
    let message = message.decode().map_err(|error| error.to_string())?;
    Ok(message.map(|it| it.text(35).to_owned()))
}

#[test]
fn messages_that_come_in_pieces_are_put_together() {
    let bytes = [framed("35=0|34=1"), framed("35=1|34=2|112=x")].concat();
    for cut in 0..bytes.len() {
        let mut framing = Message::default();
        let mut kinds = String::new();
        for part in [&bytes[..cut], &bytes[cut..]] {
            framing.buffer().extend(part);
            while let Some(message) = framing.decode().unwrap() {
                kinds.push_str(message.text(35));
            }
        }
        assert_eq!(kinds, "01", "cut at {cut}");
    }
}

#[test]
fn what_cannot_be_framed_has_its_error() {
    let begin = "a message does not begin with `8=FIX.4.4` and a body length";
    let sum = "the body length does not lead to a checksum";
    for (bytes, error) in [
        (&b"GET / HTTP/1.1\r\n\r\n\r\n"[..], begin),
        (b"8=FIX.4.2\x019=5\x0135=0\x01", begin),
        (b"8=FIX.4.4\x0135=0\x019=5\x01", begin),
        (b"8=FIX.4.4\x019=5x\x0135=0\x01", begin),
        (b"8=FIX.4.4\x019=\x0135=0\x0134=1", begin),
        (b"8=FIX.4.4\x019=0\x0135=0\x0134=1", begin),
        (b"8=FIX.4.4\x019=-5\x0135=0\x0134=1", begin),
        (b"8=FIX.4.4\x019=+5\x0135=0\x0110=216\x01", begin),
        (b"8=FIX.4.4\x019=1234567", begin),
        (b"8=FIX.4.4\x019=65537\x0135=0", begin),
        (b"8=FIX.4.4\x019=4\x0135=0\x0110=163\x01", sum),
        (b"8=FIX.4.4\x019=5\x0135=0\x0111=163\x01", sum),
        (b"8=FIX.4.4\x019=5\x0135=0\x0110=163|", sum),
    ] {
        assert_eq!(decoded(bytes), Err(error.to_owned()), "{}", bytes.escape_ascii());
    }
    let whole = framed("35=0|34=1");
    for length in 0..whole.len() {
        assert_eq!(decoded(&whole[..length]), Ok(None));
    }
}

#[test]
fn a_message_with_a_wrong_sum_is_passed_over() {
    let mut bytes = framed("35=0|34=1");
    let place = bytes.len() - 2;
    bytes[place] ^= 1;
    assert_eq!(decoded(&bytes), Ok(None));
    bytes.extend(framed("35=5|34=1"));
    assert_eq!(decoded(&bytes), Ok(Some("5".into())));
}

#[test]
fn what_is_no_field_is_passed_over() {
    let mut framing = Message::default();
    framing.buffer().extend(&framed("35=B|junk|=|x=1|99999999999=1|58=a=b|34=x"));
    let message = framing.decode().unwrap().unwrap();
    assert_eq!([message.text(58), message.text(1), message.text(35)], ["a=b", "", "B"]);
    assert_eq!([message.number(34), message.number(58), message.number(1)], [0; 3]);
}

#[test]
fn times_are_those_of_the_calendar() {
    for (seconds, time) in [
        (0, "19700101-00:00:00.007"),
        (68_169_599, "19720228-23:59:59.007"),
        (68_169_600, "19720229-00:00:00.007"),
        (951_868_800, "20000301-00:00:00.007"),
        (1_709_251_199, "20240229-23:59:59.007"),
        (1_735_689_599, "20241231-23:59:59.007"),
        (1_735_689_600, "20250101-00:00:00.007"),
        (4_107_542_399, "21000228-23:59:59.007"),
    ] {
        assert_eq!(utc(Duration::from_millis(seconds * 1_000 + 7)), time);
    }
}
