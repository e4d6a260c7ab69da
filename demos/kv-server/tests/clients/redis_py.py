"""What a program does with redis-py, against the server at the port that is given: both versions of the protocol.

A third argument `plain` has it parse replies itself, without hiredis."""

import sys
import time

if sys.argv[3:] == ["plain"]:
    sys.modules["hiredis"] = None
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry


def known(client, name):
    """Whether the server has a command."""
    info = client.execute_command("COMMAND INFO", name)
    return info.get(name) is not None if isinstance(info, dict) else info[0] is not None


def use(port, protocol):
    client = redis.Redis(port=port, protocol=protocol, decode_responses=True, client_name="script", health_check_interval=1)
    client.flushall()
    assert client.ping() and client.echo("hello") == "hello"
    assert client.client_getname() == "script"
    assert client.set("k", "v") and client.get("k") == "v" and client.get("none") is None
    assert client.set("k", "w", nx=True) is None and client.set("k", "w", get=True) == "v"
    assert client.expire("k", 100) and 98 <= client.ttl("k") <= 100 and client.ttl("none") == -2
    assert client.incr("n") == 1 and client.incrby("n", 41) == 42 and client.decr("n") == 41
    assert client.mset({f"m:{n}": n for n in range(100)})
    assert client.mget("m:1", "none", "m:99") == ["1", None, "99"]
    assert len(set(client.scan_iter("m:*"))) == 100 and len(client.keys("m:*")) == 100
    assert client.delete("m:1", "m:2", "none") == 2 and client.exists("m:3", "m:4") == 2 and client.dbsize() == 100
    with client.pipeline(transaction=False) as pipe:
        assert pipe.set("p", 1).incr("p").get("p").execute() == [True, 2, "2"]
    try:
        client.incr("k")
        raise AssertionError("no number was increased")
    except redis.ResponseError as error:
        assert str(error) == "value is not an integer or out of range", error
    transactions(client)
    about_the_server(client)
    messages(client)
    reconnects(client)
    client.close()


def transactions(client):
    if not known(client, "multi"):
        print("SKIPPED: transactions, which the server does not have")
        return
    with client.pipeline() as pipe:
        assert pipe.set("p", 1).incr("p").get("p").execute() == [True, 2, "2"]
    client.transaction(lambda pipe: pipe.multi() or pipe.incr("p"), "p")
    assert client.get("p") == "3"


def about_the_server(client):
    info = client.info()
    assert info["redis_mode"] == "standalone" and info["connected_clients"] >= 1, info
    assert info["db0"]["keys"] == client.dbsize()
    assert client.config_get("maxmemory*")["maxmemory"] == "0"
    commands = client.command()
    assert client.command_count() == len(commands) and commands["get"]["arity"] == 2
    assert client.client_id() in [int(it["id"]) for it in client.client_list()]
    mine = client.client_info()
    assert mine["name"] == "script" and mine["cmd"] == "client|info" and mine["lib-name" if "lib-name" in mine else "db"] is not None


def messages(client):
    waiting = client.pubsub()
    waiting.subscribe("news")
    assert waiting.get_message(timeout=10)["type"] == "subscribe"
    assert client.publish("news", "hello") == 1 and client.publish("silence", "x") == 0
    assert waiting.get_message(timeout=10) == {"type": "message", "pattern": None, "channel": "news", "data": "hello"}
    # It asks for a sign of life itself.
    waiting.ping()
    waiting.get_message(timeout=10)
    if known(client, "psubscribe"):
        waiting.psubscribe("n*")
        assert waiting.get_message(timeout=10)["type"] == "psubscribe"
        assert client.publish("nothing", "x") == 1
        assert waiting.get_message(timeout=10)["type"] == "pmessage"
    waiting.unsubscribe()
    assert waiting.get_message(timeout=10)["type"] == "unsubscribe"
    waiting.close()


def reconnects(client):
    other = redis.Redis(port=client.connection_pool.connection_kwargs["port"], single_connection_client=True)
    other.ping()
    before = other.client_id()
    assert client.client_kill_filter(_id=before) == 1
    deadline = time.monotonic() + 10
    while True:
        try:
            assert other.ping() and other.client_id() != before
            break
        except redis.ConnectionError:
            assert time.monotonic() < deadline, "it does not connect again"
    other.close()


for protocol in (2, 3):
    use(int(sys.argv[1]), protocol)
    print(f"redis-py {redis.__version__}, hiredis {redis.utils.HIREDIS_AVAILABLE}, RESP{protocol}: done")

secret = {"port": int(sys.argv[2])}
assert redis.Redis(**secret, password="secret").ping()
for wrong in (None, "wrong"):
    try:
        # Another try would be of no use.
        redis.Redis(**secret, password=wrong, retry=Retry(NoBackoff(), 0)).get("k")
        raise AssertionError("a stranger was let in")
    except redis.AuthenticationError:
        pass
