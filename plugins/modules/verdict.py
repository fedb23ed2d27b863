#!/usr/bin/python
# Copyright: the openclarity.wasm_filters contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: verdict
short_description: Hand a namespace's host its own verdict
version_added: 0.1.0
author: The openclarity.wasm_filters contributors (@openclarity)
description:
  - M(openclarity.wasm_filters.rollout) runs once for all namespaces. This action makes each namespace's host
    changed, failed or skipped as its own verdict says, so that Ansible's recap and exit status are right.
  - A host whose namespace is not one of the plan's, which an earlier play has added, is skipped.
  - Runs on the controller and opens no connection.
attributes:
  check_mode:
    support: full
    description: Can run in C(check_mode).
  diff_mode:
    support: full
    description: Shows the namespace's part of the diff.
  action:
    support: full
    description: Has a corresponding action plugin, so some parts of the options can be executed on the controller.
options:
  rollout:
    description:
      - The name of the variable that registered the rollout's result. The name, not its value, which is large.
    type: str
    required: true
  cluster:
    description:
      - The cluster of this host, as its alias.
    type: str
    required: true
  namespace:
    description:
      - The namespace of this host.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: The verdict of this namespace
  openclarity.wasm_filters.verdict:
    rollout: wasm_filter_rollout
    cluster: "{{ wasm_filter_cluster }}"
    namespace: "{{ wasm_filter_namespace }}"
"""

RETURN = r"""
verdict:
  description: The word for what has become of the namespace.
  returned: the namespace is one of the plan's
  type: str
  sample: deployed
reason:
  description: A constant that says why, where it did not go as asked.
  returned: the namespace is one of the plan's
  type: str
  sample: rollout_timeout
msg:
  description: The verdict as a sentence.
  returned: always
  type: str
"""
