"""What a program does with redis-py's client of a cluster, against the shard at the port that is given."""

import sys

import redis
from redis.cluster import RedisCluster


def use(protocol):
    client = RedisCluster(host="127.0.0.1", port=int(sys.argv[1]), protocol=protocol, decode_responses=True)
    assert len(client.get_primaries()) == 2, client.get_nodes()
    client.flushall(target_nodes=RedisCluster.ALL_NODES)
    for n in range(200):
        assert client.set(f"k:{n}", n)
    assert [client.get(f"k:{n}") for n in range(200)] == [str(n) for n in range(200)]
    assert client.dbsize(target_nodes=RedisCluster.PRIMARIES) == 200
    sizes = [client.dbsize(target_nodes=node) for node in client.get_primaries()]
    assert min(sizes) > 50, sizes
    assert client.mset({"{tag}1": 1, "{tag}2": 2}) and client.mget("{tag}1", "{tag}2") == ["1", "2"]
    assert client.mset_nonatomic({"a": 1, "b": 2, "c": 3}) and client.mget_nonatomic("a", "b", "c") == ["1", "2", "3"]
    assert len(client.keys("k:*", target_nodes=RedisCluster.ALL_NODES)) == 200
    assert len(set(client.scan_iter("k:*"))) == 200
    pipe = client.pipeline()
    for n in range(20):
        pipe.incr(f"k:{n}")
    assert pipe.execute() == [n + 1 for n in range(20)]
    assert client.cluster_keyslot("foo") == 12182
    assert client.cluster_info(target_nodes=client.get_primaries()[0])["cluster_state"] == "ok"
    assert len(client.cluster_nodes()) == 2 and len(client.cluster_slots()) == 2
    client.cluster_shards()
    try:
        client.mget("a", "b")
        raise AssertionError("keys of two slots were read at once")
    except redis.exceptions.RedisClusterException:
        pass
    waiting = client.pubsub()
    waiting.subscribe("news")
    assert waiting.get_message(timeout=10)["type"] == "subscribe"
    client.publish("news", "hello")
    client.close()


for protocol in (2, 3):
    use(protocol)
    print(f"redis-py {redis.__version__}, cluster, RESP{protocol}: done")
