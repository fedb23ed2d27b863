# SPDX-License-Identifier: Apache-2.0
"""Controllers of a cluster in virtual time, as much of them as a rollout can tell from the real ones."""
