//! CLIENT REPLY: a client without replies still gets messages.

use kv_server::ReplicaOptions;

use crate::connections::assert_same;
use crate::redis::Redis;
use crate::replicated::{Running, stream};
use crate::support::{Reply, Server, bulk, command, ok};

#[test]
fn who_gets_no_replies_gets_messages_as_from_redis() {
    let Some(redis) = Redis::start(&[]) else { return };
    let server = Server::start(&[]);
    assert_same(&server, &redis, CASES);
}

/// A request that waits for a log is without its reply as well, and the next one is not.
#[test]
fn who_gets_no_replies_from_a_server_that_shares_a_log_gets_messages() {
    let server = Running::start(&stream(), "one", ReplicaOptions { linearizable: true, shard: None });
    let mut client = server.client();
    client.ask(&["HELLO", "3"]);
    let message = |text: &str| Reply::Elements('>', ["message", "a", text].map(bulk).to_vec());
    client.ask(&["SUBSCRIBE", "a"]);
    for (mode, last) in [("OFF", "CLIENT REPLY ON"), ("SKIP", "GET k")] {
        let text = format!("CLIENT REPLY {mode}|PUBLISH a {mode}|{last}|SET k {mode}|GET k");
        let words = |line: &str| command(&line.split(' ').collect::<Vec<_>>());
        client.send(&text.split('|').flat_map(words).collect::<Vec<_>>());
        assert_eq!(client.reply(), message(mode));
        assert_eq!(client.reply(), if mode == "OFF" { ok() } else { bulk("OFF") });
        assert_eq!([client.reply(), client.reply()], [ok(), bulk(mode)]);
    }
}

const CASES: &str = "
hello 3 ; subscribe a ; client reply off ; publish a m ; ping ; client reply on ; ping
hello 3 ; subscribe a ; client reply skip ; publish a m ; publish a n
hello 3 ; psubscribe a* ; ssubscribe a ; client reply off ; publish a m ; spublish a n ; unsubscribe ; punsubscribe
client reply off ; multi ; subscribe a ; exec ; get a ; client reply on ; unsubscribe
client reply off ; subscribe x ; foo ; client reply on
client reply off ; subscribe x ; get ; subscribe ; ping ; client reply on
client reply skip ; subscribe x ; foo
client reply skip ; subscribe x y ; unsubscribe x y
client reply off ; unsubscribe ; punsubscribe ; sunsubscribe x
hello 3 ; subscribe a ; client reply off ; multi ; publish a m ; ping ; publish a n ; exec ; client reply on
hello 3 ; subscribe a ; multi ; ping ; client reply off ; publish a m ; ping ; exec ; ping ; client reply on
multi ; ping ; client reply skip ; ping ; exec ; ping ; ping
multi ; client reply skip ; client reply on ; exec ; ping ; ping
client reply off ; multi ; ping ; client reply on ; ping ; exec ; ping
client reply skip ; multi ; ping ; exec
client reply skip ; reset ; ping
client reply skip ; get ; ping
client reply skip ; foo ; ping
client reply off ; hello 3 ; subscribe a ; reset ; ping
multi ; client reply off ; reset ; ping
client reply off ; *1 ; ping
";
