//! The session layer: logon, numbers, gaps, heartbeats, logout.

use std::time::Duration;

use nexus_rt::connections::Ended;

use crate::protocol::Ignored;
use crate::rig::{Rig, framed};

const NOTHING: [&str; 0] = [];

#[test]
fn only_who_is_known_logs_on_and_only_once() {
    for text in [
        "35=0|34=1|49=CLIENT|56=GATEWAY|52=20240229-00:00:00",
        "35=A|34=1|49=OTHER|56=GATEWAY|52=20240229-00:00:00|98=0|108=30",
        "35=A|34=1|49=CLIENT|56=OTHER|52=20240229-00:00:00|98=0|108=30",
    ] {
        let mut rig = Rig::new();
        assert_eq!(rig.receive(&framed(text)), NOTHING);
        assert!(rig.client.is_closing());
    }
    let mut rig = Rig::logged_on(30);
    assert_eq!(rig.send("35=A|98=0|108=30"), ["35=5|34=2|58=already logged on"]);
    assert!(rig.client.is_closing());

    let mut rig = Rig::logged_on(30);
    rig.reconnect();
    assert_eq!(rig.send("35=A|98=0|108=30"), NOTHING);
    assert!(rig.client.is_closing(), "the other connection stands");
}

#[test]
fn a_logon_without_its_fields_is_rejected() {
    for (fields, tag, text) in [
        ("98=0", 108, "373=1|58=Required tag missing"),
        ("98=1|108=30", 98, "373=5|58=Value is incorrect (out of range) for this tag"),
        ("98=0|108=0", 108, "373=5|58=Value is incorrect (out of range) for this tag"),
        ("98=0|108=-1", 108, "373=5|58=Value is incorrect (out of range) for this tag"),
    ] {
        let mut rig = Rig::new();
        let sent = rig.send(&format!("35=A|{fields}"));
        assert_eq!(sent[0], format!("35=3|34=1|45=1|371={tag}|372=A|{text}"));
        assert!(sent[1].starts_with("35=5|34=2|58=") && rig.client.is_closing());
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
    assert_eq!(rig.test.world().resource::<Ignored>().0, 1);
    // An answer that does not come is asked for again.
    rig.pass(Duration::from_secs(29));
    assert_eq!(rig.send_as(9, "35=0"), NOTHING);
    rig.pass(Duration::from_secs(1));
    assert_eq!(rig.send_as(10, "35=0"), ["35=2|34=6|7=6|16=0"]);
}

#[test]
fn a_garbled_message_has_not_come() {
    let mut rig = Rig::logged_on(30);
    let mut garbled = framed("35=1|34=2|49=CLIENT|56=GATEWAY|52=20240229-00:00:00|112=x");
    let place = garbled.len() - 10;
    garbled[place] ^= 1;
    assert_eq!(rig.receive(&garbled), NOTHING);
    assert_eq!(rig.send_as(2, "35=1|112=y"), ["35=0|34=2|112=y"], "its number is free");
    rig.reconnect();
    assert_eq!(rig.receive(&garbled), NOTHING);
    assert!(rig.client.is_closing(), "nobody has logged on");
}

#[test]
fn a_number_that_is_too_low_ends_the_session() {
    let mut rig = Rig::logged_on(30);
    assert_eq!(rig.send_as(1, "35=0"), ["35=5|34=2|58=MsgSeqNum too low, expecting 2 but received 1"]);
    assert!(rig.client.is_closing());
    // Nobody logs on by a duplicate.
    rig.reconnect();
    let sent = rig.send_as(1, "35=A|43=Y|122=20240229-00:00:00|98=0|108=30");
    assert_eq!(sent, ["35=5|34=3|58=MsgSeqNum too low, expecting 2 but received 1"]);
    let mut rig = Rig::logged_on(30);
    let unnumbered = framed("35=0|49=CLIENT|56=GATEWAY|52=20240229-00:00:00");
    assert_eq!(rig.receive(&unnumbered), ["35=5|34=2|58=MsgSeqNum missing"]);
}

#[test]
fn who_speaks_for_another_is_rejected_and_logged_out() {
    let mut rig = Rig::logged_on(30);
    let sent = rig.receive(&framed("35=0|34=2|49=SECOND|56=GATEWAY|52=20240229-00:00:00"));
    assert_eq!(sent, ["35=3|34=2|45=2|371=49|372=0|373=9|58=CompID problem", "35=5|34=3|58=CompID problem"]);
}

#[test]
fn a_message_of_another_time_is_rejected_and_ends_the_session() {
    for (time, near) in [
        ("20240228-23:58:00", true),
        ("20240228-23:58:00.000", true),
        ("20240228-23:57:59.999", false),
        ("20240229-00:02:00.000", true),
        ("20240229-00:02:00", true),
        ("20240229-00:02:00.001", false),
        ("20240301-00:00:00", false),
        ("now", false),
        ("2024", false),
    ] {
        let mut rig = Rig::logged_on(30);
        let sent = rig.receive(&framed(&format!("35=0|34=2|49=CLIENT|56=GATEWAY|52={time}")));
        assert_eq!((sent.is_empty(), rig.client.is_closing()), (near, !near), "{time}: {sent:?}");
        if !near {
            let text = "58=SendingTime accuracy problem";
            assert_eq!(sent, [format!("35=3|34=2|45=2|371=52|372=0|373=10|{text}"), format!("35=5|34=3|{text}")]);
        }
    }
}

#[test]
fn a_reset_moves_the_number_and_never_back() {
    let mut rig = Rig::logged_on(30);
    assert_eq!(rig.send_as(99, "35=4|36=10"), NOTHING);
    assert_eq!(rig.send_as(10, "35=1|112=x"), ["35=0|34=2|112=x"]);
    assert!(rig.send_as(99, "35=4|36=5")[0].starts_with("35=3|34=3|45=99|371=36|372=4|373=5|"));
    assert!(rig.send_as(11, "35=4|123=Y|36=11")[0].starts_with("35=3|34=4|45=11|371=36|372=4|373=5|"));
    assert_eq!(rig.send_as(12, "35=4|123=Y|36=20"), NOTHING);
    assert_eq!(rig.send_as(20, "35=1|112=y"), ["35=0|34=5|112=y"]);
}

#[test]
fn a_message_without_a_required_field_is_rejected_and_has_its_number() {
    let mut rig = Rig::logged_on(30);
    assert_eq!(rig.send("35=1"), ["35=3|34=2|45=2|371=112|372=1|373=1|58=Required tag missing"]);
    assert_eq!(rig.send("35=1|112="), ["35=3|34=3|45=3|371=112|372=1|373=4|58=Tag specified without a value"]);
    assert_eq!(rig.send("35=1|112=x|junk"), ["35=3|34=4|45=4|371=0|372=1|373=0|58=Invalid tag number"]);
    assert_eq!(rig.send("35=1|112=x|43=Y"), ["35=3|34=5|45=5|371=122|372=1|373=1|58=Required tag missing"]);
    assert_eq!(rig.send("35=V"), ["35=j|34=6|45=6|372=V|380=3|58=unsupported message type"]);
    assert_eq!(rig.send("35=1|112=y"), ["35=0|34=7|112=y"]);
}

#[test]
fn what_was_missed_is_sent_again() {
    let mut rig = Rig::logged_on(30);
    rig.send("35=V");
    rig.send("35=1|112=x");
    rig.send("35=1|112=y");
    rig.send("35=W");
    let again = |rig: &mut Rig, first, last| rig.send(&format!("35=2|7={first}|16={last}"));
    let first = "35=4|34=1|43=Y|122=20240229-00:00:00.000|123=Y|36=2";
    let second = "35=j|34=2|43=Y|122=20240229-00:00:00.000|45=2|372=V|380=3|58=unsupported message type";
    let third = "35=4|34=3|43=Y|122=20240229-00:00:00.000|123=Y|36=5";
    let fifth = "35=j|34=5|43=Y|122=20240229-00:00:00.000|45=5|372=W|380=3|58=unsupported message type";
    assert_eq!(again(&mut rig, 1, 0), [first, second, third, fifth]);
    assert_eq!(again(&mut rig, 5, 99), [fifth]);
    assert_eq!(again(&mut rig, 2, 3), [second, &third.replace("36=5", "36=4")]);
    for (first, last, tag) in [(0, 0, 7), (99, 0, 7), (3, 2, 16)] {
        assert!(again(&mut rig, first, last)[0].contains(&format!("|371={tag}|372=2|373=5|")));
    }
    // Out of the middle of a gap: it is answered first, so that two that wait for each other go on.
    let number = rig.number + 3;
    let sent = rig.send_as(number, "35=2|7=5|16=5");
    assert_eq!(sent[0], fifth);
    assert!(sent[1].ends_with(&format!("|7={}|16=0", rig.number)));
}

#[test]
fn numbers_go_on_after_a_reconnect_unless_they_are_reset() {
    let mut rig = Rig::logged_on(30);
    assert_eq!(rig.send("35=5"), ["35=5|34=2|58=goodbye"]);
    assert!(rig.client.is_closing());
    rig.reconnect();
    assert_eq!(rig.send("35=A|98=0|108=30"), ["35=A|34=3|98=0|108=30"]);
    rig.send("35=5");
    rig.reconnect();
    // Some were lost on the way.
    rig.number += 2;
    assert_eq!(rig.send("35=A|98=0|108=30"), ["35=A|34=5|98=0|108=30", "35=2|34=6|7=5|16=0"]);
    // What was asked for on one connection is asked for again on the next.
    rig.end(Ended::Finished);
    rig.reconnect();
    assert_eq!(rig.send("35=A|98=0|108=30"), ["35=A|34=7|98=0|108=30", "35=2|34=8|7=5|16=0"]);
    // A logout out of a gap leaves the gap.
    assert_eq!(rig.send("35=5"), ["35=5|34=9|58=goodbye"]);
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
    assert!(rig.client.is_closing());
    assert_eq!(rig.pass(seconds(3_600)), NOTHING);
}

#[test]
fn who_is_logged_on_when_the_program_ends_is_logged_out() {
    let mut rig = Rig::logged_on(30);
    assert_eq!(rig.end(Ended::Drained), ["35=5|34=2|58=the gateway shuts down"]);
    rig.reconnect();
    assert_eq!(rig.end(Ended::Drained), NOTHING, "nobody has logged on");
    rig.reconnect();
    assert_eq!(rig.send("35=A|98=0|108=30"), ["35=A|34=3|98=0|108=30"]);
    assert_eq!(rig.end(Ended::Finished), NOTHING);
    rig.reconnect();
    assert_eq!(rig.send("35=A|98=0|108=30"), ["35=A|34=4|98=0|108=30"], "its place is free again");
}
