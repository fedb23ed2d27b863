# Copyright: the openclarity.wasm_filters contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that name a filter and where it goes."""

from __future__ import annotations


class ModuleDocFragment:
    """Options common to the modules that handle one filter."""

    DOCUMENTATION = r"""
options:
  filter_name:
    description:
      - Name of the filter, a DNS label of at most 40 characters. All names in the cluster derive from it.
    type: str
    default: trace
  config_map_name:
    description:
      - What the names of the ConfigMaps begin with; the revision follows.
    type: str
    default: wasm-filter
  delivery:
    description:
      - How the wasm gets to the proxies.
      - V(configmap) mounts it into the pods, by one patch of each workload, which restarts its pods.
      - V(inline) puts it into the EnvoyFilter; no workload is touched and nothing restarts.
    type: str
    choices: [configmap, inline]
    default: configmap
  binary_path:
    description:
      - The wasm file.
    type: path
"""
