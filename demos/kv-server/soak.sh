#!/usr/bin/env bash
# Soaks kv-server with a journal and metrics: clients check every reply, others connect, disconnect and are killed, many
# more are mostly idle, and redis-benchmark runs beside them. Memory and open files must stay as they were after the
# warm-up, and redis-benchmark must succeed unless it is killed. Latency is shown.
#
#   demos/kv-server/soak.sh [MINUTES] [IDLE]      default: 60 10000, at least 2 minutes
#
# The journal is in $TMPDIR, which should be on a disk. Needs redis-benchmark (Debian: redis-tools). The exit code is 0 if
# nothing was found.
set -euo pipefail
cd "$(dirname "$0")/../.."

minutes=${1:-60}
idle=${2:-10000}
ulimit -n $((idle + 2000)) || { echo "$idle idle clients need more open files than the system allows: ulimit -Hn" >&2; exit 1; }
command -v redis-benchmark >/dev/null || { echo "redis-benchmark is missing: apt-get install redis-tools" >&2; exit 1; }
cargo build --quiet --release --package kv-server --example soak --bin kv-server
target=$(cargo metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')/release

work=$(mktemp -d)
server= bench=
trap 'kill $server $bench 2>/dev/null || true; rm -rf "$work"' EXIT
"$target/kv-server" --port 0 --max-clients $((idle + 1000)) --metrics 127.0.0.1:0 \
    --journal "$work/journal" --durability behind >"$work/log" &
server=$!
until grep -q 'metrics:' "$work/log"; do kill -0 "$server" || exit 1; sleep 0.05; done
port=$(sed -n 's/.*listening on .*:\([0-9]*\)$/\1/p' "$work/log")
metrics=$(sed -n 's|.*metrics: http://\(.*\)/$|\1|p' "$work/log")
echo "kv-server is process $server on port $port; $(date -u +%FT%TZ), $minutes minutes"

# Runs one benchmark after another, and kills every third. Counts those that succeed, and keeps the error of one that does
# not.
bench() {
    local round=0 succeeded=0 child
    trap 'kill $child 2>/dev/null; exit' TERM
    while :; do
        round=$((round + 1))
        redis-benchmark -p "$port" -q -c $((10 + round % 3 * 200)) -P $((1 + round % 4 * 10)) -d $((3 + round % 5 * 2000)) \
            -n 20000 -r 1000 -t set,get,incr,ping,mset >"$work/bench" 2>&1 &
        child=$!
        if ((round % 3 == 0)); then
            sleep 0.5
            kill -9 "$child" 2>/dev/null || true
            wait "$child" 2>/dev/null || true
        elif wait "$child"; then
            succeeded=$((succeeded + 1))
        else
            { echo "round $round of redis-benchmark failed:"; tail -n 5 "$work/bench"; } >"$work/failed"
        fi
        echo "$round rounds, every third of them killed, $succeeded succeeded" >"$work/rounds"
    done
}
bench &
bench=$!

"$target/examples/soak" "127.0.0.1:$port" "$metrics" "$server" $((minutes * 60)) "$idle"
kill "$bench" || { echo "redis-benchmark ended too early" >&2; exit 1; }
wait "$bench" 2>/dev/null || true
bench=
# A soak without load proves little.
[ -e "$work/rounds" ] || { echo "no round of redis-benchmark ended" >&2; exit 1; }
echo "redis-benchmark: $(cat "$work/rounds")"
[ ! -e "$work/failed" ] || { cat "$work/failed" >&2; exit 1; }
grep -q ' [1-9][0-9]* succeeded' "$work/rounds" || { echo "no round of redis-benchmark succeeded" >&2; exit 1; }
compactions=$(redis-cli -p "$port" INFO persistence | tr -d '\r' | sed -n 's/^journal_compactions://p')
echo "journal: $compactions compactions, $(du -sm "$work/journal" | cut -f1) MB"
((compactions > 0)) || { echo "the journal was never compacted" >&2; exit 1; }
kill -TERM "$server"
wait "$server"
server=
tail -n 1 "$work/log"
