#!/usr/bin/env bash
# Runs three NATS servers and three kv-servers on this machine, to try out replication. Ctrl-C stops all of them.
#
#   cluster/up.sh             three kv-servers with the same keys
#   cluster/up.sh --shards    three kv-servers, each with a third of the keys
#
# Return restarts the servers that have ended. Environment variables:
#
#   KV_PORT      the first of three ports for kv-servers            default: 7101
#   NATS_PORT    the first of three ports for NATS servers          default: 7201
#   ROUTE_PORT   the first of three ports between NATS servers      default: 7301
#   KV_SERVER    the kv-server binary                               default: built by cargo if missing
#
# Needs nats-server and redis-cli (Debian: nats-server, redis-tools).
set -euo pipefail
cd "$(dirname "$0")"

kv_port=${KV_PORT:-7101} nats_port=${NATS_PORT:-7201} route_port=${ROUTE_PORT:-7301}
shards=
case "${1-}" in
"") ;;
--shards) shards=1 ;;
*)
    sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$(basename "$0")"
    [[ $1 == -h || $1 == --help ]] && exit
    exit 2
    ;;
esac

# Ends if a program is missing, and says how to install it.
need() {
    command -v "$1" >/dev/null && return
    echo "$1 is missing: apt-get install $2, or $3" >&2
    exit 1
}
# Debian 12 has one that is too old; a newer one is put beside the build.
if place=$(./nats-server.sh ../target/nats-server); then PATH=$place:$PATH; fi
need nats-server nats-server https://github.com/nats-io/nats-server/releases
need redis-cli redis-tools https://redis.io/docs/latest/operate/oss_and_stack/install/

kv=${KV_SERVER-}
if [[ -z $kv ]]; then
    target=$(cargo metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
    kv=$target/release/kv-server
    if [[ ! -x $kv ]]; then
        echo "building kv-server, which takes a few minutes the first time"
        cargo build --release --package kv-cluster --bin kv-server
    fi
fi
command -v "$kv" >/dev/null || { echo "there is no program $kv: set KV_SERVER to the kv-server binary" >&2; exit 1; }

work=$(mktemp -d)
declare -A pids=()
# Stops servers, by name.
end() {
    local name
    for name in "$@"; do
        [[ -z ${pids[$name]-} ]] || kill "${pids[$name]}" 2>/dev/null || true
    done
    for name in "$@"; do
        [[ -z ${pids[$name]-} ]] || wait "${pids[$name]}" 2>/dev/null || true
    done
}
stop() {
    trap - EXIT
    trap '' INT TERM
    printf '\nstopping all servers\n'
    end a b c # first, while they can still reach NATS
    end n1 n2 n3
    rm -rf "$work"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

is_up() {
    [[ -n ${pids[$1]-} ]] && kill -0 "${pids[$1]}" 2>/dev/null
}

# Starts a server: its name, and its command.
start() {
    local name=$1
    shift
    # Only this script gets a Ctrl-C, and stops the servers in order.
    setsid "$@" >>"$work/$name.log" 2>&1 &
    pids[$name]=$!
}

# Starts a NATS server: its number.
start_nats() {
    local routes
    routes=$(for i in 0 1 2; do printf 'nats://127.0.0.1:%s, ' $((route_port + i)); done)
    cat >"$work/n$1.conf" <<END
listen: 127.0.0.1:$((nats_port + $1 - 1))
server_name: n$1
jetstream { store_dir: "$work/n$1" }
cluster { name: up, listen: 127.0.0.1:$((route_port + $1 - 1)), routes: [${routes%, }] }
END
    start "n$1" nats-server -c "$work/n$1.conf"
}

# Starts a kv-server: its number.
start_kv() {
    local name servers
    name=$(name_of "$1")
    servers=$(for i in 0 1 2; do printf 'nats://127.0.0.1:%s,' $((nats_port + i)); done)
    start "$name" "$kv" --port $((kv_port + $1 - 1)) --cluster "${servers%,}" --node "$name" \
        --patience-ms 60000 ${shards:+--shard "$1/3"}
}

name_of() {
    local names=(a b c)
    echo "${names[$1 - 1]}"
}

# Waits until a server has logged a line once more: its name, the line, and how many such lines there were.
await() {
    until (($(lines "$1" "$2") > $3)); do
        is_up "$1" || { printf '%s has ended:\n' "$1" >&2; tail -n 5 "$work/$1.log" >&2; return 1; }
        sleep 0.1
    done
}

lines() {
    local count
    count=$(grep -c "$2" "$work/$1.log" 2>/dev/null || true)
    echo "${count:-0}"
}

# Starts the servers that are not running, and waits until they serve.
start_all() {
    local i name
    local -A before=()
    for i in 1 2 3; do
        is_up "n$i" && continue
        before[n$i]=$(lines "n$i" "Server is ready")
        start_nats "$i"
    done
    for name in "${!before[@]}"; do
        await "$name" "Server is ready" "${before[$name]}" || return 1
    done
    before=()
    for i in 1 2 3; do
        name=$(name_of "$i")
        is_up "$name" && continue
        before[$name]=$(lines "$name" listening)
        start_kv "$i"
    done
    for name in "${!before[@]}"; do
        await "$name" listening "${before[$name]}" || return 1
    done
    [[ -z $shards ]] || await_shards
}

# Waits until every shard knows the others: `a`, `b` and `c` are keys of the third, the first and the second.
await_shards() {
    local i key
    for i in 1 2 3; do
        for key in a b c; do
            while [[ $(redis-cli -p $((kv_port + i - 1)) GET "$key" 2>&1) == CLUSTERDOWN* ]]; do
                sleep 0.1
            done
        done
    done
}

# Prints the process that leads a stream, according to the logs.
leader_of() {
    cat "$work"/n?.log | grep "new stream leader for '.* > $1'" | sort -k 2,3 | sed -n '$s/^\[\([0-9]*\)\].*/\1/p' || true
}

show() {
    local i name stream
    echo
    for i in 1 2 3; do
        name=$(name_of "$i")
        stream=kv${shards:+-$i-of-3}
        echo "  kv-server $name     port $((kv_port + i - 1)), process ${pids[$name]}${shards:+, shard $i of 3}"
        echo "  nats-server n$i  port $((nats_port + i - 1)), process ${pids[n$i]}"
        [[ -z $shards && $i != 1 ]] || echo "  stream $stream is led by process $(leader_of "$stream")"
    done
    printf '\ntry, in another terminal:\n'
    if [[ -n $shards ]]; then
        cat <<END
  redis-cli -c -p $kv_port SET greeting hello   # -c follows redirects to the server that has the key
  redis-cli -c -p $((kv_port + 2)) GET greeting
  redis-cli -c -p $kv_port SET {user:1}:name Ada
  redis-cli -p $kv_port MSET a 1 b 2            # refused: the keys are in two slots
END
    else
        cat <<END
  redis-cli -p $kv_port SET greeting hello
  redis-cli -p $((kv_port + 2)) GET greeting
  redis-cli -p $((kv_port + 1)) INFO replication
  kill -9 ${pids[b]}     # stops a kv-server: the others continue
  kill -9 $(leader_of kv)     # stops the leader of the stream: SET waits for a few seconds, GET does not
END
    fi
    printf '\nReturn restarts servers that have ended; Ctrl-C stops all. Logs: %s/*.log\n' "$work"
}

echo "starting three NATS servers and three kv-servers; the first election takes up to ten seconds"
start_all
show
while read -r; do
    start_all || continue
    show
done
# Standard input is not a terminal, so nobody can press Return.
wait
