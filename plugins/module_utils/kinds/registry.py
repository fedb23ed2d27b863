# SPDX-License-Identifier: Apache-2.0
"""The kinds that are rolled out. A new kind is one file beside this one and one entry here."""

from __future__ import annotations

from .base import WorkloadKind
from .cron_job import CRON_JOB
from .daemon_set import DAEMON_SET
from .deployment import DEPLOYMENT
from .stateful_set import STATEFUL_SET

KINDS: tuple[WorkloadKind, ...] = (DEPLOYMENT, STATEFUL_SET, DAEMON_SET, CRON_JOB)
