#!/usr/bin/env bash
# All tests, as `make test` and CI run them. The mesh is one of its own, so that `make demo` may run beside it.
set -euo pipefail
cd "$(dirname "$0")/.."
export TESTBED_DIR="${TESTBED_DIR:-$PWD/.cache/test-mesh}"

tests/checks/run.sh

echo "==> the test mesh"
.venv/bin/python -m testbed up
trap '.venv/bin/python -m testbed down' EXIT

echo "==> pytest"
.venv/bin/python -m pytest tests/unit tests/filter tests/testbed tests/cluster "$@"
