# SPDX-License-Identifier: Apache-2.0
"""What takes long to make is made once for all checkouts of a user."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from .paths import user_cache


def kept(name: str, key: str, make: Callable[[Path], None]) -> Path:
    """The folder of that name and key in the user's cache, so that fresh clones and other checkouts find it; `make`
    fills a new one. Whoever is done first wins; a second builder of the same content has nothing to add."""
    folder = user_cache() / name / key
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="build-", dir=folder.parent) as temporary:
            partial = Path(temporary) / "out"
            partial.mkdir()
            make(partial)
            try:
                partial.rename(folder)
            except OSError:
                if not folder.exists():
                    raise
    return folder
