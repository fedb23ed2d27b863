#!/usr/bin/python
# Copyright: the openclarity.wasm_filters contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: preflight
short_description: Check everything that a rollout is asked for, before it changes anything
version_added: 0.1.0
author: The openclarity.wasm_filters contributors (@openclarity)
description:
  - Checks names, binary and backend, and whether the cluster and the namespaces can take the filter.
  - Holds the filter's own settings against C(filter/configuration.schema.json). That is done on the controller; what is
    secret in them never reaches the module.
  - Every error names the variable, its value and what would be right. All of them are told at once.
  - Refuses words of C(-e) that belong to no variable, and to become another user, who has another kubeconfig.
  - Asks what new pods of the workloads would be, by dry runs of their creation where that is allowed, else by webhooks
    and labels; RV(plan) leaves out namespaces and workloads that would get no sidecar, or not the filter's file.
  - Warns of what else of the mesh keeps the filter from working, or from working alone.
  - Changes nothing. Shows what will leave the pods, and to where.
  - Deletes O(result_file) and O(plan_file) first, so that a run that is refused leaves none of an earlier run.
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
  state:
    description: What comes after. For V(absent) and V(previous) neither binary nor backend are looked at.
    type: str
    choices: [present, absent, previous]
    default: present
  filter_name:
    description: Name of the filter, a DNS label of at most 40 characters. All names in the cluster derive from it.
    type: str
    default: trace
  config_map_name:
    description: What the names of the ConfigMaps begin with; the revision follows.
    type: str
    default: wasm-filter
  namespaces:
    description: Namespaces, as a list or as one string with commas or spaces between them.
    type: raw
    required: true
  delivery:
    description:
      - How the wasm gets to the proxies.
      - V(configmap) mounts it into the pods, by one patch of each workload, which restarts its pods.
      - V(inline) puts it into the EnvoyFilter; no workload is touched and nothing restarts.
    type: raw
    default: configmap
  binary_path:
    description: The wasm file. Relative to where the command was typed.
    type: raw
    default: ""
  binary_sha256:
    description: Refuse a binary of another sha256.
    type: raw
    default: ""
  backend_address:
    description: Where traces go. A Service such as C(collector.traces), a host name or an IP address.
    type: str
  backend_port:
    description: The backend's port.
    type: raw
    default: 9000
  sampling_enabled:
    description: Ask the backend which hosts to trace. It has to be a Service that has O(sampling_port) as well.
    type: raw
    default: false
  sampling_port:
    description: The port to ask.
    type: raw
    default: 9990
  trace_format:
    description: Set by the action plugin; what is sent, for which a port may be the wrong one.
    type: str
    default: ""
  filter_context:
    description: Which traffic the filter sees.
    type: str
    default: outbound
  settings:
    description: The variables that make the configuration of our own filter, by name. They stay on the controller.
    type: dict
    default: {}
  plugin_configuration:
    description:
      - A configuration that the filter gets as it is; then no backend is asked for.
      - Held against the schema if the binary is the released one. It stays on the controller.
    type: dict
    default: {}
  foreign:
    description: Set by the action plugin; whether O(plugin_configuration) is given.
    type: bool
    default: false
  refused:
    description: Set by the action plugin; what the schema refuses.
    type: list
    elements: str
    default: []
  variables:
    description: Further variables of the role, by name, that are checked by a table; those of the run are among them.
    type: dict
    default: {}
  result_file:
    description: File on the controller that gets the result. Relative to where the command was typed.
    type: raw
    default: ""
  plan_file:
    description: File on the controller that gets the plan. Relative to where the command was typed.
    type: raw
    default: ""
  variables_given:
    description: Names of all variables that begin with C(wasm_filter_), to find misspelt ones.
    type: list
    elements: str
    default: []
  variables_known:
    description: The names among them that mean something. Empty checks nothing.
    type: list
    elements: str
    default: []
  istio_namespace:
    description: Where istiod runs; its mesh configuration is read there.
    type: raw
    default: istio-system
  root_namespace_allowed:
    description: Allow the mesh's root namespace, in which an EnvoyFilter reaches every proxy of the mesh.
    type: raw
    default: false
  cluster_domain:
    description: DNS domain of the cluster.
    type: raw
    default: cluster.local
"""

EXAMPLES = r"""
- name: Check before anything is changed
  openclarity.wasm_filters.preflight:
    namespaces: shop,pay
    binary_path: filter/dist/http-trace-filter.wasm
    backend_address: collector.traces
    backend_port: 9000
"""

RETURN = r"""
namespaces:
  description: The namespaces, each once, in the order they were given.
  returned: success
  type: list
  elements: str
ineligible:
  description: Namespaces that can't take the filter, with reason and message each.
  returned: success
  type: dict
  sample: {"ghost": {"reason": "namespace_missing", "message": "namespace ghost does not exist"}}
plan:
  description:
    - The plan, see C(docs/schemas/plan.schema.json), without revision and EnvoyFilter, which are rendered from this.
    - M(openclarity.wasm_filters.plan) completes it.
  returned: success
  type: dict
cluster:
  description: A DNS label for the cluster, from the name of the kubeconfig's context.
  returned: success
  type: str
backend:
  description: The Envoy cluster that carries the traces.
  returned: state is present
  type: dict
  contains:
    cluster:
      description: Name of the Envoy cluster.
      type: str
      sample: outbound|9000||collector.traces.svc.cluster.local
    authority:
      description: The C(:authority) that requests carry.
      type: str
    kind:
      description: C(service), C(headless), C(static) or C(strict_dns).
      type: str
    added:
      description: Envoy clusters that the EnvoyFilter has to add.
      type: list
      elements: dict
hosts_from:
  description: The Envoy cluster to ask which hosts to trace, and the C(:authority) of the question.
  returned: state is present and sampling_enabled
  type: dict
  sample:
    cluster: outbound|9990||collector.traces.svc.cluster.local
    authority: collector.traces.svc.cluster.local:9990
binary:
  description: The wasm file.
  returned: state is present
  type: dict
  contains:
    sha256:
      description: Its sha256.
      type: str
    size:
      description: Bytes.
      type: int
    capabilities:
      description: Host functions and callbacks that Envoy has to allow.
      type: list
      elements: str
"""

import time
import uuid
from dataclasses import asdict
from typing import Any

from ansible_collections.kubernetes.core.plugins.module_utils.k8s.client import get_api_client
from ansible_collections.kubernetes.core.plugins.module_utils.k8s.core import AnsibleK8SModule
from ansible_collections.openclarity.wasm_filters.plugins.module_utils import failure
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.arguments import AUTH_ARGUMENTS
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.cluster.api import ClusterApi
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.cluster.connecting import connected
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.plan import Run
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.planning import planner, request
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.planning.findings import Findings
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.preflight import check
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.preflight.alias import cluster_alias

ARGUMENTS = {
    **AUTH_ARGUMENTS,
    "filter_name": {"type": "str", "default": "trace"},
    "config_map_name": {"type": "str", "default": "wasm-filter"},
    "delivery": {"type": "raw", "default": "configmap"},
    "binary_path": {"type": "raw", "default": ""},
    "state": {"type": "str", "choices": ["present", "absent", "previous"], "default": "present"},
    "namespaces": {"type": "raw", "required": True},
    "binary_sha256": {"type": "raw", "default": ""},
    "backend_address": {"type": "str"},
    "backend_port": {"type": "raw", "default": 9000},
    "sampling_enabled": {"type": "raw", "default": False},
    "sampling_port": {"type": "raw", "default": 9990},
    "trace_format": {"type": "str", "default": ""},
    "filter_context": {"type": "str", "default": "outbound"},
    "settings": {"type": "dict", "default": {}, "no_log": True},
    "plugin_configuration": {"type": "dict", "default": {}, "no_log": True},
    "foreign": {"type": "bool", "default": False},
    "refused": {"type": "list", "elements": "str", "default": []},
    "variables": {"type": "dict", "default": {}},
    "result_file": {"type": "raw", "default": ""},
    "plan_file": {"type": "raw", "default": ""},
    "variables_given": {"type": "list", "elements": "str", "default": []},
    "variables_known": {"type": "list", "elements": "str", "default": []},
    "istio_namespace": {"type": "raw", "default": "istio-system"},
    "root_namespace_allowed": {"type": "raw", "default": False},
    "cluster_domain": {"type": "raw", "default": "cluster.local"},
}


def main() -> None:
    """Options in, facts or one message with all errors out."""
    module = AnsibleK8SModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    found = Findings()
    asked = request.check(module.params, found)
    facts = _checked(module, asked, found) if asked else {}
    if found.errors:
        module.fail_json(msg=found.message())
    for warning in found.warnings:
        module.warn(warning)
    module.exit_json(changed=False, **facts)


def _checked(module: AnsibleK8SModule, asked: request.Request, found: Findings) -> dict[str, Any]:
    checked, alias = None, ""
    try:
        api = ClusterApi(connected(lambda: get_api_client(module)), resend=True)
        alias = cluster_alias(module.params)
        checked = check.check(api, asked, alias, found)
    except Exception as error:
        module.fail_json(msg=f"Nothing was changed. {failure.told(error)}")
    if checked is None:
        return {}
    run = Run(str(uuid.uuid4()), round(time.time(), 1), module.check_mode)
    plan = planner.draft(asked, checked.targets, run, checked.exclusions)
    return {"cluster": alias, "plan": plan.as_dict(), **_facts(asked, checked)}


def _facts(asked: request.Request, checked: check.Checked) -> dict[str, Any]:
    """What templates, the role's and those of users, may read."""
    facts: dict[str, Any] = {
        "namespaces": list(asked.namespaces),
        "ineligible": {
            target.namespace: {"reason": target.reason, "message": target.message}
            for target in checked.targets
            if not target.eligible
        },
    }
    if asked.filter.binary:
        facts["binary"] = {
            "sha256": asked.filter.binary.sha256,
            "size": asked.filter.binary.size,
            "capabilities": list(asked.filter.binary.capabilities),
        }
    if checked.backend:
        facts["backend"] = {
            key: value for key, value in asdict(checked.backend).items() if key not in ("warnings", "service")
        }
    if checked.hosts_from:
        facts["hosts_from"] = {"cluster": checked.hosts_from.cluster, "authority": checked.hosts_from.authority}
    return facts


if __name__ == "__main__":
    main()
