#!/usr/bin/env bash
# Python style.
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/common.sh"
ruff check --no-fix --output-format concise --cache-dir "$WORK/ruff" .
