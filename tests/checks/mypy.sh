#!/usr/bin/env bash
# Python types: the collection under its installed name, then what is around it.
. "$(dirname "$0")/common.sh"
export MYPYPATH=$COLLECTIONS:$ROOT
mypy --config-file tests/checks/mypy.ini --cache-dir "$WORK/mypy" \
    -p ansible_collections.openclarity.wasm_filters.plugins -p testbed -p tests "$@"
