#!/usr/bin/python
# Copyright: the openclarity.wasm_filters contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: rollout
short_description: Put one revision of a filter into namespaces, or take the filter out
version_added: 0.1.0
author: The openclarity.wasm_filters contributors (@openclarity)
description:
  - Handles all namespaces of a wave at the same time and returns a verdict for each.
  - For O(state=present) it writes an immutable ConfigMap and an EnvoyFilter, patches each workload's pod template
    by one server-side apply, and waits until the pods are replaced.
  - For O(state=absent) it gives each workload its own pod template back, waits, and deletes the objects.
  - A namespace that fails does not stop the others. The module itself does not fail then;
    M(openclarity.wasm_filters.verdict) hands each host its own verdict.
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - openclarity.wasm_filters.attributes
  - openclarity.wasm_filters.filter
requirements:
  - python >= 3.10
  - kubernetes >= 24.2.0
  - PyYAML >= 3.11
options:
  state:
    description:
      - V(present) rolls the revision out, V(absent) takes the filter out.
    type: str
    choices: [present, absent]
    default: present
  namespaces:
    description:
      - The namespaces of this wave.
    type: list
    elements: str
    required: true
  unfit:
    description:
      - Namespaces that M(openclarity.wasm_filters.preflight) found unfit; they fail and are not touched.
    type: dict
    default: {}
  revision:
    description:
      - The revision, 10 hex digits, from the filter P(openclarity.wasm_filters.revision#filter).
      - Required for O(state=present).
    type: str
  envoy_filter_spec:
    description:
      - The EnvoyFilter's spec, rendered with the revision.
      - Required for O(state=present).
    type: dict
  timeout:
    description:
      - Seconds until the workloads of the wave must have rolled.
    type: int
    default: 300
  run:
    description:
      - Identity and start of the run, for the result file.
    type: dict
    default: {}
  result_file:
    description:
      - A file on the controller that gets the result as JSON, see C(docs/schemas/result.schema.json).
    type: path
  progress_file:
    description:
      - Set by the action plugin; the file that live progress goes through.
    type: path
"""

EXAMPLES = r"""
- name: Roll out to the namespaces of this wave
  openclarity.wasm_filters.rollout:
    namespaces: "{{ ansible_play_batch | map('extract', hostvars, 'wasm_filter_namespace') | list }}"
    revision: "{{ wasm_filter_revision }}"
    envoy_filter_spec: "{{ wasm_filter_envoy_filter_spec }}"
    binary_path: filter/dist/http-trace-filter.wasm
  run_once: true
  register: wasm_filter_wave
"""

RETURN = r"""
namespaces:
  description: The verdict of each namespace, in the order given.
  returned: always
  type: list
  elements: dict
  sample:
    - name: shop
      verdict: deployed
      changed: true
      reason: ""
      message: revision 3f2a91c0de (configmap), 2 of 2 workloads patched
      workloads: []
changed:
  description: Whether anything was changed in any of them.
  returned: always
  type: bool
"""

from pathlib import Path

from ansible_collections.kubernetes.core.plugins.module_utils.k8s.client import get_api_client
from ansible_collections.kubernetes.core.plugins.module_utils.k8s.core import AnsibleK8SModule
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.arguments import AUTH_ARGUMENTS, FILTER_ARGUMENTS
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.cluster.api import ClusterApi
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.release import Release
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain import wasm_module
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import WasmFilterError
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.names import FilterNames
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.outcome import NamespaceVerdict
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine import wave
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.runner import progress

ARGUMENTS = {
    **AUTH_ARGUMENTS,
    **FILTER_ARGUMENTS,
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "namespaces": {"type": "list", "elements": "str", "required": True},
    "unfit": {"type": "dict", "default": {}},
    "revision": {"type": "str"},
    "envoy_filter_spec": {"type": "dict"},
    "timeout": {"type": "int", "default": 300},
    "run": {"type": "dict", "default": {}},
    "result_file": {"type": "path"},
    "progress_file": {"type": "path"},
}


def main() -> None:
    """Options in, verdicts out."""
    module = AnsibleK8SModule(
        argument_spec=ARGUMENTS,
        supports_check_mode=True,
        required_if=[("state", "present", ("revision", "envoy_filter_spec", "binary_path"))],
    )
    try:
        verdicts = _run(ClusterApi(get_api_client(module)), module.params)
    except WasmFilterError as error:
        module.fail_json(msg=str(error))
    except Exception as error:
        module.fail_from_exception(error)
    result = {
        "changed": any(verdict.changed for verdict in verdicts),
        "namespaces": [{**verdict.as_dict(), "diff": verdict.diff} for verdict in verdicts],
    }
    module.exit_json(**result)


def _run(api: ClusterApi, params: dict) -> list[NamespaceVerdict]:
    names = FilterNames(params["filter_name"], params["config_map_name"])
    report = progress.to_file(params["progress_file"])
    common = (params["namespaces"], params["unfit"], params["timeout"], report)
    if params["state"] == "absent":
        return wave.remove(api, names, *common)
    path = params["binary_path"]
    binary = wasm_module.read(Path(path).read_bytes(), path, params["delivery"])
    release = Release(names, params["revision"], params["delivery"], params["envoy_filter_spec"], binary)
    return wave.deploy(api, release, *common)


if __name__ == "__main__":
    main()
