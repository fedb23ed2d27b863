# SPDX-License-Identifier: Apache-2.0
"""What can go wrong, as types.

WasmFilterError
├── InputError        a variable that can't be used; nothing was changed
├── AnnotationError   an application's own annotation that can't be merged into
└── ApiError          the API server said no
    ├── Conflict      409: the object changed since it was read, or is gone
    ├── Forbidden     403: RBAC or an admission webhook refuses
    ├── Expired       410: a watch or a page is too old to be continued
    └── Unreachable   no answer at all
"""

from __future__ import annotations

from .shown import shown, without_credentials


class WasmFilterError(Exception):
    """The root: whatever this collection raises on purpose."""


class InputError(WasmFilterError):
    """A variable that can't be used.

    The text names the variable, its value, unless that may be a credential, and what would be right.
    """

    def __init__(self, variable: str, value: object, expected: str) -> None:
        self.variable = variable
        super().__init__(f"{variable}={shown(value)!r}: {expected}")


class AnnotationError(WasmFilterError):
    """An annotation that istiod could not read either: it is left as it is."""


class ApiError(WasmFilterError):
    """An answer of the API server that is neither success nor "not found"."""

    def __init__(self, action: str, status: int, message: str, retry_after: float = 0.0) -> None:
        """:param retry_after: seconds, where the server asks for a pause."""
        message = without_credentials(message)
        self.status = status
        self.detail = message
        self.retry_after = retry_after
        super().__init__(f"failed to {action}: {message}" + (f" (HTTP {status})" if status > 0 else ""))


class Conflict(ApiError):
    """409."""


class Forbidden(ApiError):
    """403."""


class Expired(ApiError):
    """410."""


class Unreachable(ApiError):
    """No HTTP answer: refused, reset or timed out, so that nobody knows whether it was done."""


def api_error(action: str, status: int, message: str, retry_after: float = 0.0) -> ApiError:
    """The subtype for an HTTP status (0: no answer)."""
    kinds: dict[int, type[ApiError]] = {0: Unreachable, 403: Forbidden, 409: Conflict, 410: Expired}
    return kinds.get(status, ApiError)(action, status, message, retry_after)
