# SPDX-License-Identifier: Apache-2.0
"""`python -m tools.spdx` gives every file that can have a comment its licence, in a form that machines read.

It changes nothing that has one, so it can be run at any time. Files that something else writes are left out: their
writer has to do it.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

TAG = "SPDX-License-Identifier"
APACHE, GPL = "Apache-2.0", "GPL-3.0-or-later"
# What Ansible loads into its own process or documents as a plugin; modules' own code below module_utils is not.
OF_ANSIBLE, NOT_OF_ANSIBLE = "plugins/", "plugins/module_utils/"
HASH = ("# ", "")
SLASHES = ("// ", "")
COMMENTS = {
    **dict.fromkeys((".py", ".sh", ".yml", ".yaml", ".toml", ".cfg", ".in"), HASH),
    **dict.fromkeys((".zig", ".go", ".mod"), SLASHES),
    ".md": ("<!-- ", " -->"),
    ".j2": ("{# ", " -#}"),
}
NAMES = dict.fromkeys(
    (
        "Makefile",
        "Dockerfile",
        "CODEOWNERS",
        ".gitignore",
        ".dockerignore",
        ".yamllint",
        ".ansible-lint",
        "run",
    ),
    HASH,
)
# Written by a tool that would take the header out again.
WRITTEN = {"changelogs/changelog.yaml", "CHANGELOG.rst"}
FIRST_LINES = 12


def main() -> None:
    root = Path(__file__).resolve().parent.parent
    for name in tracked(root):
        path = root / name
        if comment(name) and path.is_file() and not path.is_symlink() and not has_header(path.read_text()):
            path.write_text(with_header(name, path.read_text()))
            print(name)


def tracked(root: Path) -> list[str]:
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout
    return sorted(filter(None, listed.split("\0")))


def comment(name: str) -> tuple[str, str] | None:
    """What a comment of this file begins and ends with."""
    if name in WRITTEN:
        return None
    path = Path(name)
    return NAMES.get(path.name) or COMMENTS.get(path.suffix)


def has_header(content: str) -> bool:
    return any(f"{TAG}:" in line for line in content.splitlines()[:FIRST_LINES])


def licence(name: str) -> str:
    return GPL if name.startswith(OF_ANSIBLE) and not name.startswith(NOT_OF_ANSIBLE) else APACHE


def with_header(name: str, content: str) -> str:
    """As the first line; after the line that names the interpreter and the one that says what a check is."""
    begin, end = comment(name) or HASH
    lines = content.splitlines(keepends=True)
    at = 0
    if lines and lines[0].startswith("#!"):
        at = 2 if len(lines) > 1 and lines[1].startswith("# ") and name.endswith(".sh") else 1
    header = f"{begin}{TAG}: {licence(name)}{end}\n"
    if name.endswith((".go", ".mod")):
        header += "\n"  # else it would be part of the package's documentation
    return "".join([*lines[:at], header, *lines[at:]])


if __name__ == "__main__":
    main()
