//! The session layer: logon, numbers, gaps, heartbeats, logout.

use std::time::Duration;

use crate::rig::{Rig, framed};

const NOTHING: [&str; 0] = [];

/// An order that is rejected for its price.
const ORDER: &str = "35=D|11=a|55=ACME|54=1|38=1|40=2|44=1";

#[test]
fn only_who_is_known_logs_on_and_only_once() {
    for text in [
        "35=0|34=1|49=CLIENT|56=GATEWAY|52=20240229-00:00:00",
        "35=A|34=1|49=OTHER|56=GATEWAY|52=20240229-00:00:00|98=0|108=30",
        "35=A|34=1|49=CLIENT|56=OTHER|52=20240229-00:00:00|98=0|108=30",
    ] {
        let mut rig = Rig::new();
        assert_eq!(rig.receive(&framed(text)), NOTHING);
        assert!(rig.is_closed);
    }
    for other in ["CLIENT", "SECOND"] {
        let mut rig = Rig::logged_on(30);
        let logon = format!("35=A|34=2|49={other}|56=GATEWAY|52=20240229-00:00:00|98=0|108=30");
        assert_eq!(rig.receive(&framed(&logon)), ["35=5|34=2|58=these CompIDs cannot log on"]);
        assert!(rig.is_closed);
    }
    let mut rig = Rig::logged_on(30);
    let _first = rig.reconnect();
    assert_eq!(rig.send("35=A|98=0|108=30"), NOTHING);
    assert!(rig.is_closed, "the other connection stands");
}

#[test]
fn a_logon_without_its_interval_ends_the_session() {
    for fields in ["98=0", "98=0|108=0", "98=0|108=-1", "98=0|108=61"] {
        let mut rig = Rig::new();
        let sent = rig.send(&format!("35=A|{fields}"));
        assert_eq!(sent, ["35=5|34=1|58=HeartBtInt is out of range"]);
        assert!(rig.is_closed);
    }
}

#[test]
fn a_gap_is_asked_for_once_and_filled() {
    let mut rig = Rig::logged_on(30);
    assert_eq!(rig.send_as(4, "35=0"), ["35=2|34=2|7=2|16=0"]);
    assert_eq!(rig.send_as(5, "35=1|112=lost"), NOTHING, "it comes again");
    assert_eq!(rig.send_as(2, "35=4|43=Y|122=20240229-00:00:00|123=Y|36=5"), NOTHING);
    assert_eq!(rig.send_as(5, "35=1|43=Y|122=20240229-00:00:00|112=x"), ["35=0|34=3|112=x"]);
    assert_eq!(rig.send_as(5, "35=1|43=Y|122=20240229-00:00:00|112=x"), NOTHING, "a duplicate");
    assert_eq!(rig.send_as(8, "35=0"), ["35=2|34=4|7=6|16=0"], "another gap");
}

#[test]
fn a_resend_that_leaves_out_a_message_ends_the_session() {
    let mut rig = Rig::logged_on(30);
    assert_eq!(rig.send_as(3, "35=0"), ["35=2|34=2|7=2|16=0"]);
    let sent = rig.send_as(3, "35=0|43=Y|122=20240229-00:00:00");
    assert_eq!(sent, ["35=5|34=3|58=the resend left out MsgSeqNum 2"]);
    assert!(rig.is_closed);
    rig.reconnect();
    assert_eq!(rig.send_as(4, "35=A|98=0|108=30"), ["35=A|34=4|98=0|108=30", "35=2|34=5|7=2|16=0"]);
}

#[test]
fn what_is_lost_within_a_resend_is_asked_for_again_and_the_rest_of_the_resend_ignored() {
    let mut rig = Rig::logged_on(30);
    assert_eq!(rig.send_as(6, "35=0"), ["35=2|34=2|7=2|16=0"]);
    let resent = |rig: &mut Rig, number| rig.send_as(number, "35=1|43=Y|122=20240229-00:00:00|112=x");
    assert_eq!(resent(&mut rig, 2), ["35=0|34=3|112=x"]);
    assert_eq!(resent(&mut rig, 4), ["35=2|34=4|7=3|16=0"]);
    assert_eq!([resent(&mut rig, 5), resent(&mut rig, 6)], [NOTHING; 2]);
    let mut comes = |number, expected: &str| assert_eq!(resent(&mut rig, number), [expected]);
    comes(3, "35=0|34=5|112=x");
    // The second resend loses one as well, and the third one loses it again.
    comes(5, "35=2|34=6|7=4|16=0");
    comes(5, "35=5|34=7|58=the resend left out MsgSeqNum 4");
}

#[test]
fn a_resend_that_never_arrives_is_asked_for_again_after_the_next_heartbeat() {
    let mut rig = Rig::logged_on(30);
    assert_eq!(rig.send_as(3, "35=0"), ["35=2|34=2|7=2|16=0"]);
    // The gap fill for 2 and 3 was garbled.
    assert_eq!(rig.send_as(4, "35=0"), NOTHING, "the resend may still be under way");
    assert_eq!(rig.pass(Duration::from_secs(30)), ["35=0|34=3"]);
    assert_eq!(rig.send_as(5, "35=0"), ["35=2|34=4|7=2|16=0"]);
    assert_eq!(rig.send_as(2, "35=4|43=Y|122=20240229-00:00:00|123=Y|36=6"), NOTHING);
    assert_eq!(rig.send_as(6, "35=1|112=x"), ["35=0|34=5|112=x"]);
}

#[test]
fn a_garbled_message_has_not_come() {
    let mut rig = Rig::logged_on(30);
    let mut garbled = framed("35=1|34=2|49=CLIENT|56=GATEWAY|52=20240229-00:00:00|112=x");
    let place = garbled.len() - 10;
    garbled[place] ^= 1;
    assert_eq!(rig.receive(&garbled), NOTHING);
    assert_eq!(rig.send_as(2, "35=1|112=y"), ["35=0|34=2|112=y"], "its number is free");
}

#[test]
fn a_number_that_is_too_low_ends_the_session() {
    let mut rig = Rig::logged_on(30);
    assert_eq!(rig.send_as(1, "35=0"), ["35=5|34=2|58=MsgSeqNum too low, expecting 2 but received 1"]);
    assert!(rig.is_closed);
    // Nobody logs on by a duplicate.
    rig.reconnect();
    let sent = rig.send_as(1, "35=A|43=Y|122=20240229-00:00:00|98=0|108=30");
    assert_eq!(sent, ["35=5|34=3|58=MsgSeqNum too low, expecting 2 but received 1"]);
    let mut rig = Rig::logged_on(30);
    let unnumbered = framed("35=0|49=CLIENT|56=GATEWAY|52=20240229-00:00:00");
    assert_eq!(rig.receive(&unnumbered), ["35=5|34=2|58=MsgSeqNum too low, expecting 2 but received 0"]);
}

#[test]
fn who_speaks_for_another_is_logged_out() {
    let mut rig = Rig::logged_on(30);
    let sent = rig.receive(&framed("35=0|34=2|49=SECOND|56=GATEWAY|52=20240229-00:00:00"));
    assert_eq!(sent, ["35=5|34=2|58=these CompIDs are not logged on"]);
    assert!(rig.is_closed);
}

#[test]
fn a_reset_moves_the_number_and_never_back() {
    let mut rig = Rig::logged_on(30);
    assert_eq!(rig.send_as(99, "35=4|36=10"), NOTHING);
    assert_eq!(rig.send_as(10, "35=1|112=x"), ["35=0|34=2|112=x"]);
    assert_eq!(rig.send_as(99, "35=4|36=5"), NOTHING);
    assert_eq!(rig.send_as(11, "35=4|123=Y|36=11"), NOTHING);
    assert_eq!(rig.send_as(12, "35=4|123=Y|36=20"), NOTHING);
    assert_eq!(rig.send_as(20, "35=1|112=y"), ["35=0|34=3|112=y"]);
}

#[test]
fn a_message_without_a_required_field_ends_the_session_and_has_its_number() {
    let mut logon = 1;
    let mut rig = Rig::logged_on(30);
    for (text, why) in [
        ("35=1", "field 112 is missing"),
        ("35=1|112=", "field 112 is missing"),
        ("35=D|11=a|55=ACME|54=1|38=1|44=1", "field 40 is missing"),
        ("35=F|41=a", "field 11 is missing"),
        ("35=V", "unknown message type"),
        ("35=", "unknown message type"),
    ] {
        assert_eq!(rig.send(text), [format!("35=5|34={}|58={why}", logon + 1)], "{text}");
        assert!(rig.is_closed);
        rig.reconnect();
        logon += 2;
        assert_eq!(rig.send("35=A|98=0|108=30"), [format!("35=A|34={logon}|98=0|108=30")]);
    }
    assert_eq!(rig.send("35=3|45=1"), NOTHING);
}

#[test]
fn what_was_missed_is_sent_again() {
    let mut rig = Rig::logged_on(30);
    let second = rig.send(ORDER).remove(0);
    rig.send("35=1|112=x");
    rig.send("35=1|112=y");
    let fifth = rig.send(ORDER).remove(0);
    rig.pass(Duration::from_secs(1));
    let again = |rig: &mut Rig, first, last| rig.send(&format!("35=2|7={first}|16={last}"));
    let duplicate = |sent: String| sent.replacen("|37=", "|43=Y|122=20240229-00:00:00.000|37=", 1);
    let [second, fifth] = [second, fifth].map(duplicate);
    let first = "35=4|34=1|43=Y|122=20240229-00:00:00.000|123=Y|36=2";
    let third = "35=4|34=3|43=Y|122=20240229-00:00:00.000|123=Y|36=5";
    for begin in [0, 1] {
        assert_eq!(again(&mut rig, begin, 0), [first, &second, third, &fifth]);
    }
    assert_eq!(again(&mut rig, 5, 99), [&*fifth]);
    assert_eq!(again(&mut rig, 2, 3), [&*second, &third.replace("36=5", "36=4")]);
    for (first, last) in [(99, 0), (3, 2), (6, 0)] {
        assert_eq!(again(&mut rig, first, last), NOTHING);
    }
    // Out of the middle of a gap: it is answered first, so that two that wait for each other go on.
    let number = rig.number + 3;
    let sent = rig.send_as(number, "35=2|7=5|16=5");
    assert_eq!(sent[0], fifth);
    assert!(sent[1].ends_with(&format!("|7={}|16=0", rig.number)));
}

#[test]
fn what_is_not_sent_again_is_not_kept() {
    let mut rig = Rig::logged_on(30);
    let text = "x".repeat(1_000);
    assert_eq!(rig.send(&format!("35=1|112={text}")), [format!("35=0|34=2|112={text}")]);
    assert_eq!(rig.kept(), 0);
    rig.send(ORDER);
    assert!(rig.kept() > 0, "a report is sent again");
}

#[test]
fn numbers_go_on_after_a_reconnect_unless_they_are_reset() {
    let mut rig = Rig::logged_on(30);
    assert_eq!(rig.send("35=5"), ["35=5|34=2|58=goodbye"]);
    assert!(rig.is_closed);
    rig.reconnect();
    assert_eq!(rig.send("35=A|98=0|108=30"), ["35=A|34=3|98=0|108=30"]);
    rig.send("35=5");
    rig.reconnect();
    // Some were lost on the way.
    rig.number += 2;
    assert_eq!(rig.send("35=A|98=0|108=30"), ["35=A|34=5|98=0|108=30", "35=2|34=6|7=5|16=0"]);
    // What was asked for on one connection is asked for again on the next.
    assert_eq!(rig.finish(), ["35=5|34=7|58=the other side has finished"]);
    rig.reconnect();
    assert_eq!(rig.send("35=A|98=0|108=30"), ["35=A|34=8|98=0|108=30", "35=2|34=9|7=5|16=0"]);
    // A logout out of a gap leaves the gap.
    assert_eq!(rig.send("35=5"), ["35=5|34=10|58=goodbye"]);
    rig.reconnect();
    assert_eq!(rig.send_as(1, "35=A|98=0|108=30|141=Y"), ["35=A|34=1|98=0|108=30|141=Y"]);
    assert_eq!(rig.send_as(2, "35=1|112=x"), ["35=0|34=2|112=x"]);
}

#[test]
fn silence_is_filled_noticed_and_ended_to_the_nanosecond() {
    const INSTANT: Duration = Duration::from_nanos(1);
    let seconds = Duration::from_secs;
    let mut rig = Rig::logged_on(30);
    assert_eq!(rig.pass(seconds(30) - INSTANT), NOTHING);
    assert_eq!(rig.pass(INSTANT), ["35=0|34=2"]);
    assert_eq!(rig.pass(seconds(6) - INSTANT), NOTHING);
    assert_eq!(rig.pass(INSTANT), ["35=1|34=3|112=are you there?"]);
    assert_eq!(rig.send("35=0|112=are you there?"), NOTHING);
    // An answer, however late, counts; and so does what was sent for another reason.
    assert_eq!(rig.pass(seconds(29)), NOTHING);
    assert_eq!(rig.send("35=1|112=x"), ["35=0|34=4|112=x"]);
    assert_eq!(rig.pass(seconds(30) - INSTANT), NOTHING);
    assert_eq!(rig.pass(INSTANT), ["35=0|34=5"]);
    assert_eq!(rig.pass(seconds(6)), ["35=1|34=6|112=are you there?"]);
    assert_eq!(rig.pass(seconds(30)), ["35=0|34=7"]);
    assert_eq!(rig.pass(seconds(6) - INSTANT), NOTHING);
    assert_eq!(rig.pass(INSTANT), ["35=5|34=8|58=no answer to a test request"]);
    assert!(rig.is_closed);
    assert_eq!(rig.pass(seconds(3_600)), NOTHING);
}

#[test]
fn who_is_logged_on_when_the_program_ends_is_logged_out() {
    let mut rig = Rig::logged_on(30);
    assert_eq!(rig.drain(), ["35=5|34=2|58=the program ends"]);
    assert!(rig.is_closed);
    let mut rig = Rig::new();
    assert_eq!(rig.drain(), NOTHING, "nobody has logged on");
    assert!(rig.is_closed);
}

#[test]
fn who_was_lost_has_a_free_place() {
    let mut rig = Rig::logged_on(30);
    drop(rig.reconnect());
    assert_eq!(rig.send("35=A|98=0|108=30"), ["35=A|34=3|98=0|108=30"], "a Logout was lost with it");
}
