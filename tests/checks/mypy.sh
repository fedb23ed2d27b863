#!/usr/bin/env bash
# Python types: the collection under its installed name, then what is around it.
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/common.sh"
export MYPYPATH=$COLLECTIONS:$ROOT
mypy -p ansible_collections.openclarity.wasm_filters.plugins -p bench -p testbed -p tests -p tools "$@"
