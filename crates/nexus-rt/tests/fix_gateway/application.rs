//! The application: orders, their checks, fills and cancels.

use std::time::Duration;

use nexus_rt::Describe;

use crate::rig::Rig;

/// An order to buy.
fn order(id: &str, quantity: &str, price: &str) -> String {
    format!("35=D|11={id}|55=ACME|54=1|60=20240229-00:00:00|38={quantity}|40=2|44={price}")
}

fn cancel(id: &str, order: &str) -> String {
    format!("35=F|11={id}|41={order}|55=ACME|54=1|60=20240229-00:00:00")
}

/// What the gateway reports, without its number.
fn reports(sent: &[String]) -> Vec<&str> {
    sent.iter().map(|report| report.split_once("|17=").map_or(&**report, |(_, rest)| rest)).collect()
}

#[test]
fn an_order_at_the_market_is_filled_after_its_delay() {
    let mut rig = Rig::logged_on(30);
    let new = "CLIENT-1|150=0|39=0|55=ACME|54=1|38=10|44=101.5|32=0|31=0|151=10|14=0|6=0|11=a";
    let fill = "CLIENT-2|150=F|39=2|55=ACME|54=1|38=10|44=101.5|32=10|31=100|151=0|14=10|6=100|11=a";
    assert_eq!(reports(&rig.send(&order("a", "10", "101.5"))), [new]);
    assert!(rig.pass(Duration::from_millis(50) - Duration::from_nanos(1)).is_empty());
    assert_eq!(reports(&rig.pass(Duration::from_nanos(1))), [fill]);
}

#[test]
fn a_fill_that_nobody_is_there_to_hear_of_is_sent_after_the_next_logon() {
    let mut rig = Rig::logged_on(30);
    rig.send(&order("a", "10", "100"));
    rig.send("35=5");
    rig.reconnect();
    assert!(rig.pass(Duration::from_secs(1)).is_empty());
    assert_eq!(rig.send("35=A|98=0|108=30"), ["35=A|34=5|98=0|108=30"]);
    let missed = rig.send("35=2|7=4|16=4");
    assert!(
        missed[0].starts_with("35=8|34=4|43=Y|122=20240229-00:00:01.000|37=a|17=CLIENT-2|150=F|39=2|"),
        "{missed:?}"
    );
}

#[test]
fn an_order_is_canceled_once_and_then_not_filled() {
    let mut rig = Rig::logged_on(30);
    rig.send(&order("a", "10", "100"));
    let canceled = rig.send(&cancel("b", "a"));
    assert!(canceled[0].contains("|150=4|39=4|") && canceled[0].ends_with("|11=b|41=a"), "{canceled:?}");
    assert!(rig.pass(Duration::from_secs(1)).is_empty());
    let late = "35=9|34=4|37=a|39=4|434=1|102=0|58=too late to cancel|11=c|41=a";
    assert_eq!(rig.send(&cancel("c", "a")), [late]);
    let unknown = "35=9|34=5|37=NONE|39=8|434=1|102=1|58=unknown order|11=d|41=?";
    assert_eq!(rig.send(&cancel("d", "?")), [unknown]);
}

#[test]
fn a_session_that_begins_anew_keeps_its_open_orders_and_has_the_ids_of_ended_ones_free() {
    let mut rig = Rig::logged_on(30);
    for id in ["canceled", "filled"] {
        rig.send(&order(id, "10", "100"));
    }
    rig.send(&order("open", "10", "99"));
    rig.send(&cancel("b", "canceled"));
    rig.send("35=5");
    rig.reconnect();
    rig.send_as(1, "35=A|98=0|108=30|141=Y");
    rig.number = 2;
    assert!(rig.send(&order("canceled", "10", "99"))[0].contains("|150=0|39=0|"));
    assert_eq!(rig.pass(Duration::from_millis(50)).len(), 1, "of both that were at the market, one is filled");
    assert!(rig.send(&order("filled", "10", "99"))[0].ends_with("|58=duplicate ClOrdID"));
    rig.send("35=5");
    rig.reconnect();
    rig.send_as(1, "35=A|98=0|108=30|141=Y");
    rig.number = 2;
    assert!(rig.send(&order("filled", "10", "99"))[0].contains("|150=0|39=0|"));
    assert!(rig.send(&order("open", "10", "99"))[0].ends_with("|58=duplicate ClOrdID"));
    assert!(rig.send(&cancel("c", "open"))[0].contains("|150=4|39=4|"));
}

#[test]
fn an_order_beyond_a_limit_is_rejected_with_its_reason() {
    let mut rig = Rig::logged_on(30);
    rig.send(&order("known", "1", "95"));
    let market = order("a", "1", "").replace("|44=", "").replace("40=2", "40=1");
    for (text, why) in [
        (order("a", "1001", "100"), "quantity outside the limits"),
        (order("a", "0", "100"), "quantity outside the limits"),
        (order("a", "1.5", "100"), "quantity outside the limits"),
        (order("a", "-1", "100"), "quantity outside the limits"),
        (order("a", "1", "94.9999"), "price outside the collar"),
        (order("a", "1", "105.0001"), "price outside the collar"),
        (order("a", "1", "1e300"), "price outside the collar"),
        (order("a", "1", "inf"), "price outside the collar"),
        (order("a", "1", "NaN"), "price outside the collar"),
        (order("a", "1", "100").replace("ACME", "NONE"), "unknown symbol"),
        (order("known", "1", "100"), "duplicate ClOrdID"),
        (order("a", "1", "100").replace("54=1", "54=5"), "only limit orders to buy or sell"),
        (market, "only limit orders to buy or sell"),
    ] {
        let sent = rig.send(&text);
        assert!(sent[0].contains("|150=8|39=8|") && sent[0].ends_with(&format!("|58={why}")), "{text}: {sent:?}");
    }
    for (number, price) in ["95", "105", "100", "99", "98", "97", "96", "99", "99"].iter().enumerate() {
        assert!(rig.send(&order(&number.to_string(), "1000", price))[0].contains("|150=0|39=0|"));
    }
    assert!(rig.send(&order("a", "1", "99"))[0].ends_with("|58=too many open orders"));
    assert_eq!(rig.pass(Duration::from_secs(1)).len(), 2, "two were at the market");
    assert!(rig.send(&order("a", "1", "99"))[0].contains("|150=0|39=0|"), "an ID that was rejected is free");
}

#[test]
fn the_plan_shows_every_check_before_an_order_is_accepted() {
    let plan = Rig::new().messages.plan().to_string();
    let mut rest = &*plan;
    for step in [
        "identify",
        "in_sequence",
        "complete",
        "read",
        "is_new",
        "within_quantity  ",
        "within_collar ",
        "within_open_orders  ",
        "refuse ",
        "accept ",
        "cancel ",
        "administer ",
    ] {
        let Some((_, after)) = rest.split_once(step) else { panic!("no {step} where it belongs:\n{plan}") };
        rest = after;
    }
}
