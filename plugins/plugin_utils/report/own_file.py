# Copyright: the openclarity.wasm_filters contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that a run writes on the controller. One of an earlier run is deleted before anything is checked, so that a
run that ends early leaves nothing that looks like its own; a file that is none of ours is never touched."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import InputError

# variable -> (what it is, what all of its versions have)
KINDS = {
    "wasm_filter_result_file": ("the result of a run", {"version", "filter", "run", "clusters"}),
    "wasm_filter_plan_file": ("the plan of a run", {"version", "filter_name", "run", "targets"}),
    "wasm_filter_status_file": ("the status of namespaces", {"version", "filter", "counts", "drifted", "clusters"}),
}


def forget(paths: Mapping[str, str]) -> list[InputError]:
    """Delete what earlier runs left.

    :param paths: {variable: absolute path, or empty}.
    :returns: an error for each path that can't be used; if there is one, nothing is deleted.
    """
    wanted = {variable: path for variable, path in paths.items() if path}
    errors = [error for variable, path in wanted.items() if (error := _unusable(variable, path))]
    if not errors and len(set(wanted.values())) < len(wanted):
        errors.append(InputError("wasm_filter_plan_file", wanted["wasm_filter_plan_file"], "is the result file, too"))
    if not errors:
        for path in wanted.values():
            # A file that can't be deleted can't be replaced either, which is said when it is to be written.
            with contextlib.suppress(OSError):
                Path(path).unlink()
    return errors


def write(path: str, content: dict[str, Any], mode: int) -> None:
    """Replace the file as a whole: whoever reads it sees the old or the new one, never half of one.

    :raises OSError: it can't be written.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        # Nobody else may read it, not even while it is written.
        partial.touch(mode, exist_ok=False)
        partial.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def _unusable(variable: str, path: str) -> InputError | None:
    """Whether it is there and not ours to delete. An empty file is nobody's loss."""
    what, keys = KINDS[variable]
    try:
        if not Path(path).exists():
            return None
        if not Path(path).is_file():
            return InputError(variable, path, "is no file")
        text = Path(path).read_bytes()
        content = json.loads(text) if text.strip() else dict.fromkeys(keys)
    except OSError as error:
        return InputError(variable, path, f"can't be read: {error.strerror}")
    except ValueError:
        content = None
    if isinstance(content, dict) and keys <= content.keys():
        return None
    return InputError(variable, path, f"exists and is not {what}: it is not replaced; name another file, or delete it")
