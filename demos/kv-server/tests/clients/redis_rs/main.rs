//! The Rust crate `redis` with its default settings: connections in both versions of the protocol, commands, a
//! pipeline, a transaction, SCAN, messages and a password.

use redis::{Client, Commands, Connection, RedisResult};

fn main() -> RedisResult<()> {
    let ports: Vec<String> = std::env::args().skip(1).take(2).collect();
    let [open, locked] = &ports[..] else { panic!("two ports are needed: of a server, and of one with a password") };
    for protocol in ["resp2", "resp3"] {
        let address = format!("redis://127.0.0.1:{open}/?protocol={protocol}");
        let client = Client::open(address.as_str())?;
        talk(&mut client.get_connection()?)?;
        hear(&client)?;
    }
    let refused = Client::open(format!("redis://127.0.0.1:{locked}/"))?.get_connection()?.get::<_, String>("k");
    assert!(refused.is_err_and(|error| error.code() == Some("NOAUTH")), "a client without the password is refused");
    let mut connection = Client::open(format!("redis://:secret@127.0.0.1:{locked}/"))?.get_connection()?;
    talk(&mut connection)?;
    println!("redis of Rust is served");
    Ok(())
}

fn talk(connection: &mut Connection) -> RedisResult<()> {
    () = redis::cmd("FLUSHALL").query(connection)?;
    () = connection.set("greeting", "hello")?;
    assert_eq!(connection.get::<_, String>("greeting")?, "hello");
    assert_eq!(connection.get::<_, Option<String>>("nothing")?, None);
    () = connection.set_ex("short", 1, 100)?;
    assert!((1..=100).contains(&connection.ttl::<_, i64>("short")?));
    () = connection.mset(&[("a", 1), ("b", 2)])?;
    assert_eq!(connection.mget::<_, (i64, Option<i64>, i64)>(&["a", "none", "b"])?, (1, None, 2));
    let piped: (i64, i64) = redis::pipe().incr("n", 5).incr("n", 2).query(connection)?;
    assert_eq!(piped, (5, 7));
    let sum: (i64,) = redis::transaction(connection, &["n"], |connection, pipe| {
        let n: i64 = connection.get("n")?;
        pipe.set("n", n + 1).ignore().get("n").query(connection)
    })?;
    assert_eq!(sum, (8,));
    let mut keys: Vec<String> = connection.scan()?.collect::<RedisResult<_>>()?;
    keys.sort();
    assert_eq!(keys, ["a", "b", "greeting", "n", "short"]);
    assert!(connection.incr::<_, _, i64>("greeting", 1).is_err());
    Ok(())
}

fn hear(client: &Client) -> RedisResult<()> {
    let (mut hears, mut tells) = (client.get_connection()?, client.get_connection()?);
    let mut channel = hears.as_pubsub();
    channel.subscribe("news")?;
    assert_eq!(tells.publish::<_, _, i64>("news", "today")?, 1);
    assert_eq!(channel.get_message()?.get_payload::<String>()?, "today");
    Ok(())
}
