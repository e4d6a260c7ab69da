#!/usr/bin/env bash
# Compares kv-server with a journal and redis-server with an append-only file, in turns, with ratios.
#
#   demos/kv-server/compare-journal.sh [ROUNDS] [KEYS]      default: 3 5000000
#
# First throughput, server CPU per request and p99 of SET, 50 clients, depth 1 and 16: `--durability disk` and `behind` beside
# `appendfsync always`, and `process` beside `everysec`. Then, with KEYS keys: the size on disk and the time to restart
# before and after compaction. Set TMPDIR to a directory on a disk, not in memory. Needs redis-server and redis-benchmark.
set -euo pipefail
cd "$(dirname "$0")/../.."

rounds=${1:-3}
keys=${2:-5000000}
declare -A requests=([1]=${REQUESTS_1:-60000} [16]=${REQUESTS_16:-500000})

for program in redis-server redis-benchmark redis-cli; do
    command -v "$program" >/dev/null || { echo "$program is missing: apt-get install redis-server redis-tools" >&2; exit 1; }
done
cargo build --quiet --release --package kv-server
target=$(cargo metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')/release

work=$(mktemp -d)
pid=''
trap 'kill -9 $pid 2>/dev/null || true; rm -rf "$work"' EXIT
port=$((20000 + $$ % 20000))

# Prints the CPU time of a process, in nanoseconds.
cpu() { cat /proc/"$1"/task/*/schedstat | awk '{ sum += $1 } END { printf "%.0f\n", sum }'; }
now() { date +%s%N; }

# Starts a server of a kind in a directory and waits until it answers; sets pid, and started to how long that took in ms.
start() {
    local kind=$1 place=$2 begun
    mkdir -p "$place"
    begun=$(now)
    case $kind in
    kv-*)
        # Compaction runs only on request, not by chance.
        "$target/kv-server" --port "$port" --journal "$place" --durability "${kind#kv-}" --compact 0 >"$work/log" 2>&1 &
        ;;
    redis-*)
        redis-server --port "$port" --save '' --appendonly yes --appendfsync "${kind#redis-}" --dir "$place" \
            --auto-aof-rewrite-percentage 0 >"$work/log" 2>&1 &
        ;;
    esac
    pid=$!
    until [ "$(redis-cli -p "$port" GET none 2>/dev/null)" = '' ] && redis-cli -p "$port" PING 2>/dev/null | grep -q PONG; do
        kill -0 $pid 2>/dev/null || { cat "$work/log" >&2; exit 1; }
        sleep 0.02
    done
    started=$((($(now) - begun) / 1000000))
}

stop() {
    kill -9 "$pid"
    wait "$pid" 2>/dev/null || true
    pid=''
}

# One run of a kind: rate, CPU per request, p99.
run() {
    local kind=$1 depth=$2 before after line
    start "$kind" "$work/$kind"
    before=$(cpu "$pid")
    line=$(redis-benchmark -p "$port" -c 50 -n "${requests[$depth]}" -P "$depth" -t set -d 16 -r 1000000 --csv 2>/dev/null | tail -1 | tr -d '"')
    after=$(cpu "$pid")
    stop
    rm -rf "${work:?}/$kind"
    echo "$line" | awk -F, -v kind="$kind" -v depth="$depth" -v cpu="$(((after - before) / requests[$depth]))" \
        '{ print kind, depth, $2, cpu, $7 }' | tee -a "$work/rates" |
        awk -v round="$round" '{ printf "  round %s: %-14s depth %-2s %8d/s %6d ns of CPU, p99 %s ms\n", round, $1, $2, $3, $4, $5 }'
}

for round in $(seq "$rounds"); do
    for depth in 1 16; do
        for kind in kv-disk redis-always kv-behind kv-process redis-everysec; do run "$kind" "$depth"; done
    done
done

awk '
    function median(list,   n, values, i, j, t) {
        n = split(list, values, " ")
        for (i = 2; i <= n; i++) for (j = i; j > 1 && values[j - 1] + 0 > values[j] + 0; j--) { t = values[j]; values[j] = values[j - 1]; values[j - 1] = t }
        return n % 2 ? values[(n + 1) / 2] : (values[n / 2] + values[n / 2 + 1]) / 2
    }
    { for (i = 3; i <= 5; i++) seen[$1, $2, i] = seen[$1, $2, i] " " $i }
    END {
        split("kv-disk kv-behind kv-process", ours, " "); split("redis-always redis-always redis-everysec", theirs, " ")
        split("x x requests/s ns_of_CPU p99_ms", names, " ")
        printf "\n%-12s %5s %-12s %12s %12s %7s\n", "SET, median", "depth", "", "kv-server", "redis", "ratio"
        for (k = 1; k <= 3; k++) for (d = 1; d <= 16; d += 15) for (i = 3; i <= 5; i++) {
            a = median(seen[ours[k], d, i]); b = median(seen[theirs[k], d, i])
            printf "%-12s %5d %-12s %12.2f %12.2f %7.2f\n", substr(ours[k], 4), d, names[i], a, b, b ? a / b : 0
        }
    }' "$work/rates"

size() { du -sb --exclude=lock "$1" | cut -f1; }

# Writes KEYS keys with 10 % more requests, then restarts, compacts, and restarts again.
filled() {
    local kind=$1 place=$work/filled-$1
    start "$kind" "$place"
    # Sets every key once, then a tenth of them again.
    awk -v keys="$keys" 'BEGIN {
        for (n = 0; n < keys * 11 / 10; n++) { key = sprintf("key:%012d", n % keys); printf "*3\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$16\r\nvalue:%010d\r\n", length(key), key, n }
    }' | redis-cli -p "$port" --pipe >/dev/null
    local ram; ram=$(awk '/VmRSS/ { print $2 }' /proc/"$pid"/status)
    stop
    local before; before=$(size "$place")
    local times='' after
    for _ in $(seq "$rounds"); do sync; start "$kind" "$place"; times+="$started "; stop; done
    start "$kind" "$place"
    redis-cli -p "$port" BGREWRITEAOF >/dev/null
    sleep 0.5
    until redis-cli -p "$port" INFO persistence | tr -d '\r' | grep -q aof_rewrite_in_progress:0; do sleep 0.2; done
    redis-cli -p "$port" DBSIZE >"$work/dbsize"
    stop
    after=$(size "$place")
    local again=''
    for _ in $(seq "$rounds"); do sync; start "$kind" "$place"; again+="$started "; stop; done
    rm -rf "$place"
    echo "$kind keys $(cat "$work/dbsize") memory_kb $ram bytes $before then $after start_ms $times then $again"
}

if [ "$keys" -gt 0 ]; then
    echo
    echo "$keys keys of 16 bytes, values of 16 bytes, $((keys * 11 / 10)) SETs: bytes on disk and ms until a restarted server answers, before and after compaction"
    filled kv-process
    filled redis-everysec
fi
