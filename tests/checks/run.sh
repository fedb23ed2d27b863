#!/usr/bin/env bash
# Every check in turn, or those that are named: tests/checks/run.sh ruff mypy. Lists what failed at the end.
# SPDX-License-Identifier: Apache-2.0
set -uo pipefail
folder=$(cd "$(dirname "$0")" && pwd)
all=(ruff mypy zig_fmt changelog ansible_lint docs galaxy go_vet workflows matrix sanity)
failed=()
for name in "${@:-${all[@]}}"; do
    started=$SECONDS
    echo "==> $name: $(sed -n '2s/^# //p' "$folder/$name.sh")"
    if "$folder/$name.sh"; then
        echo "    passed ($((SECONDS - started)) s)"
    else
        echo "    FAILED ($((SECONDS - started)) s)"
        failed+=("$name")
    fi
done
[ ${#failed[@]} -eq 0 ] || { echo "failed: ${failed[*]}" >&2; exit 1; }
