# SPDX-License-Identifier: Apache-2.0
"""What of a value an error may show: not all of what is long, and nothing that may be a credential. Pure."""

from __future__ import annotations

import re
from typing import Any

VALUE_MAX = 80
# What of a text that others wrote is a credential's value: each has its name, or its form, before it.
_VALUES = (
    re.compile(
        r"((?:authorization|cookie|credential|api[-_]?key|passw(?:or)?d|pwd|secret|signature|token)s?"
        # After a colon and a space it may be prose: then only what has a digit in it.
        r"(?:\\?['\"]?\s*=\s*|\\?['\"]\s*:\s*|:(?=\S)|:\s+(?=[^\s'\",;}]*\d)|\s*:\s*(?=['\"]))\\?['\"]?)"
        r"(?:(?:bearer|basic)\s+)?[^\s'\",;}\\]+",
        re.IGNORECASE,
    ),
    re.compile(r"(\b(?:bearer|basic)\s+)(?=\S*\d)[\w.~+/=-]{6,}", re.IGNORECASE),
    re.compile(r"(://[^\s/@:]*:)[^\s/@]+(?=@)"),
    re.compile(r"()\beyJ[\w-]{10,}[\w.-]*"),
)
# A scheme of HTTP with what follows it, a name of a credential with a value, a URL's user, a JSON Web Token.
_CREDENTIAL = re.compile(
    r"(bearer|\bbasic)\s+\S"
    r"|(authorization|cookie|credential|key|passw(or)?d|pwd|secret|signature|token)s?['\"]?\s*[:=]\s*['\"]?[^\s'\"]"
    r"|[^\s/@]+:[^\s/@]+@"
    r"|\beyJ[\w-]{10}",
    re.IGNORECASE,
)


class Shown(str):
    """Text that is its own repr: not in quotes, as it is not the value itself."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


HIDDEN = Shown("(not shown)")


def without_credentials(text: str) -> str:
    """What somebody else wrote, such as the API server, a webhook or a container runtime, for people to read."""
    for pattern in _VALUES:
        text = pattern.sub(rf"\1{HIDDEN}", text)
    return text


def shown(value: Any) -> Any:
    """The value as an error shows it: shortened, or HIDDEN where a credential may be in it."""
    if isinstance(value, Shown):
        return value
    text = repr(value)
    if _CREDENTIAL.search(text):
        return HIDDEN
    return value if len(text) <= VALUE_MAX else Shown(f"{text[:VALUE_MAX]}...")
