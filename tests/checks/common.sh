# SPDX-License-Identifier: Apache-2.0
# Sourced by each check: where the checkout is, and the pinned tools first in PATH.
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
WORK=$ROOT/.cache/checks
COLLECTIONS=$ROOT/.cache/collections
export PATH=$ROOT/.venv/bin:$PATH
export ANSIBLE_HOME=$WORK/ansible ANSIBLE_NOCOLOR=1 NO_COLOR=1
mkdir -p "$WORK"
: >"$WORK/empty.cfg"
cd "$ROOT"
