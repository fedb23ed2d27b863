# Copyright: the openclarity.wasm_filters contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One meaning of relative paths: from where the command was typed, as in a shell, not from the playbook's folder."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def absolute(path: object, environment: Mapping[str, str] | None = None) -> str:
    """The path as it was meant; empty stays empty."""
    text = str(path or "")
    if not text:
        return ""
    # What the shell says: a symbolic link in it stays as it was typed.
    base = (os.environ if environment is None else environment).get("PWD") or Path.cwd()
    return os.path.normpath(Path(base, Path(text).expanduser()))
