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
  - Goes by a plan, which M(openclarity.wasm_filters.plan) has made, wave by wave. Returns a verdict for each namespace.
  - To put a revision in, it writes an immutable ConfigMap and an EnvoyFilter, patches each workload's pod template
    by one server-side apply, and waits until the pods are replaced.
  - To take the filter out, it gives each workload its own pod template back, waits, and deletes the objects.
  - A namespace that fails does not stop the others of its wave. The module itself does not fail then;
    M(openclarity.wasm_filters.verdict) hands each host its own verdict.
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - openclarity.wasm_filters.attributes
requirements:
  - python >= 3.10
  - kubernetes >= 24.2.0
  - PyYAML >= 3.11
options:
  plan:
    description:
      - The plan, RV(openclarity.wasm_filters.plan#module:plan). Headers for the backend are tokens and lie in it, so
        keep C(no_log) on the task.
      - The wasm file has to be the one it was made for.
    type: dict
    required: true
  namespaces:
    description:
      - The part of the plan that is wanted, names that are none of its targets are passed over. In a play, those of
        C(ansible_play_batch), which leaves out hosts that have failed and those of other batches.
    type: list
    elements: str
    required: true
  progress_file:
    description:
      - Set by the action plugin; the file that live progress goes through.
    type: path
"""

EXAMPLES = r"""
- name: Roll out, wave by wave
  openclarity.wasm_filters.rollout:
    plan: "{{ hostvars.localhost.wasm_filter_plan.plan }}"
    namespaces: "{{ ansible_play_batch | map('extract', hostvars, 'wasm_filter_namespace') | list }}"
  no_log: true
  run_once: true
  register: wasm_filter_rollout
"""

RETURN = r"""
cluster:
  description: The cluster of the plan's targets, as its alias.
  returned: always
  type: str
  sample: production
namespaces:
  description: The verdict of each namespace, in the order of the plan; with C(--diff) its C(diff), too.
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

import time

from ansible_collections.kubernetes.core.plugins.module_utils.k8s.client import get_api_client
from ansible_collections.kubernetes.core.plugins.module_utils.k8s.core import AnsibleK8SModule
from ansible_collections.openclarity.wasm_filters.plugins.module_utils import failure
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.arguments import AUTH_ARGUMENTS
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.cluster.api import ClusterApi
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.cluster.connecting import connected
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.outcome import NamespaceVerdict
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.plan import Plan
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.report import result_file
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.runner import progress
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.runner.rollout import rollout

ARGUMENTS = {
    **AUTH_ARGUMENTS,
    "plan": {"type": "dict", "required": True},
    "namespaces": {"type": "list", "elements": "str", "required": True},
    "progress_file": {"type": "path"},
}


def main() -> None:
    """The plan in, verdicts out."""
    module = AnsibleK8SModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        whole = Plan.from_dict(module.params["plan"])
    except (ValueError, KeyError, TypeError) as error:
        module.fail_json(msg=f"plan: must be what openclarity.wasm_filters.plan returned ({error})")
    try:
        verdicts = _run(module, whole.part(module.params["namespaces"]))
    except Exception as error:
        module.fail_json(msg=failure.told(error))
    # What nobody has asked for would be copied by Ansible several times, for thousands of workloads.
    content = [{**verdict.as_dict(), "diff": verdict.diff if module._diff else {}} for verdict in verdicts]
    try:
        # By the module, as whoever has started it may be gone by now.
        result_file.write(whole, content, time.time())
    except OSError as error:
        # The cluster has been changed: nobody must lose the verdicts over a file.
        module.warn(f"the result file can't be written: {error}")
    result = {
        "changed": any(verdict.changed for verdict in verdicts),
        "cluster": whole.targets[0].cluster,
        "namespaces": content,
    }
    module.exit_json(**result)


def _run(module: AnsibleK8SModule, plan: Plan) -> list[NamespaceVerdict]:
    if not plan.targets:
        return []
    path = module.params["progress_file"]
    api = ClusterApi(connected(lambda: get_api_client(module)))
    return rollout(plan, api, progress.to_file(path), progress.stoppable(path))


if __name__ == "__main__":
    main()
