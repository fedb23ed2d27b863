# SPDX-License-Identifier: Apache-2.0
"""What an API server may be made to do to a request."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import api_error


@dataclass
class Fault:
    """A gate of the simulated server: answers `times` requests whose "VERB path" matches with an HTTP status.

    0: not at all; None: as it should, once `meanwhile` has been called.
    """

    pattern: str
    status: int | None
    times: int = 1_000_000
    meanwhile: Callable[[], object] | None = None

    def __call__(self, verb: str, path: str, _manager: str) -> None:
        request = f"{verb} {path}"
        if not self.times or not re.search(self.pattern, request):
            return
        self.times -= 1
        if self.meanwhile:
            self.meanwhile()
        if self.status is not None:
            raise api_error(request, self.status, f"refused by the test with {self.status}")
