# SPDX-License-Identifier: Apache-2.0
"""Whether a soak was passed: what is left over, what does not add up, and what grew."""

import statistics
from collections.abc import Mapping

from bench.sink import Counts

# What an allocator keeps back goes up and down by this much. Ten bytes a request would be 5 MB in half a million.
GROWTH_BYTES_MAX = 5_000_000
GAUGES = ("memory_bytes", "in_flight", "backend_down")
ENDS = ("sent", "failed", "dropped", "skipped")
"""How an exchange can end: in one of these ways, and in one only."""
METRICS = (*GAUGES, *ENDS, "truncated")


def is_over(requests: int, metrics: Mapping[str, int]) -> bool:
    """Nothing is left in the filter, and as many exchanges have ended as were sent."""
    return all(metrics[name] == 0 for name in GAUGES) and sum(metrics[name] for name in ENDS) >= requests


def complaints(
    requests: int, skipped: int, metrics: Mapping[str, int], arrived: Counts, resident: list[int], outages: int
) -> list[str]:
    """In words; empty if all is well. `resident` are bytes, sampled at equal distances."""
    found = [f"{name} is {metrics[name]} at the end, not 0" for name in GAUGES if metrics[name] != 0]
    ended = {name: metrics[name] for name in ENDS}
    if sum(ended.values()) != requests:
        found.append(f"{requests} requests, but {ended}, which is {sum(ended.values())}")
    reasons = sum(value for name, value in metrics.items() if name.startswith("dropped_"))
    if reasons != metrics["dropped"]:
        found.append(f"{metrics['dropped']} dropped, but for reasons only {reasons}")
    if metrics["skipped"] != skipped:
        found.append(f"{metrics['skipped']} skipped, not {skipped}")
    if metrics["sent"] > arrived.traces:
        found.append(f"{metrics['sent']} sent, of which {arrived.traces} arrived")
    if metrics["sent"] == 0 or metrics["truncated"] == 0:
        found.append(f"{metrics['sent']} sent, {metrics['truncated']} truncated: the soak does not see these at all")
    if outages and metrics["failed"] + metrics["dropped"] == 0:
        found.append(f"the backend was down {outages} times, and no trace was lost")
    return found + growth(resident)


def growth(resident: list[int]) -> list[str]:
    """Compares the last quarter with the second: the first fills pools and caches."""
    quarter = len(resident) // 4
    before = statistics.median(resident[quarter : 2 * quarter])
    after = statistics.median(resident[-quarter:])
    if after - before <= GROWTH_BYTES_MAX:
        return []
    return [f"Envoy's resident memory grew from {before / 1e6:.1f} MB to {after / 1e6:.1f} MB"]
