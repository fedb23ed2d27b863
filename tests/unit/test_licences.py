# SPDX-License-Identifier: Apache-2.0
"""Every file says its licence, or can't: what has no comments, and what a tool writes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.unit.objects import REPOSITORY
from tools import spdx

WITHOUT = {".json", ".txt", ".wasm", ".sha256", ".sum", ".rst", ".keep"}
NAMED = {"LICENSE", "changelogs/changelog.yaml"}
HEADER = re.compile(r"SPDX-License-Identifier: (\S+)")


def sources() -> list[str]:
    names = spdx.tracked(REPOSITORY)
    return [name for name in names if (REPOSITORY / name).is_file() and not (REPOSITORY / name).is_symlink()]


def test_every_file_has_its_licence() -> None:
    lacking, wrong = [], []
    for name in sources():
        if Path(name).suffix in WITHOUT or Path(name).name in WITHOUT or name in NAMED:
            continue
        head = "\n".join((REPOSITORY / name).read_text().splitlines()[:12])
        found = HEADER.search(head)
        if not found:
            lacking.append(name)
        elif found[1] != ("GPL-3.0-or-later" if _loaded_by_ansible(name) else "Apache-2.0"):
            wrong.append(name)
    assert lacking == [], "python -m tools.spdx"
    assert wrong == []


def _loaded_by_ansible(name: str) -> bool:
    return name.startswith("plugins/") and not name.startswith("plugins/module_utils/")


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("a.py", '"""A."""\n', '# SPDX-License-Identifier: Apache-2.0\n"""A."""\n'),
        ("plugins/action/a.py", "", "# SPDX-License-Identifier: GPL-3.0-or-later\n"),
        ("plugins/module_utils/a.py", "x\n", "# SPDX-License-Identifier: Apache-2.0\nx\n"),
        ("a.sh", "#!/bin/sh\n# What.\nx\n", "#!/bin/sh\n# What.\n# SPDX-License-Identifier: Apache-2.0\nx\n"),
        ("a.sh", "#!/bin/sh\nx\n", "#!/bin/sh\n# SPDX-License-Identifier: Apache-2.0\nx\n"),
        ("a.go", "package a\n", "// SPDX-License-Identifier: Apache-2.0\n\npackage a\n"),
        ("a.md", "# A\n", "<!-- SPDX-License-Identifier: Apache-2.0 -->\n# A\n"),
        ("a.j2", "x\n", "{# SPDX-License-Identifier: Apache-2.0 -#}\nx\n"),
    ],
)
def test_where_a_header_goes(name: str, before: str, after: str) -> None:
    assert spdx.with_header(name, before) == after
    assert spdx.has_header(after)
    assert not spdx.has_header(before)
