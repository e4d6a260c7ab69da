#!/usr/bin/env bash
# Prints the folder of a nats-server that is new enough for several replicas, fetching the newest of Debian if need be.
#
#   PATH=$(cluster/nats-server.sh target/nats-server):$PATH
#
# The package is only unpacked, into a folder `unpacked` in the one that is named, whose other contents stay. Nothing is
# installed. Needs apt-get and dpkg-deb.
set -euo pipefail

oldest=2.10.0
place=${1:?usage: cluster/nats-server.sh FOLDER}

# Whether a program is new enough.
is_new() {
    local version
    version=$("$1" --version 2>/dev/null | sed -n 's/^nats-server: v//p') && [ -n "$version" ] &&
        [ "$(printf '%s\n' "$oldest" "$version" | sort -V | head -n 1)" = "$oldest" ]
}

own=$place/unpacked
for found in "$(command -v nats-server || true)" "$own/usr/sbin/nats-server" "$place/usr/sbin/nats-server"; do
    if [ -n "$found" ] && is_new "$found"; then
        (cd "$(dirname "$found")" && pwd)
        exit
    fi
done

# The lists of packages are those of this script alone, and are checked by Debian's keys as ever.
mkdir -p "$own"
cd "$own"
keys=/usr/share/keyrings/debian-archive-keyring.gpg
apt() {
    apt-get -qq -o Dir::Etc::sourcelist="$PWD/sources.list" -o Dir::Etc::sourceparts=- -o Dir::State::lists="$PWD/lists" \
        -o Dir::Cache="$PWD/cache" -o Acquire::Languages=none -o APT::Sandbox::User=root "$@"
}
# The newest one that runs here.
for suite in sid trixie; do
    rm -rf ./*
    mkdir -p lists/partial cache/archives/partial
    echo "deb [signed-by=$keys] http://deb.debian.org/debian $suite main" >sources.list
    if apt update >&2 && apt download nats-server >&2 && dpkg-deb -x nats-server_*.deb . && is_new usr/sbin/nats-server; then
        rm -rf lists cache nats-server_*.deb
        echo "$PWD/usr/sbin"
        exit
    fi
done
echo "there is no newer nats-server to be had here: https://github.com/nats-io/nats-server/releases" >&2
exit 1
