# SPDX-License-Identifier: Apache-2.0
"""`python -m bench.fleet.work KUBECONFIG PLAN PATCHES`: a deploy without Ansible, until its last patch is answered.

It is the module's own code with another end: where controllers are stopped no workload ever rolls, so the run is
stopped as a user's Ctrl-C stops it. Prints the seconds.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ansible_collections.kubernetes.core.plugins.module_utils.k8s.client import get_api_client
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.cluster.api import ClusterApi
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.plan import Plan
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.events import Stop
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.runner.rollout import rollout


class Counting(ClusterApi):
    """Knows when so many applies are answered."""

    def __init__(self, client: Any, wanted: int, then: Callable[[], None]) -> None:
        super().__init__(client)
        self._left, self._then, self._lock = wanted, then, threading.Lock()

    def apply(self, *arguments: Any) -> dict[str, Any]:
        found = super().apply(*arguments)
        with self._lock:
            self._left -= 1
            if not self._left:
                self._then()
        return found


def main() -> None:
    kubeconfig, plan, wanted = sys.argv[1], Plan.from_dict(json.loads(Path(sys.argv[2]).read_text())), int(sys.argv[3])
    ended: list[float] = []
    stops: list[Callable[[Stop], None]] = []

    def end() -> None:
        ended.append(time.monotonic())
        stops[0](Stop(urgent=True))

    @contextmanager
    def stoppable(put: Callable[[Stop], None]) -> Iterator[None]:
        stops.append(put)
        yield

    begin = time.monotonic()
    api = Counting(get_api_client(kubeconfig=kubeconfig), wanted, end)
    verdicts = rollout(plan, api, lambda _told: None, stoppable)
    if not ended:
        sys.exit(f"not all {wanted} patches were sent: {[one.as_dict()['message'] for one in verdicts][:3]}")
    print(ended[0] - begin)


if __name__ == "__main__":
    main()
