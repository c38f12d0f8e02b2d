#!/bin/sh
# Install an independent verifier of C2SP tlog-tiles logs and print its path.
# The tests hold our record against it, so that format and verifier are not only
# agreed upon by ourselves. Its exit status is 0 also for a bad log: look for the
# success line. See ledger/verify/outside_test.go.
set -eu
version=v1.0.4
bin="${XDG_CACHE_HOME:-$HOME/.cache}/modicum/bin/tessera-$version"
if [ ! -x "$bin/fsck" ]; then
	mkdir -p "$bin"
	GOFLAGS= GOBIN="$bin" go install "github.com/transparency-dev/tessera/cmd/fsck@$version" >&2
fi
echo "$bin/fsck"
