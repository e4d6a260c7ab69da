//! What is a message, what is ignored, and what ends the connection.

use nexus_rt::connections::Framing;

use crate::message::{Decimal, Message, Unframed};
use crate::rig::framed;

fn decoded(bytes: &[u8]) -> Result<Option<String>, Unframed> {
    let mut message = Message::default();
    message.buffer().extend(bytes);
    let message = message.decode()?;
    Ok(message.map(|it| format!("{} {} {}", it.is_intact(), it.kind(), it.fields().count())))
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
                assert!(message.is_intact());
                kinds.push_str(message.kind());
            }
        }
        assert_eq!(kinds, "01", "cut at {cut}");
    }
}

#[test]
fn messages_reuse_one_list_of_fields() {
    let mut framing = Message::default();
    let mut held = [0; 2];
    for held in &mut held {
        for _ in 0..100 {
            framing.buffer().extend(&framed("35=D|34=1|11=a|55=b|54=1|38=1|40=2|44=1|60=x"));
            assert_eq!(framing.decode().unwrap().unwrap().fields().count(), 12);
        }
        *held = framing.holds();
    }
    assert!(held[0] > 0 && held[0] == held[1]);
}

#[test]
fn what_cannot_be_framed_has_its_error() {
    for (bytes, error) in [
        (&b"GET / HTTP/1.1\r\n"[..], Unframed::BeginString),
        (b"8=FIX.4.2\x019=5\x01", Unframed::BeginString),
        (b"8=FIX.4.4\x0135=0\x01", Unframed::BeginString),
        (b"8=FIX.4.4\x019=5x\x01", Unframed::BodyLength),
        (b"8=FIX.4.4\x019=\x01", Unframed::BodyLength),
        (b"8=FIX.4.4\x019=0\x01", Unframed::BodyLength),
        (b"8=FIX.4.4\x019=-5\x01", Unframed::BodyLength),
        (b"8=FIX.4.4\x019=1234567", Unframed::BodyLength),
        (b"8=FIX.4.4\x019=65537\x01", Unframed::TooLong),
        (b"8=FIX.4.4\x019=4\x0135=0\x0110=163\x01", Unframed::CheckSum),
        (b"8=FIX.4.4\x019=5\x0135=0\x0111=163\x01", Unframed::CheckSum),
        (b"8=FIX.4.4\x019=5\x0135=0\x0110=163|", Unframed::CheckSum),
    ] {
        assert_eq!(decoded(bytes), Err(error), "{}", bytes.escape_ascii());
    }
    let whole = framed("35=0|34=1");
    for length in 0..whole.len() {
        assert_eq!(decoded(&whole[..length]), Ok(None));
    }
}

#[test]
fn a_wrong_sum_or_a_type_out_of_place_is_garbled_and_the_next_message_is_found() {
    let mut bytes = framed("35=0|34=1");
    let place = bytes.len() - 2;
    bytes[place] ^= 1;
    assert_eq!(decoded(&bytes), Ok(Some("false 0 5".into())));
    assert_eq!(decoded(&framed("34=1|35=0")), Ok(Some("false 0 5".into())));
    bytes.extend(framed("35=5|34=1"));
    let mut framing = Message::default();
    framing.buffer().extend(&bytes);
    let seen = [(); 2].map(|()| framing.decode().unwrap().map(|it| (it.is_intact(), it.kind().to_owned())));
    assert_eq!(seen, [Some((false, "0".into())), Some((true, "5".into()))]);
}

#[test]
fn data_may_contain_separators() {
    let mut framing = Message::default();
    framing.buffer().extend(&framed("35=B|95=8|96=a|35=D|b|58=end"));
    let message = framing.decode().unwrap().unwrap();
    assert_eq!((message.text(96), message.text(58), message.kind()), (Some("a\x0135=D\x01b"), Some("end"), "B"));
    // A length that leads nowhere is not believed.
    for length in ["99", "18446744073709551615", "1"] {
        assert_eq!(decoded(&framed(&format!("35=B|95={length}|96=abc|58=x"))), Ok(Some("true B 7".into())));
    }
    assert_eq!(decoded(&framed("35=B|junk|=|x=1|99999999999=1")), Ok(Some("true B 8".into())));
}

#[test]
fn decimals_have_four_places() {
    for (text, value) in [("1", 10_000), ("1.", 10_000), ("0.5", 5_000), ("12.3450000", 123_450), ("007", 70_000)] {
        assert_eq!(text.parse(), Ok(Decimal(value)), "{text}");
    }
    for text in ["", ".5", "-1", "+1", "1e3", "1.00001", "1,5", "1.5.5", "1000000000000000000", "NaN", " 1"] {
        assert_eq!(text.parse::<Decimal>(), Err(()), "{text}");
    }
    assert_eq!(Decimal(123_450).to_string(), "12.3450");
}
