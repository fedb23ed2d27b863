#!/usr/bin/env bash
# Documentation of plugins and roles.
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/common.sh"
# With these two alone; among all the collections of PyPI's ansible it takes minutes.
packages=$(python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
mkdir -p "$WORK/docs/ansible_collections/kubernetes" "$WORK/docs/ansible_collections/openclarity"
ln -sfn "$packages/ansible_collections/kubernetes/core" "$WORK/docs/ansible_collections/kubernetes/core"
ln -sfn "$ROOT" "$WORK/docs/ansible_collections/openclarity/wasm_filters"
export ANSIBLE_COLLECTIONS_PATH=$WORK/docs ANSIBLE_COLLECTIONS_SCAN_SYS_PATH=false
antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs all .
