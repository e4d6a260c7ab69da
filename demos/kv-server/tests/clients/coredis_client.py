"""What a program does with coredis, against the server at the port that is given."""

import sys

import anyio
import coredis


async def main(port, secret):
    async with coredis.Redis(port=port, decode_responses=True) as client:
        await use(client)
    print(f"coredis {coredis.__version__}: done")
    async with coredis.Redis(port=secret, password="secret") as client:
        assert await client.ping()


async def use(client):
    await client.flushall()
    assert await client.ping() == "PONG"
    assert await client.set("k", "v") and await client.get("k") == "v" and await client.get("none") is None
    assert await client.expire("k", 100) and 98 <= await client.ttl("k") <= 100
    assert await client.incr("n") == 1 and await client.incrby("n", 41) == 42
    assert await client.mset({"a": "1", "b": "2"})
    assert await client.mget(["a", "none", "b"]) == ("1", None, "2")
    keys = {key async for key in client.scan_iter()}
    assert keys == {"k", "n", "a", "b"}, keys
    assert await client.delete(["a", "b"]) == 2
    assert (await client.config_get(["port"]))["port"]
    assert "redis_version" in await client.info()
    async with client.pubsub(channels=["news"]) as waiting:
        assert await client.publish("news", "hello") == 1
        with anyio.fail_after(10):
            async for message in waiting:
                if message["type"] == "message":
                    assert message["data"] == "hello"
                    break


anyio.run(main, int(sys.argv[1]), int(sys.argv[2]))
