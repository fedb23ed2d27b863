# SPDX-License-Identifier: Apache-2.0
"""Stands in for Ansible's Display: keeps what it is given."""

from __future__ import annotations

from typing import Any


class Paper:
    """Each line with its options."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, Any]]] = []

    def display(self, text: str, **options: Any) -> None:
        self.lines.append((text, options))

    @property
    def texts(self) -> list[str]:
        return [text for text, _options in self.lines]
