#!/usr/bin/env bash
# Layout of the Zig sources.
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/common.sh"
python -m ziglang fmt --check filter/src filter/tools filter/build.zig bench/wasm
