#!/usr/bin/env bash
# The Go programs of the test mesh, with the pinned Go.
. "$(dirname "$0")/common.sh"
export GOTOOLCHAIN=local GOFLAGS=-mod=readonly GOWORK=off CGO_ENABLED=0
cd testbed/go
unformatted=$(go fmt -n ./... >/dev/null && "$(go env GOROOT)/bin/gofmt" -l . 2>/dev/null || true)
[ -z "$unformatted" ] || { echo "gofmt would change: $unformatted" >&2; exit 1; }
go vet -trimpath ./...
