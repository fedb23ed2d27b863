#!/usr/bin/env bash
# GitHub's workflows, with the pinned actionlint.
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/common.sh"
export GOTOOLCHAIN=local GOFLAGS=-mod=readonly GOWORK=off CGO_ENABLED=0
cd tests/checks/workflows
# Only what is pinned here: not the shellcheck or pyflakes that a machine happens to have.
go tool actionlint -shellcheck= -pyflakes= "$ROOT"/.github/workflows/*.yml
