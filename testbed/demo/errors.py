# SPDX-License-Identifier: Apache-2.0
"""What ends the demo with a message and exit status 1."""

from ..errors import TestbedError


class DemoError(TestbedError):
    """A claim of the demo did not hold, or did not come true in time."""
