#!/usr/bin/env bash
# Layout of the Zig sources.
. "$(dirname "$0")/common.sh"
python -m ziglang fmt --check filter/src filter/tools filter/build.zig bench/wasm
