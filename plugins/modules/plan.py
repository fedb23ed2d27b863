#!/usr/bin/python
# Copyright: the openclarity.wasm_filters contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: plan
short_description: Complete the plan of a run
version_added: 0.1.0
author: The openclarity.wasm_filters contributors (@openclarity)
description:
  - The plan is everything that is decided before anything is changed, as one value.
    M(openclarity.wasm_filters.preflight) returns it without the revision and the EnvoyFilter's spec, which templates
    of the role, or yours, render from that result.
  - M(openclarity.wasm_filters.rollout) goes by the plan alone.
  - Writes the plan to the file that O(draft) names, tokens masked. No run reads that file.
  - Runs on the controller and opens no connection. Its result is not logged, as tokens are in it.
attributes:
  check_mode:
    support: full
    description: Can run in C(check_mode); the plan is written to its file all the same.
  diff_mode:
    support: none
    description: Changes nothing.
  action:
    support: full
    description: Has a corresponding action plugin, so some parts of the options can be executed on the controller.
options:
  draft:
    description:
      - RV(openclarity.wasm_filters.preflight#module:plan).
    type: dict
    required: true
  revision:
    description:
      - The revision, 10 hex digits, from the filter P(openclarity.wasm_filters.revision#filter).
      - Only if the filter is to be rolled out.
    type: str
    default: ""
  envoy_filter_spec:
    description:
      - The EnvoyFilter's spec, rendered with the revision.
      - Only if the filter is to be rolled out.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Complete the plan of taking the filter out
  openclarity.wasm_filters.plan:
    draft: "{{ wasm_filter_preflight.plan }}"
  register: wasm_filter_plan
"""

RETURN = r"""
plan:
  description: The plan, see C(docs/schemas/plan.schema.json).
  returned: success
  type: dict
"""
