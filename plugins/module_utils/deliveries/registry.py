# SPDX-License-Identifier: Apache-2.0
"""The deliveries. A new one is one file beside this one and one entry here."""

from __future__ import annotations

from .config_map import ConfigMapDelivery
from .delivery import Delivery
from .inline import InlineDelivery

DELIVERIES: dict[str, type[Delivery]] = {one.name: one for one in (ConfigMapDelivery, InlineDelivery)}
