//! Commands whose correct replies are known without Redis.

use crate::support::{Reply, Server, bulk, command, ok};

#[test]
fn messages_reach_all_who_have_subscribed_in_order() {
    let server = Server::start(&[]);
    let mut subscribers = [server.client(), server.client(), server.client()];
    let confirmed =
        |channel: &str, count| Reply::Array(Some(vec![bulk("subscribe"), bulk(channel), Reply::Integer(count)]));
    for subscriber in &mut subscribers {
        assert_eq!(subscriber.ask(&["SUBSCRIBE", "a"]), confirmed("a", 1));
    }
    assert_eq!(subscribers[0].ask(&["SUBSCRIBE", "b"]), confirmed("b", 2));
    let mut publisher = server.client();
    assert_eq!(publisher.ask(&["PUBLISH", "a", "1"]), Reply::Integer(3));
    assert_eq!(publisher.ask(&["PUBLISH", "b", "2"]), Reply::Integer(1));
    assert_eq!(publisher.ask(&["PUBLISH", "nobody", "3"]), Reply::Integer(0));
    assert_eq!(subscribers[2].ask(&["UNSUBSCRIBE", "a"]), {
        // The message was already on its way.
        Reply::Array(Some(vec![bulk("message"), bulk("a"), bulk("1")]))
    });
    drop(server.client());
    let [.., gone] = subscribers;
    drop(gone);
}

#[test]
fn who_subscribes_after_a_message_does_not_get_it() {
    let server = Server::start(&[]);
    let mut subscriber = server.client();
    subscriber.ask(&["SUBSCRIBE", "a"]);
    let mut late = server.client();
    // Sent in one piece, so that both run in one turn of the server.
    late.send(&[command(&["PUBLISH", "a", "1"]), command(&["SUBSCRIBE", "a"])].concat());
    assert_eq!(late.reply(), Reply::Integer(1));
    assert_eq!(late.reply(), Reply::Array(Some(vec![bulk("subscribe"), bulk("a"), Reply::Integer(1)])));
    assert_eq!(server.client().ask(&["PUBLISH", "a", "2"]), Reply::Integer(2));
    let message = |text: &str| Reply::Array(Some(vec![bulk("message"), bulk("a"), bulk(text)]));
    assert_eq!(late.reply(), message("2"));
    assert_eq!([subscriber.reply(), subscriber.reply()], [message("1"), message("2")]);
}

#[test]
fn a_subscriber_that_leaves_is_forgotten() {
    let server = Server::start(&[]);
    let mut subscriber = server.client();
    subscriber.ask(&["SUBSCRIBE", "a", "b"]);
    assert_eq!(server.info("pubsub_channels"), 2);
    drop(subscriber);
    let mut publisher = server.client();
    while publisher.ask(&["PUBLISH", "a", "x"]) != Reply::Integer(0) {}
    assert_eq!(server.info("pubsub_channels"), 0);
}

#[test]
fn a_scan_meets_every_key_that_stays_whatever_comes_and_goes() {
    let server = Server::start(&[]);
    let mut client = server.client();
    for n in 0..500 {
        client.ask(&["SET", &format!("stays:{n}"), "x"]);
        client.ask(&["SET", &format!("goes:{n}"), "x"]);
    }
    let mut met = std::collections::BTreeSet::new();
    let mut cursor = "0".to_owned();
    let mut turn = 0;
    loop {
        let reply = client.ask(&["SCAN", &cursor, "COUNT", "7"]);
        let Reply::Array(Some(parts)) = reply else { panic!("{reply:?}") };
        let [Reply::Bulk(Some(next)), Reply::Array(Some(keys))] = &parts[..] else { panic!("{parts:?}") };
        met.extend(keys.iter().map(|key| format!("{key:?}")));
        for n in 5 * turn..5 * turn + 5 {
            client.ask(&["DEL", &format!("goes:{n}")]);
            client.ask(&["SET", &format!("comes:{n}"), "x"]);
        }
        turn += 1;
        cursor = String::from_utf8(next.clone()).unwrap();
        if cursor == "0" {
            break;
        }
    }
    assert!(turn > 50, "{turn}");
    assert!((0..500).all(|n| met.contains(&format!("\"stays:{n}\""))));
}

#[test]
fn what_clients_ask_at_first_is_answered() {
    let server = Server::start(&[]);
    let mut client = server.client();
    assert_eq!(client.ask(&["CLIENT", "SETNAME", "me"]), ok());
    assert_eq!(client.ask(&["CLIENT", "GETNAME"]), bulk("me"));
    let Reply::Array(Some(all)) = client.ask(&["COMMAND"]) else { panic!("an array") };
    assert_eq!(client.ask(&["COMMAND", "COUNT"]), Reply::Integer(i64::try_from(all.len()).unwrap()));
    let Reply::Array(Some(get)) = &client.ask(&["COMMAND", "INFO", "get", "nosuch"]) else { panic!("an array") };
    assert!(all.contains(&get[0]) && get[1] == Reply::Bulk(None));
    let port = server.address.port().to_string();
    assert_eq!(client.ask(&["CONFIG", "GET", "port"]), Reply::Array(Some(vec![bulk("port"), bulk(&port)])));
    let Reply::Array(Some(save)) = client.ask(&["CONFIG", "GET", "save"]) else { panic!("an array") };
    assert_eq!(save, [bulk("save"), bulk("")]);
    assert!(server.info("total_commands_processed") >= 7);
}

#[test]
fn many_commands_at_once_are_answered_in_order() {
    let server = Server::start(&[]);
    let mut client = server.client();
    let bytes: Vec<u8> = (0..20_000).flat_map(|n| command(&["ECHO", &n.to_string()])).collect();
    let mut writer = client.socket.get_ref().try_clone().unwrap();
    let writing = std::thread::spawn(move || std::io::Write::write_all(&mut writer, &bytes).unwrap());
    for n in 0..20_000 {
        assert_eq!(client.reply(), bulk(&n.to_string()));
    }
    writing.join().unwrap();
}

#[test]
fn a_large_value_comes_and_goes_whole() {
    let server = Server::start(&[]);
    let mut client = server.client();
    let value: String = (0..5_000_000).map(|n| char::from(b'a' + (n % 23) as u8)).collect();
    assert_eq!(client.ask(&["SET", "large", &value]), ok());
    assert_eq!(client.ask(&["STRLEN", "large"]), Reply::Integer(5_000_000));
    assert!(client.ask(&["GET", "large"]) == bulk(&value));
    assert_eq!(client.ask(&["DEL", "large"]), Reply::Integer(1));
    assert_eq!(server.info("used_memory_dataset"), 0);
}

/// Libraries read every number of Redis in it, and fail if one is missing.
#[test]
fn what_is_told_of_a_client_has_the_numbers_that_libraries_read() {
    let server = Server::start(&[]);
    let mut client = server.client();
    for subcommand in ["INFO", "LIST"] {
        let Reply::Bulk(Some(text)) = client.ask(&["CLIENT", subcommand]) else { panic!("it is text") };
        let text = String::from_utf8(text).unwrap();
        let fields: Vec<_> = text.split_whitespace().map(|field| field.split_once('=').unwrap()).collect();
        for name in "id age idle db sub psub multi qbuf qbuf-free obl argv-mem oll omem tot-mem".split(' ') {
            let value = fields.iter().find(|(field, _)| *field == name).map(|(_, value)| value.parse::<i64>());
            assert!(matches!(value, Some(Ok(_))), "{name} in {text}");
        }
    }
}
