# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.plan import DeliveryName
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.planning.storage import bytes_needed, warnings

KIB = 1024


def test_revisions_in_all_namespaces() -> None:
    assert bytes_needed(DeliveryName.CONFIG_MAP, 900 * KIB, 1000) == 1000 * 3 * 900 * KIB
    # Three in ConfigMaps and one in an EnvoyFilter, in base64.
    assert bytes_needed(DeliveryName.INLINE, 3, 10) == 10 * (3 * 3 + 4)


def test_much_is_warned_about_with_the_sum() -> None:
    (said,) = warnings(DeliveryName.CONFIG_MAP, 900 * KIB, 1000)
    assert "1000 namespaces" in said and "2.6 GiB in etcd, whose limit is 2 GiB" in said


def test_little_is_not() -> None:
    assert list(warnings(DeliveryName.CONFIG_MAP, 24 * KIB, 1000)) == []
    assert list(warnings(DeliveryName.CONFIG_MAP, 900 * KIB, 100)) == []
