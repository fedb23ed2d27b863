#!/usr/bin/env bash
# The Go programs of the tests, with the pinned Go.
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/common.sh"
export GOTOOLCHAIN=local GOFLAGS=-mod=readonly GOWORK=off CGO_ENABLED=0
for module in $(git ls-files '*/go.mod'); do
    # One that only pins a tool has nothing of its own.
    [ -n "$(git -C "$ROOT" ls-files "${module%/go.mod}/*.go")" ] || continue
    cd "$ROOT/${module%/go.mod}"
    unformatted=$(go fmt -n ./... >/dev/null && "$(go env GOROOT)/bin/gofmt" -l . 2>/dev/null || true)
    [ -z "$unformatted" ] || { echo "gofmt would change in ${module%/go.mod}: $unformatted" >&2; exit 1; }
    go vet -trimpath ./...
done
