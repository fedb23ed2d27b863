#!/usr/bin/env bash
# All tests, as `make test` and CI run them. The mesh is one of its own, so that `make demo` may run beside it.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "$(dirname "$0")/.."
export TESTBED_DIR="${TESTBED_DIR:-$PWD/.cache/test-mesh}"

# Both first, as they show how a long first build goes on; the check of the Go code then finds it done.
echo "==> the test mesh"
.venv/bin/python -m testbed up
trap '.venv/bin/python -m testbed down' EXIT

echo "==> the OpenTelemetry Collector"
.venv/bin/python -m tests.filter.otel_collector

tests/checks/run.sh

echo "==> pytest"
.venv/bin/python -m pytest tests/unit tests/simulation tests/filter tests/bench tests/testbed tests/cluster tests/faults "$@"
