//! What runs, in which order, and what is sent.

use std::time::{Duration, Instant};

use nexus_rt::connections::{Framing, LengthPrefixed, Lines, Retry};

use super::{Address, Peer, Rig};

#[test]
fn bytes_cut_anywhere_give_the_same_frames() {
    let text = "name cut\nlog a\nlog \r\nlog last\r\n";
    let whole = ["cut is named", "cut says a", "cut says ", "cut says last"];
    for first in 1..text.len() {
        for second in first..text.len() {
            let mut rig = Rig::new();
            let (_, address) = rig.listen();
            let mut peer = Peer::connect(&address);
            rig.until_logged("opened, accepted: true");
            for part in [&text[..first], &text[first..second], &text[second..]] {
                peer.send(part);
                rig.turn();
            }
            rig.until("all has come", |rig| rig.log().len() > whole.len());
            assert_eq!(rig.log()[1..], whole);
        }
    }
}

#[test]
fn a_line_that_is_longer_than_a_read_arrives_whole() {
    let mut rig = Rig::of(Lines::new(1 << 20), |_| {});
    let (_, address) = rig.listen();
    let (mut peer, id) = rig.peer(&address, "a");
    for length in [65_535, 65_536, 65_537, 300_000] {
        peer.send(&format!("log {}\n", "x".repeat(length)));
        rig.until("it has come", |rig| rig.log().last().is_some_and(|line| line.len() == length + 7));
    }
    assert!(rig.net().contains(id));
}

#[test]
fn a_line_may_be_as_long_as_it_says() {
    for (text, line) in [("12345\n", "12345"), ("12345\r\n", "12345"), ("\n", "")] {
        let mut lines = Lines::new(5);
        lines.buffer().extend(text.as_bytes());
        assert_eq!(lines.decode(), Ok(Some(line.as_bytes())), "{text:?}");
        assert_eq!(lines.buffer().taken(), text.as_bytes(), "what it was taken from");
    }
    // Whether or not its end has come.
    for text in ["123456\n", "123456\r\n", "123456", "123456\r"] {
        let mut lines = Lines::new(5);
        lines.buffer().extend(text.as_bytes());
        assert_eq!(lines.decode().unwrap_err().longest, 5, "{text:?}");
    }
    let mut lines = Lines::new(5);
    lines.buffer().extend(b"12345\r");
    assert_eq!(lines.decode(), Ok(None), "its end may be of two bytes");
}

#[test]
fn a_frame_may_be_as_long_as_it_announces() {
    for (mut frames, prefix) in [(LengthPrefixed::u16(5), &[0, 5][..]), (LengthPrefixed::u32(5), &[0, 0, 0, 5])] {
        frames.buffer().extend(&[prefix, b"12345"].concat());
        assert_eq!(frames.decode(), Ok(Some(&b"12345"[..])));
        frames.buffer().extend(&[&prefix[..prefix.len() - 1], &[6]].concat());
        assert_eq!(frames.decode().unwrap_err().announced, 6);
    }
}

#[test]
fn a_connection_over_a_unix_socket_is_like_any_other() {
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;

    let path = std::env::temp_dir().join(format!("nexus-rt-{}", std::process::id()));
    let mut rig = Rig::new();
    let listener = rig.net().listen(path.as_path()).unwrap();
    assert_eq!(rig.net().address(listener), Some(Address::from(path.as_path())));
    assert!(rig.net().listen(path.as_path()).is_err(), "it is in use");
    let mut peer = UnixStream::connect(&path).unwrap();
    peer.write_all(b"name local\necho hello\nlog done\n").unwrap();
    rig.until_logged("local says done");
    let mut reply = [0; 5];
    peer.read_exact(&mut reply).unwrap();
    assert_eq!(&reply, b"hello");
    assert!(rig.net().iter().all(|client| client.peer().to_string() == "unix:"));
    drop(peer);
    rig.until_logged("local ended: the other side has finished");
    assert!(rig.net().stop_listening(listener));
    assert!(!path.exists());
    // A socket that a killed program left behind is taken over.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert!(rig.net().listen(path.as_path()).is_ok());
}

#[test]
fn what_is_written_in_a_turn_leaves_together() {
    let mut rig = Rig::new();
    let (_, address) = rig.listen();
    let (mut peer, _) = rig.peer(&address, "a");
    peer.send(&"echo x\n".repeat(500));
    rig.until("all is echoed", |rig| rig.net().stats().sent == 500);
    assert_eq!(peer.receive(), "x".repeat(500));
}

#[test]
fn a_poll_runs_so_many_frames_of_a_connection_and_of_all() {
    let mut rig = Rig::with(|limits| limits.frames = 10);
    let (_, address) = rig.listen();
    let (mut one, _) = rig.peer(&address, "one");
    let (mut two, _) = rig.peer(&address, "two");
    one.send(&"log 1\n".repeat(25));
    rig.until_logged("one says 1");
    two.send("log 2\n");
    assert_eq!(rig.has_logged("one says 1"), 10);
    rig.until_logged("two says 2");
    assert!(rig.has_logged("one says 1") <= 20, "nobody waits for all of another's frames");
    rig.until("all have run", |rig| rig.has_logged("one says 1") == 25);

    one.send(&"log 3\n".repeat(9));
    rig.until("it has come", |rig| rig.budget(4) > 0);
    assert_eq!(rig.has_logged("one says 3"), 4);
    // What is left does not wait for the OS.
    assert_eq!(rig.io.poll(&mut rig.world, None).unwrap(), 0);
    assert_eq!(rig.net.poll(&mut rig.world, 4, &mut rig.chain), 4);
    assert_eq!(rig.net.poll(&mut rig.world, 4, &mut rig.chain), 1);
    assert_eq!(rig.net.poll(&mut rig.world, 4, &mut rig.chain), 0);
}

#[test]
fn a_new_connection_runs_its_first_frames_in_the_poll_in_which_it_opens() {
    let mut rig = Rig::with(|limits| limits.frames = 1);
    let (_, address) = rig.listen();
    let (mut busy, _) = rig.peer(&address, "busy");
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    rig.net().connect(server.local_addr().unwrap(), super::dials::named("dialed"), Retry::once()).unwrap();
    busy.send(&"log 1\n".repeat(10));
    rig.turn();
    let mut greets = Peer::of(server.accept().unwrap().0);
    greets.send("log hello\n");
    assert_eq!((rig.has_logged("busy says 1"), rig.has_logged("opened, accepted: false")), (1, 0));
    rig.turn();
    assert_eq!((rig.has_logged("busy says 1"), rig.has_logged("dialed says hello")), (2, 1));
}

#[test]
fn the_budget_for_other_sources_does_not_hold_up_connections() {
    let mut rig = Rig::new();
    let (_, address) = rig.listen();
    let (mut peer, _) = rig.peer(&address, "a");
    peer.send("log 1\n");
    let began = Instant::now();
    while rig.has_logged("a says 1") == 0 {
        assert!(began.elapsed() < super::LONG, "it has not come");
        rig.io.poll_budget(&mut rig.world, Some(Duration::from_millis(1)), 0).unwrap();
        rig.net.poll(&mut rig.world, 1, &mut rig.chain);
    }
}

#[test]
fn each_frame_is_an_event() {
    let mut rig = Rig::new();
    let (_, address) = rig.listen();
    let (mut peer, _) = rig.peer(&address, "a");
    while rig.turn() > 0 {}
    let before = rig.world.current_sequence().get();
    peer.send("log 1\nlog 2\nlog 3\n");
    rig.until_logged("a says 3");
    assert_eq!(rig.world.current_sequence().get(), before + 3);
}

#[test]
fn anybody_sends_to_anybody_and_to_oneself_after_what_the_frame_writes() {
    let mut rig = Rig::new();
    let (_, address) = rig.listen();
    let (mut one, _) = rig.peer(&address, "one");
    let (mut two, _) = rig.peer(&address, "two");
    one.send("tell two hello\ntell one later\necho at once\n");
    rig.expect(&mut two, "hello");
    rig.expect(&mut one, "laterat once");
    assert_eq!(rig.has_logged("told two: true"), 1);
    drop(two);
    rig.until_logged("two ended: the other side has finished");
    one.send("tell two nothing\n");
    rig.until_logged("told two: false");
}

#[test]
fn what_is_sent_outside_of_a_poll_wakes_the_loop() {
    let mut rig = Rig::new();
    let (_, address) = rig.listen();
    let (mut peer, id) = rig.peer(&address, "a");
    while rig.turn() > 0 {}
    assert!(rig.net().send(id, b"from a timer"));
    // Would sleep for ever otherwise.
    rig.io.poll(&mut rig.world, None).unwrap();
    rig.net.poll(&mut rig.world, usize::MAX, &mut rig.chain);
    rig.expect(&mut peer, "from a timer");
    rig.net().client_mut(id).unwrap().send(b"by its context");
    rig.expect(&mut peer, "by its context");
}

#[test]
fn a_connection_that_another_closed_runs_none_of_its_frames() {
    let mut rig = Rig::new();
    let (_, address) = rig.listen();
    let (mut one, first) = rig.peer(&address, "one");
    let (mut two, _) = rig.peer(&address, "two");
    while rig.turn() > 0 {}
    one.send("end two\n");
    two.send("log never\n");
    // Both are ready in the same poll, whichever comes first.
    rig.until_logged("two ended: by another");
    assert!(rig.has_logged("two says never") <= 1);
    rig.until("it is told", |_| two.receive() == "farewell" && two.over);
    one.send("end one\nlog never\n");
    rig.until_logged("one ended: by its id");
    assert_eq!(rig.has_logged("one says never"), 0);
    assert!(!rig.net().close(first, "again"));
}

#[test]
fn a_paused_connection_waits_and_nothing_is_lost() {
    let mut rig = Rig::new();
    let (_, address) = rig.listen();
    let (mut peer, id) = rig.peer(&address, "a");
    peer.send("log 1\npause\nlog 2\n");
    rig.until_logged("a says 1");
    peer.send("log 3\n");
    (0..20).for_each(|_| _ = rig.turn());
    assert_eq!(rig.has_logged("a says 2"), 0);
    rig.net().client_mut(id).unwrap().resume();
    rig.until_logged("a says 3");
    assert_eq!(rig.has_logged("a says 2"), 1);
}
