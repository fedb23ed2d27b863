#!/usr/bin/env bash
# Documentation of plugins and roles.
. "$(dirname "$0")/common.sh"
export ANSIBLE_COLLECTIONS_PATH=$COLLECTIONS
antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs all --disallow-unknown-collection-refs .
