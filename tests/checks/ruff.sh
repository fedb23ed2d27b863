#!/usr/bin/env bash
# Python style.
. "$(dirname "$0")/common.sh"
ruff check --no-fix --output-format concise --cache-dir "$WORK/ruff" .
