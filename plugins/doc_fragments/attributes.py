# Copyright: the openclarity.wasm_filters contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every module states about itself."""

from __future__ import annotations


class ModuleDocFragment:
    """Attributes common to the modules of this collection."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    support: full
    description: Can run in C(check_mode) and say what would change; writes become server-side dry runs.
  diff_mode:
    support: full
    description: Returns what has changed, or would in C(check_mode), when C(--diff) is given.
  idempotent:
    support: full
    description: Running it again with the same options changes nothing.
  action_group:
    support: full
    description: Is part of the action group C(openclarity.wasm_filters.all), for C(module_defaults).
    membership:
      - openclarity.wasm_filters.all
"""
