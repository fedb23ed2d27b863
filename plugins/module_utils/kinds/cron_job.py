# SPDX-License-Identifier: Apache-2.0
"""CronJob: its next runs get what its template says; nothing is restarted.

https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#modifying-a-cron-job
"""

from __future__ import annotations

from .base import Object, Rollout, RolloutState, WorkloadKind


def rollout(cron_job: Object, before: Object | None = None) -> Rollout:
    return Rollout(RolloutState.ROLLED, 0, 0, "its next runs get it", all_updated=True)


CRON_JOB = WorkloadKind(
    "CronJob",
    "batch/v1",
    "cronjobs",
    rollout,
    template_path=("spec", "jobTemplate", "spec", "template"),
    optional=True,
)
