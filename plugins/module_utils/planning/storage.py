# SPDX-License-Identifier: Apache-2.0
"""How much of etcd the revisions of a filter take. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from ..deliveries.delivery import REVISIONS_KEPT
from ..domain.plan import DeliveryName

# etcd's --quota-backend-bytes where nobody has set it: past it the whole cluster takes no write any more.
LIMIT = 2 * 1024**3
# The rest of the cluster is in there as well.
SHARE = 0.25


def bytes_needed(delivery: DeliveryName, size: int, namespaces: int) -> int:
    """With as many revisions as are kept, each with a binary of this size.

    A ConfigMap is stored with its bytes as they are; an EnvoyFilter as JSON, where they are base64.
    """
    in_envoy_filter = (size + 2) // 3 * 4 if delivery == DeliveryName.INLINE else 0
    return namespaces * (REVISIONS_KEPT * size + in_envoy_filter)


def warnings(delivery: DeliveryName, size: int, namespaces: int) -> Iterator[str]:
    """Where that is much."""
    needed = bytes_needed(delivery, size, namespaces)
    if needed >= SHARE * LIMIT:
        yield (
            f"{namespaces} namespaces with up to {REVISIONS_KEPT} revisions of {size} bytes are "
            f"{needed / 1024**3:.1f} GiB in etcd, whose limit is {LIMIT / 1024**3:.0f} GiB unless its "
            "--quota-backend-bytes says otherwise: past it the cluster takes no write any more"
        )
