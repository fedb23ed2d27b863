#!/usr/bin/env bash
# ansible-test sanity over what is shipped, as Galaxy would have it. Its environments stay in .cache for the next time.
# SPDX-License-Identifier: Apache-2.0
# MATRIX_BIN, MATRIX_NAME: with the programs of a pair of tests/matrix.
. "$(dirname "$0")/common.sh"
packages=$(python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
WORK=$WORK${MATRIX_NAME:+/$MATRIX_NAME}
PATH=${MATRIX_BIN:+$MATRIX_BIN:}$PATH
export HOME=$WORK/home ANSIBLE_CONFIG=$WORK/empty.cfg
cache=$HOME/.ansible/test/cache
mkdir -p "$cache"
: >"$WORK/empty.cfg"
# ansible-test would download a pip of its own, another with each ansible-core, from where it can't always be reached.
for lock in tests/checks/pip-*.txt; do
    version=$(basename "${lock#*/pip-}" .txt)
    [ -e "$cache/pip-$version-py3-none-any.whl" ] ||
        "$ROOT/.venv/bin/pip" download --quiet --require-hashes --only-binary :all: --no-deps --dest "$cache" -r "$lock"
    cp tests/checks/get_pip.py "$cache/get_pip_${version//./_}.py"
done
tree=$WORK/sanity/ansible_collections
rm -rf "$tree" && mkdir -p "$tree/openclarity/wasm_filters" "$tree/kubernetes"
ln -s "$packages/ansible_collections/kubernetes/core" "$tree/kubernetes/core"
ansible-galaxy collection build --force --output-path "$WORK/sanity" >/dev/null
tar -xzf "$WORK"/sanity/openclarity-wasm_filters-*.tar.gz -C "$tree/openclarity/wasm_filters"
cd "$tree/openclarity/wasm_filters"
# Else the checkout around it would tell ansible-test that all of this is ignored.
git init --quiet
version=$(python -c 'import sys; print(f"{sys.version_info.major}.{sys.version_info.minor}")')
ansible-test sanity --local --python "$version" --color no "$@" 2>&1 | tee "$WORK/sanity.log" |
    { grep -vE '^(Installing|Using cached|Looking in|Processing|Collecting|Successfully|  Downloading|Running sanity|     .*eta)' || true; }
