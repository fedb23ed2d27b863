# SPDX-License-Identifier: Apache-2.0
"""One file per component: a function that describes it as a value; `testbed.process` runs what they describe."""
