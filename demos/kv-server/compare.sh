#!/usr/bin/env bash
# Compares kv-server with redis-server, in turns: throughput and server CPU per request, with ratios.
#
#   demos/kv-server/compare.sh [ROUNDS] [TESTS]      default: 3 set,get,incr,ping
#
# Needs redis-server and redis-benchmark (Debian: redis-server, redis-tools). CPU is the user and system time of all
# threads of the server, so it depends less on other users of the machine than throughput does.
set -euo pipefail
cd "$(dirname "$0")/../.."

rounds=${1:-3}
tests=${2:-set,get,incr,ping}
clients=50
declare -A requests=([1]=100000 [16]=800000)

for program in redis-server redis-benchmark redis-cli; do
    command -v "$program" >/dev/null || { echo "$program is missing: apt-get install redis-server redis-tools" >&2; exit 1; }
done
cargo build --quiet --release --package kv-server
target=$(cargo metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')/release

work=$(mktemp -d)
pids=()
trap 'kill "${pids[@]}" 2>/dev/null || true; rm -rf "$work"' EXIT

"$target/kv-server" --port 0 >"$work/kv-server.log" &
pids+=($!)
until grep -q listening "$work/kv-server.log"; do
    kill -0 "${pids[0]}" 2>/dev/null || { echo "kv-server did not start" >&2; exit 1; }
    sleep 0.05
done
kv_port=$(sed -n 's/.*listening on .*:\([0-9]*\)$/\1/p' "$work/kv-server.log")
# Redis cannot pick a free port and print it, so the script looks for the next free one.
redis_port=$kv_port
while
    redis_port=$((redis_port + 1))
    (exec 3<>"/dev/tcp/127.0.0.1/$redis_port") 2>/dev/null
do :; done
redis-server --port "$redis_port" --save '' --appendonly no --dir "$work" >"$work/redis.log" &
pids+=($!)
until redis-cli -p "$redis_port" ping >/dev/null 2>&1; do
    kill -0 "${pids[1]}" 2>/dev/null || { cat "$work/redis.log" >&2; exit 1; }
    sleep 0.05
done
declare -A port=([kv-server]=$kv_port [redis]=$redis_port) pid=([kv-server]=${pids[0]} [redis]=${pids[1]})

# Prints the CPU time of a process, in nanoseconds.
cpu() { cat /proc/"$1"/task/*/schedstat | awk '{ sum += $1 } END { printf "%.0f\n", sum }'; }

# One run: prints "server depth test requests/s", then CPU per request over all tests.
run() {
    local server=$1 depth=$2 before after count
    before=$(cpu "${pid[$server]}")
    redis-benchmark -p "${port[$server]}" -c $clients -n "${requests[$depth]}" -P "$depth" -t "$tests" -r 10000 --csv 2>/dev/null |
        tail -n +2 | tr -d '"' | awk -F, -v s="$server" -v d="$depth" '{ print s, d, $1, $2 }' >"$work/rates"
    after=$(cpu "${pid[$server]}")
    count=$(wc -l <"$work/rates")
    cat "$work/rates" >>"$work/all-rates"
    echo "$server $depth $(((after - before) / (requests[$depth] * count)))" | tee -a "$work/all-cpu" |
        awk -v round="${round:-0}" '{ printf "  round %s: %-10s depth %-2s  %6d ns of CPU per request\n", round, $1, $2, $3 }'
}

for depth in 1 16; do run kv-server $depth >/dev/null; run redis $depth >/dev/null; done
: >"$work/all-rates"
: >"$work/all-cpu"
for round in $(seq "$rounds"); do
    for depth in 1 16; do
        for server in kv-server redis; do run "$server" "$depth"; done
    done
done

awk '
    function median(list,   n, values, i, j, t) {
        n = split(list, values, " ")
        for (i = 2; i <= n; i++) for (j = i; j > 1 && values[j - 1] + 0 > values[j] + 0; j--) { t = values[j]; values[j] = values[j - 1]; values[j - 1] = t }
        return n % 2 ? values[(n + 1) / 2] : (values[n / 2] + values[n / 2 + 1]) / 2
    }
    FILENAME ~ /cpu/ { cpu[$1, $2] = cpu[$1, $2] " " $3; next }
    { rate[$1, $2, $3] = rate[$1, $2, $3] " " $4; if (!($3 in seen)) { seen[$3] = 1; names[++count] = $3 } }
    END {
        printf "\n%-24s %5s %14s %14s %7s\n", "median", "depth", "kv-server", "redis", "ratio"
        for (d = 1; d <= 16; d += 15) {
            a = median(cpu["kv-server", d]); b = median(cpu["redis", d])
            printf "%-24s %5d %14d %14d %7.2f\n", "CPU per request, ns", d, a, b, a / b
        }
        for (d = 1; d <= 16; d += 15) for (i = 1; i <= count; i++) {
            a = median(rate["kv-server", d, names[i]]); b = median(rate["redis", d, names[i]])
            printf "%-24s %5d %14d %14d %7.2f\n", names[i] " per second", d, a, b, a / b
        }
    }' "$work/all-cpu" "$work/all-rates"
