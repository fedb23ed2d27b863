# Copyright: the openclarity.wasm_filters contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Versions of ansible-core that nothing is rolled out with. Of meta/runtime.yml Ansible itself makes only a warning."""

from __future__ import annotations

# The one supported line between those that were mended, whose life ended before.
UNMENDED = (2, 17)


def refused(version: str) -> str:
    """Why this version is refused, and what to use instead; "" for all others."""
    if _line(version) != UNMENDED:
        return ""
    return (
        f"ansible-core {version} is refused: no release of 2.17 mends CVE-2026-11332, and none will, as 2.17 is no "
        f"longer maintained. Use 2.18 or newer, or 2.16 from 2.16.19 on"
    )


def _line(version: str) -> tuple[int, ...]:
    parts = version.split(".")[:2]
    return tuple(int(part) for part in parts) if all(part.isdecimal() for part in parts) else ()
