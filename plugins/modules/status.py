#!/usr/bin/python
# Copyright: the openclarity.wasm_filters contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: status
short_description: Tell whether filters are where they were put
version_added: 0.1.0
author: The openclarity.wasm_filters contributors (@openclarity)
description:
  - Reads the objects of filters and the workloads in namespaces, and gives each namespace, each filter in it and each
    workload a state. C(docs/status.md) says what each of them means, and what to do then.
  - Shows how many namespaces there are of each state, then what is not well.
  - Asks the pods' own sidecars whether the filter runs in them, all together, twice with a heartbeat in between.
  - Changes nothing. C(docs/rbac/status.yml) has the rights that are needed, C(docs/rbac/proof.yml) the one to ask pods.
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - openclarity.wasm_filters.attributes
attributes:
  diff_mode:
    support: none
    details: It changes nothing.
requirements:
  - python >= 3.10
  - kubernetes >= 24.2.0
  - PyYAML >= 3.11
options:
  namespaces:
    description:
      - Namespaces, as a list or as one string with commas or spaces between them.
      - Empty means all that hold a ConfigMap or an EnvoyFilter of this collection, which takes the right to list these
        in the whole cluster. A namespace that has lost all of them is found only by its name.
    type: raw
    default: []
  filter_name:
    description: Only the filter of this name. Empty means all that are found.
    type: str
    default: ""
  status_file:
    description: Gets all that was found as JSON (C(docs/schemas/status.schema.json)); written on the controller.
    type: raw
    default: ""
  proof:
    description: Whether the pods' own sidecars are asked, or only objects read. V(true) or V(false).
    type: raw
    default: true
  refused:
    description: Set by the action plugin; what it has found wrong.
    type: list
    elements: str
    default: []
  variables:
    description: Variables of the role that have to be checked.
    type: dict
    default: {}
  variables_given:
    description: Names of all variables that are set, to find misspelt ones.
    type: list
    elements: str
    default: []
  variables_known:
    description: Names that mean something. Empty means that names are not checked.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Look at two namespaces
  openclarity.wasm_filters.status:
    namespaces: [shop, pay]
  register: status

- name: Look at all namespaces that have the filter named trace
  openclarity.wasm_filters.status:
    filter_name: trace
    status_file: status.json
  register: status

- name: Look at objects only, which takes no heartbeat
  openclarity.wasm_filters.status:
    proof: false
  register: status

- name: Fail where they are not as they were left
  ansible.builtin.assert:
    that: status.drifted == []
    quiet: true
"""

RETURN = r"""
cluster:
  description: The cluster, as its alias.
  returned: success
  type: str
  sample: production
counts:
  description: How many namespaces there are of each state, the worst state first.
  returned: success
  type: dict
  sample:
    half_done: 1
    deployed: 47
drifted:
  description: The namespaces that are not as a run has left them, nor on the way there.
  returned: success
  type: list
  elements: str
  sample: [pay]
namespaces:
  description:
    - Each namespace with its filters, and these with their revisions, findings, workloads and pods.
    - The pods of a workload stand with it; with delivery inline, or where they are of none, with the filter.
  returned: success
  type: list
  elements: dict
  sample:
    - name: shop
      state: deployed
      findings: []
      unread: []
      filters:
        - filter: trace
          state: deployed
          delivery: configmap
          revision: 3f2a91c0de
          revisions:
            - revision: 3f2a91c0de
              config_map: wasm-filter-3f2a91c0de
              envoy_filter: trace-filter-3f2a91c0de
              workloads: 1
          findings: []
          workloads:
            - kind: Deployment
              name: web
              state: deployed
              revision: 3f2a91c0de
              reason: ""
              message: ""
              rollout:
                new: 2
                total: 2
              pods:
                - name: web-5d8f7c9b4-x2x7p
                  proof: proved
                  reason: ""
                  message: ""
                  metrics:
                    heartbeat: 1795408120
                    rejected: 0
                    draining: 0
                    sent: 17
                    failed: 0
                    dropped: 0
          pods: []
"""

from typing import Any

from ansible_collections.kubernetes.core.plugins.module_utils.k8s.client import get_api_client
from ansible_collections.kubernetes.core.plugins.module_utils.k8s.core import AnsibleK8SModule
from ansible_collections.openclarity.wasm_filters.plugins.module_utils import failure
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.arguments import AUTH_ARGUMENTS
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.cluster.api import ClusterApi
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.cluster.connecting import connected
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.planning.findings import Findings
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.preflight.alias import cluster_alias
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.runner.status import status
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.status import question
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.status.states import summary

ARGUMENTS: dict[str, Any] = {
    **AUTH_ARGUMENTS,
    "namespaces": {"type": "raw", "default": []},
    "filter_name": {"type": "str", "default": ""},
    "status_file": {"type": "raw", "default": ""},
    "proof": {"type": "raw", "default": True},
    "refused": {"type": "list", "elements": "str", "default": []},
    "variables": {"type": "dict", "default": {}},
    "variables_given": {"type": "list", "elements": "str", "default": []},
    "variables_known": {"type": "list", "elements": "str", "default": []},
}


def main() -> None:
    """Names in, states out."""
    module = AnsibleK8SModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    found = Findings()
    asked = question.check(module.params, found)
    try:
        facts = _answered(module, asked) if asked else {}
    except Exception as error:
        module.fail_json(msg=f"Nothing was changed. {failure.told(error)}")
    if found.errors:
        module.fail_json(msg=found.message())
    module.exit_json(changed=False, **facts)


def _answered(module: AnsibleK8SModule, asked: question.Question) -> dict[str, Any]:
    statuses = status(
        ClusterApi(connected(lambda: get_api_client(module))), asked.namespaces, asked.filter_name, asked.proof
    )
    return {"cluster": cluster_alias(module.params), **summary(statuses)}


if __name__ == "__main__":
    main()
