# SPDX-License-Identifier: Apache-2.0
"""Writes what differs, and says so."""

from __future__ import annotations

from tools.generate.outputs import ROOT, outputs

for path, text in outputs().items():
    file = ROOT / path
    if not file.is_file() or file.read_text() != text:
        file.write_text(text)
        print(path)
