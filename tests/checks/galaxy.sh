#!/usr/bin/env bash
# Build the collection, install it into an empty folder and use it from there, as somebody who has no checkout.
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/common.sh"
export GALAXY=$WORK/galaxy HOME=$WORK/home ANSIBLE_CONFIG=$WORK/empty.cfg
rm -rf "$GALAXY" && mkdir -p "$GALAXY/empty" "$GALAXY/collections/ansible_collections/kubernetes" "$HOME"
ansible-galaxy collection build --output-path "$GALAXY" >"$GALAXY/build.log" || { cat "$GALAXY/build.log"; exit 1; }
tarball=$(echo "$GALAXY"/openclarity-wasm_filters-*.tar.gz)
# Where Galaxy can't be reached kubernetes.core comes from PyPI's ansible.
packages=$(python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
ln -s "$packages/ansible_collections/kubernetes/core" "$GALAXY/collections/ansible_collections/kubernetes/core"
export ANSIBLE_COLLECTIONS_PATH=$GALAXY/collections
ansible-galaxy collection install --offline --collections-path "$GALAXY/collections" "$tarball" >"$GALAXY/install.log" 2>&1 ||
    { cat "$GALAXY/install.log"; exit 1; }
installed=$GALAXY/collections/ansible_collections/openclarity/wasm_filters
for needed in README.md CHANGELOG.rst filter/dist/http-trace-filter.wasm filter/configuration.schema.json filter/src/main.zig playbooks/deploy.yml; do
    [ -e "$installed/$needed" ] || { echo "not in the collection: $needed" >&2; exit 1; }
done
for unwanted in .cache .venv tests testbed tools Makefile pyproject.toml filter/zig-out; do
    [ ! -e "$installed/$unwanted" ] || { echo "should not be in the collection: $unwanted" >&2; exit 1; }
done
cd "$GALAXY/empty"
python -m galaxy_importer.main "$tarball" >"$GALAXY/importer.log" 2>&1 || { cat "$GALAXY/importer.log"; exit 1; }
! grep -E '^(ERROR|WARNING)' "$GALAXY/importer.log" | grep -vi 'ansible-test' || exit 1
for playbook in "$installed"/playbooks/*.yml; do
    ansible-playbook "openclarity.wasm_filters.$(basename "$playbook" .yml)" --syntax-check >"$GALAXY/syntax.log" 2>&1 ||
        { cat "$GALAXY/syntax.log"; exit 1; }
done
# It gets as far as telling what is missing.
env -u WASM_FILTER_TRACE_BACKEND_ADDRESS ansible-playbook openclarity.wasm_filters.deploy >"$GALAXY/run.log" 2>&1 && exit 1
grep -q "must name at least one namespace" "$GALAXY/run.log" || { cat "$GALAXY/run.log"; exit 1; }
