#!/usr/bin/env bash
# Runs kv-server under valgrind's memcheck, with clients that check every reply, clients that disconnect, redis-benchmark,
# and a stop by SIGTERM. There must be no error and no leak.
#
#   demos/kv-server/memcheck.sh [SECONDS]      default: 20
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
server=
trap 'kill $server 2>/dev/null || true; rm -rf "$work"' EXIT
# The thread that waits for signals still exists at the end, and so does its memory.
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
END
kinds=definite,indirect,possible
valgrind --error-exitcode=9 --leak-check=full --show-leak-kinds=$kinds --errors-for-leak-kinds=$kinds \
    --suppressions="$work/suppressions" --log-file="$work/valgrind" "$target/kv-server" --port 0 --max-clients 1000 >"$work/log" &
server=$!
until grep -q listening "$work/log"; do sleep 0.1; done
port=$(sed -n 's/.*listening on .*:\([0-9]*\)$/\1/p' "$work/log")
redis-benchmark -p "$port" -q -n 3000 -c 20 -P 4 -r 500 -t set,get,incr,mset,ping >/dev/null
# Killed with unfinished requests and unread replies.
redis-benchmark -p "$port" -q -n 1000000 -c 50 -P 32 -d 20000 -t set,get >/dev/null 2>&1 &
sleep 2
kill -9 $!
wait $! 2>/dev/null || true
"$target/examples/patient" "127.0.0.1:$port" "$seconds" 50 200000
kill -TERM "$server"
status=0
wait "$server" || status=$?
server=
grep -E "ERROR SUMMARY|definitely lost|possibly lost|no leaks" "$work/valgrind" || true
((status == 0)) || cat "$work/valgrind"
exit "$status"
