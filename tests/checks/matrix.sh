#!/usr/bin/env bash
# Units with the oldest and the newest versions that are supported; a deploy with each is tests/cluster/test_matrix.py.
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/common.sh"
python -m tests.matrix --pairs ends --steps units --short
