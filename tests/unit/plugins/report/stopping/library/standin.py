#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Waits for the end that it is asked for, as `rollout` does, and touches no cluster."""

from __future__ import annotations

import time
from queue import SimpleQueue

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.outcome import NamespaceVerdict, Outcome
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.plan import Plan
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.commands import Tell
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.events import Stop
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.report import result_file
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.runner import progress


def main() -> None:
    options = {"plan": "dict", "namespaces": "list", "progress_file": "path", "patient": "bool"}
    module = AnsibleModule({name: {"type": kind} for name, kind in options.items()}, supports_check_mode=True)
    plan = Plan.from_dict(module.params["plan"])
    asked: SimpleQueue[Stop] = SimpleQueue()
    tell = progress.to_file(module.params["progress_file"])
    with progress.stoppable(module.params["progress_file"])(asked.put):
        tell(Tell("shop", "Deployment/web begun", False, 0, 2))
        stop = asked.get()
        while module.params["patient"] and not stop.urgent:
            tell(Tell("shop", "Deployment/web ending", False, 1, 2))
            stop = asked.get()
        said = "ended at once" if stop.urgent else "ended in order"
        verdict = NamespaceVerdict("shop", Outcome.FAILED, True, "stopped", said)
        verdicts = [verdict.as_dict(), NamespaceVerdict("pay", Outcome.NOT_STARTED, reason="stopped").as_dict()]
        result_file.write(plan, verdicts, time.time())
    module.exit_json(changed=True, namespaces=verdicts)


if __name__ == "__main__":
    main()
