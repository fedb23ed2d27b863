# SPDX-License-Identifier: Apache-2.0
"""What `make demo` runs: the filter rolled out on the test mesh, as a user would do it, and what comes of it."""
