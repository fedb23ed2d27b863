# SPDX-License-Identifier: Apache-2.0
"""The collection on fleets of KWOK pods, beside the old script's way and a bare client; what `make bench-fleet` runs.

`sequence.py` says what is measured and in which order; each contender has a file: `playbooks.py` (the collection, and
the same play with empty modules), `work.py` (its engine without Ansible), `floor.py`, `script.py`. `responder.py`
plays the sidecars of pods that have no process.
"""
