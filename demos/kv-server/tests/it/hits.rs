//! What counts as a read that finds a key, or finds none: the same as in Redis.

use kv_server::{Limits, Stats};

use crate::redis::Redis;
use crate::rig::Rig;
use crate::support::{Client, Server};

/// Each runs with the keys that [`KEYS`] creates.
const READS: &str = "
GET k|GET none|MGET k none other|STRLEN k|STRLEN none|GETRANGE k 0 1|GETRANGE none 0 1|GETRANGE k x 1|SUBSTR none 0 1
GETSET k 2|GETSET none 2|GETDEL k|GETDEL none|GETEX k|GETEX none|GETEX k EX 10|GETEX k EX x|GETEX none EX x
SET k 2|SET none 2|SET k 2 NX|SET none 2 XX|SET k 2 GET|SET none 2 GET|SET k 2 XX GET|SET none 2 XX GET|SET k 2 NX GET
SET k 2 GET EX 10|SET k 2 EX x GET|SET k 2 EX 0 GET|SET k 2 GET FOO|SETNX k 1|SETNX none 1|MSETNX k 1 none 1
TTL k|TTL none|TTL ends|PTTL k|PTTL none|PTTL ends|EXPIRETIME k|EXPIRETIME none|PEXPIRETIME ends|PEXPIRETIME none
EXPIRE k 10|EXPIRE none 10|PERSIST ends|PERSIST none|EXPIRE k 10 FOO
TYPE k|TYPE none|OBJECT ENCODING k|OBJECT ENCODING none|OBJECT REFCOUNT k|OBJECT REFCOUNT none|OBJECT IDLETIME k
OBJECT FREQ k|OBJECT FREQ none|OBJECT HELP|OBJECT FOO k|OBJECT ENCODING
COPY k to|COPY none to|COPY k other|COPY none other|COPY k other REPLACE|COPY k k|COPY none none|COPY k to FOO
LCS k other|LCS k none|LCS none k|LCS none none2|LCS k k|LCS k other LEN|LCS k other FOO|LCS k other LEN IDX
EXISTS k none k|TOUCH k none|DEL k none|UNLINK k none|RENAME k to|RENAME none to|RENAMENX k other|RENAMENX none to
INCR k|INCR none|APPEND k 1|APPEND none 1|SETRANGE k 1 x|SETRANGE none 1 x|INCRBYFLOAT k 1|DECRBY none 1
KEYS *|SCAN 0|DBSIZE|WATCH k none|MOVE k 0
";

const KEYS: [&str; 3] = ["SET k 1234", "SET other 234", "SET ends 1 EX 1000"];

fn ask(client: &mut Client, line: &str) {
    client.ask(&line.split(' ').collect::<Vec<_>>());
}

#[test]
fn reads_are_counted_as_by_redis() {
    let Some(redis) = Redis::start(&[]) else { return };
    let server = Server::start(&[]);
    let mut clients = [server.address, redis.address].map(Client::connect);
    for line in READS.split(['|', '\n']).filter(|line| !line.is_empty()) {
        let [ours, theirs] = clients.each_mut().map(|client| {
            ask(client, "FLUSHALL");
            KEYS.iter().for_each(|key| ask(client, key));
            ask(client, "CONFIG RESETSTAT");
            ask(client, line);
            ["keyspace_hits", "keyspace_misses"].map(|name| client.info(name))
        });
        assert_eq!(ours, theirs, "hits and misses of {line}");
    }
}

/// It was counted when it first ran.
#[test]
fn what_runs_again_is_not_counted_again() {
    let mut rig = Rig::new(Limits::default());
    let counts = |rig: &Rig| [rig.world.resource::<Stats>().hits, rig.world.resource::<Stats>().misses];
    rig.run("MSET a 1 b 1 c 1 d 1");
    for line in ["GETSET a 2", "GETSET none 2", "GETDEL a", "GETEX b EX 10", "SET c 2 GET", "COPY d e"] {
        assert!(rig.applies(&line.split(' ').collect::<Vec<_>>()), "{line}");
        assert_eq!(counts(&rig), [0, 0], "{line}");
    }
    rig.run("GETDEL b\r\nGETDEL b");
    assert_eq!(counts(&rig), [1, 1]);
}
