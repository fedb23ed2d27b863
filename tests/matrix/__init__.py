# SPDX-License-Identifier: Apache-2.0
"""The versions that people have: a lock in requirements/matrix is a pair of ansible-core and Python to be tested."""
