#!/usr/bin/env bash
# Runs both demos while strace makes system calls fail. Each result must be correct, or a clean error.
#
#   demos/faults.sh [SECONDS]      for each fault; default: 4
#
# Needs strace (Debian: strace). Prints a line for each fault. The exit code is 0 if all results are as expected.
#
# strace cannot make short reads and writes. For kv-server, large values to a client that asks in pieces cause them;
# market-data reads its file through a pipe that is filled a few bytes at a time.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:-4}
command -v strace >/dev/null || { echo "strace is missing: apt-get install strace" >&2; exit 1; }
cargo build --quiet --release --package kv-server --bin kv-server --example patient
cargo build --quiet --release --package market-data
target=$(cargo metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')/release

work=$(mktemp -d)
tracer=
trap 'kill $tracer 2>/dev/null || true; rm -rf "$work"' EXIT
failed=0

# Runs kv-server with a fault: its name, the least number of correct replies, and strace's expression for it.
serve() {
    local what=$1 least=$2 said status=0 calls pid used
    shift 2
    : >"$work/log"
    strace -f -qq -o "$work/trace" "$@" "$target/kv-server" --port 0 --drain-ms 1000 >"$work/log" 2>"$work/errors" &
    tracer=$!
    for _ in $(seq 200); do grep -q listening "$work/log" && break; sleep 0.05; done
    local port
    port=$(sed -n 's/.*listening on .*:\([0-9]*\)$/\1/p' "$work/log")
    pid=$(pgrep -P "$tracer" | head -n 1)
    said=$("$target/examples/patient" "127.0.0.1:$port" "$seconds" "$least" "${longest:-200000}" 2>&1) || status=$?
    # The process has ended.
    sleep 0.3
    used=$(cat /proc/"$pid"/task/*/schedstat | awk '{ sum += $1 } END { printf "%.0f", sum }')
    sleep 0.7
    used=$(($(cat /proc/"$pid"/task/*/schedstat | awk '{ sum += $1 } END { printf "%.0f", sum }') - used))
    kill -TERM "$pid"
    local ended=0
    for _ in $(seq 40); do kill -0 "$pid" 2>/dev/null && sleep 0.05; done
    if kill -TERM "$pid" 2>/dev/null; then
        # The signal handler writes to its own socket to wake the thread that waits for signals. If the fault hits that
        # write, which never fails on a real system, the signal is lost. A second one ends the process at once.
        wait "$tracer" || ended=$?
        ((ended == 143)) && ended=0
    else
        wait "$tracer" || ended=$?
    fi
    if ((ended != 0)); then said="$said; ended with $ended"; status=1; fi
    tracer=
    calls=$(grep -c INJECTED "$work/trace" || true)
    if ((used > 200000000)); then said="$said; BUSY with nobody there: $((used / 1000000)) ms"; status=1; fi
    if ((calls == 0)); then said="$said; NO FAULT was injected"; status=1; fi
    if [[ -s $work/errors ]]; then said="$said; $(head -c 300 "$work/errors")"; status=1; fi
    report "kv-server" "$what" "$calls" "$said" "$status"
}

report() {
    local verdict=ok
    if (($5 != 0)); then verdict=FAILED failed=1; fi
    printf '%-11s %-42s %6s faults  %s: %s\n' "$1" "$2" "$3" "$verdict" "$4"
}

# Runs market-data with a fault: its name, whether it must succeed, and strace's expression for it.
replay() {
    local what=$1 must=$2 status=0 calls said
    shift 2
    strace -f -qq -o "$work/trace" "$@" "$target/market-data" --bars --strict >"$work/out" 2>"$work/errors" || status=$?
    calls=$(grep -c INJECTED "$work/trace" || true)
    if ((status == 0)) && cmp -s "$work/out" "$work/right"; then
        said="the same bars as without the fault" status=0
    elif [[ $must == error ]] && ((status == 1 || status == 2)) && [[ $(wc -l <"$work/errors") -le 3 && -s $work/errors ]]; then
        said=$(tr '\n' ' ' <"$work/errors" | cut -c 1-160) status=0
    else
        said="status $status, $(head -c 300 "$work/errors")" status=1
    fi
    if ((calls == 0)); then said="$said; NO FAULT was injected"; status=1; fi
    report market-data "$what" "$calls" "$said" "$status"
}

serve "EINTR from every third wait" 100 -e inject=epoll_wait:error=EINTR:when=2+3
serve "EINTR from every second read" 100 -e inject=recvfrom:error=EINTR:when=1+2
serve "EINTR from every second write" 100 -e inject=sendto:error=EINTR:when=1+2
serve "EINTR from every second accept" 100 -e inject=accept4:error=EINTR:when=1+2
# A server that reads EAGAIN although bytes are there is not notified again, so here the socket must not become full.
longest=20000 serve "EAGAIN from every fifth read" 20 -e inject=recvfrom:error=EAGAIN:when=5+5
serve "EAGAIN from every fifth write" 20 -e inject=sendto:error=EAGAIN:when=5+5
serve "EAGAIN from every third accept" 20 -e inject=accept4:error=EAGAIN:when=3+3
serve "ECONNRESET from every 30th read" 100 -e inject=recvfrom:error=ECONNRESET:when=30+30
serve "ECONNRESET from every 30th write" 100 -e inject=sendto:error=ECONNRESET:when=30+30
serve "EPIPE from every 30th write" 100 -e inject=sendto:error=EPIPE:when=30+30
serve "ECONNABORTED from every second accept" 100 -e inject=accept4:error=ECONNABORTED:when=1+2
serve "EMFILE from every third accept" 20 -e inject=accept4:error=EMFILE:when=1+3
serve "ENFILE from the first 30 accepts" 20 -e inject=accept4:error=ENFILE:when=1..30
serve "ENOMEM from every accept" 0 -e inject=accept4:error=ENOMEM:when=1+
serve "ENOMEM from every second registration" 20 -e inject=epoll_ctl:error=ENOMEM:when=4+2
serve "ENOBUFS from every 30th write" 100 -e inject=sendto:error=ENOBUFS:when=30+30

"$target/market-data" --bars --strict >"$work/right"
replay "EINTR from every second read" right -e trace=read -e inject=read:error=EINTR:when=6+2
replay "EIO from the 40th read" error -e trace=read -e inject=read:error=EIO:when=40
replay "an end after the 40th read" error -e trace=read -e inject=read:retval=0:when=40+
replay "EMFILE when files are opened" error -e trace=openat -P "$PWD/demos/market-data/data/btcusdt_20240808.gz" -e inject=openat:error=EMFILE
# A pipe delivers a few bytes at a time.
mkfifo "$work/pipe"
(dd if=demos/market-data/data/btcusdt_20240808.gz of="$work/pipe" bs=97 2>/dev/null) &
status=0
"$target/market-data" --bars --strict --input "$work/pipe" >"$work/out" 2>"$work/errors" || status=$?
cmp -s "$work/out" "$work/right" || status=1
report market-data "reads of 97 bytes" "all" "$(if ((status == 0)); then echo the same bars as without the fault; else head -c 300 "$work/errors"; fi)" "$status"

exit "$failed"
