# SPDX-License-Identifier: Apache-2.0
"""What a sidecar's own page of statistics says about a filter. Pure.

Format: the Prometheus text exposition format, as Envoy's /stats/prometheus on the sidecar's port 15090 has it.
Names: Envoy's listener manager (envoyproxy.io, configuration/listeners/stats) and the filter's own metrics, which
Envoy puts under `wasmcustom`.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from urllib.parse import quote

PORT = 15090
# Envoy goes by it before it writes the page, which is fifteen times as long without.
_PART = "^(wasmcustom|listener_manager)"
_SAMPLE = re.compile(r"([A-Za-z_:][\w:]*)(?:\{.*\})? (\S+)")


@dataclass(frozen=True)
class SidecarStats:
    """`revision`: what the filter says it is; empty: no filter says anything. `heartbeat`: grows as long as it runs,
    0 before its first tick. `rejected`: configurations of listeners that Envoy refused since it started. `draining`:
    filter chains of former configurations that still serve. `sent`, `failed`, `dropped`: traces.
    """

    revision: str = ""
    heartbeat: int = 0
    rejected: int = 0
    draining: int = 0
    sent: int = 0
    failed: int = 0
    dropped: int = 0

    def metrics(self) -> dict[str, int]:
        """Its figures, as the result file has them."""
        return {name: value for name, value in asdict(self).items() if name != "revision"}


def path(namespace: str, pod: str) -> str:
    """Of a pod's page, by way of the API server."""
    return f"/api/v1/namespaces/{namespace}/pods/{pod}:{PORT}/proxy/stats/prometheus?filter={quote(_PART)}"


def parse(page: str, filter_name: str) -> SidecarStats:
    """What is of interest of a page; of a metric with several samples their sum.

    :raises ValueError: a sample that is no number.
    """
    found: dict[str, float] = {}
    for line in page.split("\n"):
        match = _SAMPLE.match(line)
        if match:
            found[match[1]] = found.get(match[1], 0.0) + float(match[2])
    of_filter = f"wasmcustom_{re.sub(r'[^a-zA-Z0-9_]', '_', filter_name)}"
    listeners = "envoy_listener_manager"
    revision = found.get(f"{of_filter}_revision")
    return SidecarStats(
        "" if revision is None else f"{int(revision):010x}",
        int(found.get(f"{of_filter}_heartbeat", 0)),
        int(found.get(f"{listeners}_lds_update_rejected", 0)),
        int(found.get(f"{listeners}_total_filter_chains_draining", 0)),
        *(int(found.get(f"{of_filter}_{name}", 0)) for name in ("sent", "failed", "dropped")),
    )
