//! The rules of drivers: this library's keep them, and who breaks one is told which.

use nexus_rt::connections::{ConnectionsInstaller, Lines};
use nexus_rt::datagrams::DatagramsInstaller;
use nexus_rt::testing::check_driver;
use nexus_rt::{MioInstaller, WorldBuilder};

use crate::driver_rigs::{MioRig, ReactorsRig, TimerRig};
use crate::hand_rigs::{BusRig, ByHand, fault};
use crate::support::panic_of;

#[test]
fn timers_keep_the_rules() {
    check_driver::<TimerRig>();
}

#[test]
fn sockets_keep_the_rules() {
    check_driver::<MioRig>();
}

#[test]
fn reactors_keep_the_rules() {
    check_driver::<ReactorsRig>();
}

#[test]
fn connections_keep_the_rules() {
    check_driver::<crate::connections::rig::NetRig>();
}

#[test]
fn a_driver_on_registrations_keeps_the_rules() {
    check_driver::<BusRig>();
}

#[test]
fn a_loop_by_hand_can_keep_the_rules() {
    check_driver::<ByHand<{ fault::NONE }>>();
}

#[test]
fn a_table_of_registrations_counts_what_is_there() {
    let mut table = nexus_rt::poll::Registrations::<char>::new();
    assert!(table.is_empty());
    let keys = ['a', 'b', 'c'].map(|handler| table.insert(handler, ()));
    assert!(keys.is_sorted() && !table.is_empty());
    assert_eq!(table.remove(keys[1]).and_then(|gone| gone.handler), Some('b'));
    let taken = table.take_out(keys[0]);
    let listed: Vec<_> = table.iter().map(|(key, registration)| (key, registration.handler)).collect();
    assert_eq!((taken, listed, table.len()), (Some('a'), vec![(keys[0], None), (keys[2], Some('c'))], 2));
    keys.into_iter().for_each(|key| _ = table.remove(key));
    assert!(table.is_empty());
}

/// Asserts that a driver with this fault breaks this rule, and in these words.
fn breaks<const FAULT: u8>(words: &str) {
    let text = panic_of(check_driver::<ByHand<FAULT>>);
    assert_eq!(text, format!("the driver breaks the rule {words}"));
}

#[test]
fn a_driver_that_breaks_a_rule_is_told_which() {
    breaks::<{ fault::NO_SEQUENCE }>(
        "\"an event is a sequence\": handlers saw the sequences [1, 1, 1] instead of [2, 3, 4]",
    );
    breaks::<{ fault::STALE_KEYS }>("\"keys are names, not places\": a key of another driver ended something");
    breaks::<{ fault::COLLECTS_FIRST }>(
        "\"what ended before its turn does not run\": polls ran this many handlers: 4 instead of 3",
    );
    breaks::<{ fault::PUTS_BACK_ANYWAY }>(
        "\"a handler may do anything to its own registration\": a handler that ended itself is held by 1 instead of 0",
    );
    breaks::<{ fault::LOSES_THE_REST }>(
        "\"a panic loses no other event\": in this and the next polls, these handlers ran: [1] instead of [1, 3, 1]",
    );
    breaks::<{ fault::COUNTS_DROPS }>(
        "\"a drop that panics loses no other event\": handlers that panicked, of one that ran to its end: 1 instead of 0",
    );
    breaks::<{ fault::ANY_WORLD }>(
        "\"a driver runs on its own world\": a poll of a foreign world should have panicked",
    );
    breaks::<{ fault::CHECKS_BEFORE }>(
        "\"a driver runs on its own world\": a poll whose handler leaves another world in place of its own should have panicked",
    );
    breaks::<{ fault::NO_BUDGET }>(
        "\"a budget bounds a poll\": with budgets of 2, 0, 2 and twice no limit, polls ran [2, 1, 2, 0, 0] instead of [2, 0, 2, 1, 0]",
    );
    breaks::<{ fault::GOES_ON }>(
        "\"a poll ends when its resource is swapped or polled elsewhere\": a poll whose resource is polled elsewhere ran 100 instead of 1",
    );
}

#[test]
fn sockets_are_not_installed_over_the_selector_of_another_world() {
    let [mut here, mut there] = [(); 2].map(|()| WorldBuilder::new());
    let own = here.install_driver(MioInstaller::new().unwrap());
    let foreign = there.install_driver(MioInstaller::new().unwrap());
    let datagrams = |io| DatagramsInstaller::<()>::new(io).unwrap();
    let connections = |io| ConnectionsInstaller::<(), _>::new(io, Lines::new(80)).unwrap();
    let expected = "the `MioPoller` that these sockets were to be waited for by is of another world: pass one that was \
                    installed in this builder";
    assert_eq!(panic_of(|| here.install_driver(datagrams(&foreign))), expected);
    assert_eq!(panic_of(|| here.install_driver(connections(&foreign))), expected);
    // Nothing is left of them.
    let _pollers = (here.install_driver(datagrams(&own)), here.install_driver(connections(&own)));
}
