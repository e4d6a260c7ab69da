#!/usr/bin/env bash
# Runs kv-server under valgrind's memcheck, with clients that check every reply, clients that disconnect, redis-benchmark,
# and a stop by SIGTERM. There must be no error and no leak. It runs with keys in memory only, with a journal and metrics,
# again on the journal of that run, and with a log that servers share, if there is a nats-server.
#
#   demos/kv-server/memcheck.sh [SECONDS]      default: 20, for each run
#
# Needs valgrind and redis-benchmark (Debian: valgrind, redis-tools). The exit code is 0 if nothing was found.
set -euo pipefail
cd "$(dirname "$0")/../.."

seconds=${1:-20}
for program in valgrind redis-benchmark; do
    command -v "$program" >/dev/null || { echo "$program is missing: apt-get install valgrind redis-tools" >&2; exit 1; }
done
cargo build --quiet --release --package kv-server --bin kv-server --example patient
target=$(cargo metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')/release

work=$(mktemp -d)
server= nats=
trap 'kill $server $nats 2>/dev/null || true; rm -rf "$work"' EXIT
# The thread that waits for signals still exists at the end, and so does its memory. So may a thread that compacts the
# journal, for which the end does not wait.
cat >"$work/suppressions" <<'END'
{
   a thread that lives
   Memcheck:Leak
   match-leak-kinds: possible
   fun:calloc
   ...
   fun:_dl_allocate_tls
   ...
   fun:pthread_create*
   ...
}
{
   a compaction that the end interrupts
   Memcheck:Leak
   match-leak-kinds: possible
   ...
   fun:*nexus_journal*compact*
   ...
}
{
   the handle of the main thread, to whose middle the thread points
   Memcheck:Leak
   match-leak-kinds: possible
   ...
   fun:*thread*current*init_current*
   ...
}
{
   tables of a static regular expression of async-nats, to whose middle it points
   Memcheck:Leak
   match-leak-kinds: possible
   ...
   fun:*regex_automata*
   ...
}
END
kinds=definite,indirect,possible

# Checks a server: a title, the program and its options.
check() {
    local title=$1 status=0
    shift
    # What the server before has printed must not be read.
    : >"$work/log"
    valgrind --error-exitcode=9 --leak-check=full --show-leak-kinds=$kinds --errors-for-leak-kinds=$kinds \
        --suppressions="$work/suppressions" --log-file="$work/valgrind" "$@" --port 0 --max-clients 1000 >"$work/log" &
    server=$!
    until grep -q listening "$work/log"; do
        kill -0 "$server" 2>/dev/null || { cat "$work/log" "$work/valgrind"; return 1; }
        sleep 0.1
    done
    local port metrics
    port=$(sed -n 's/.*listening on .*:\([0-9]*\)$/\1/p' "$work/log")
    redis-benchmark -p "$port" -q -n 3000 -c 20 -P 4 -r 500 -t set,get,incr,mset,ping >/dev/null
    # Killed with unfinished requests and unread replies.
    redis-benchmark -p "$port" -q -n 1000000 -c 50 -P 32 -d 20000 -t set,get >/dev/null 2>&1 &
    sleep 2
    kill -9 $!
    wait $! 2>/dev/null || true
    "$target/examples/patient" "127.0.0.1:$port" "$seconds" 50 200000
    metrics=$(sed -n 's|.*metrics: http://\(.*\)/$|\1|p' "$work/log")
    if [[ -n $metrics ]]; then
        exec 3<>"/dev/tcp/${metrics%:*}/${metrics#*:}"
        printf 'GET /metrics HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n' "$metrics" >&3
        grep -c '_total' <&3 >/dev/null
        exec 3>&-
    fi
    kill -TERM "$server"
    wait "$server" || status=$?
    server=
    echo "$title: $(sed -n 's/^==[0-9]*== ERROR SUMMARY: //p' "$work/valgrind")"
    ((status == 0)) || cat "$work/valgrind"
    return "$status"
}

check "keys in memory" "$target/kv-server"
journal=(--journal "$work/journal" --durability behind --compact 1mb --metrics 127.0.0.1:0)
check "a journal and metrics" "$target/kv-server" "${journal[@]}"
check "the same journal again" "$target/kv-server" "${journal[@]}"

if ! place=$(cluster/nats-server.sh target/nats-server 2>/dev/null); then
    echo "a shared log: not checked, since there is no nats-server"
    exit
fi
(cd cluster && cargo build --quiet --release --package kv-cluster --bin kv-server)
shared=$(cd cluster && cargo metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')/release
"$place/nats-server" --jetstream --store_dir "$work/nats" --addr 127.0.0.1 --port -1 --ports_file_dir "$work" >"$work/nats.log" 2>&1 &
nats=$!
until ls "$work"/nats-server_*.ports >/dev/null 2>&1; do kill -0 "$nats"; sleep 0.1; done
address=$(sed -n 's/.*"\(nats:[^"]*\)".*/\1/p' "$work"/nats-server_*.ports | head -n 1)
check "a shared log" "$shared/kv-server" --cluster "$address" --node one --replicas 1
