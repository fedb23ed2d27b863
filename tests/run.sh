#!/usr/bin/env bash
# All tests, as `make test` and CI run them, on meshes of their own, so that `make demo` may run beside them.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "$(dirname "$0")/.."
export TESTBED_DIR="${TESTBED_DIR:-$PWD/.cache/test-mesh}"
# What pytest-xdist calls its workers; tests/conftest.py leads each to its mesh.
workers=(gw0 gw1)

down() {
    for worker in "${workers[@]}"; do
        TESTBED_DIR=$TESTBED_DIR/$worker .venv/bin/python -m testbed down || echo "$worker is still up" >&2
    done
}
trap down EXIT

# Both first, as they show how a long first build goes on; the check of the Go code then finds it done.
for worker in "${workers[@]}"; do
    echo "==> the test mesh $worker"
    TESTBED_DIR=$TESTBED_DIR/$worker .venv/bin/python -m testbed up
done

echo "==> the OpenTelemetry Collector"
.venv/bin/python -m tests.filter.otel_collector

tests/checks/run.sh

# Files in this order: those that mostly wait are dealt out first, so that both workers end at about the same time.
echo "==> pytest"
.venv/bin/python -m pytest --numprocesses "${#workers[@]}" --dist loadfile --no-loadscope-reorder \
    tests/cluster tests/faults tests/testbed tests/filter tests/bench tests/simulation tests/unit "$@"
