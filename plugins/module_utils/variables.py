"""Variables of the role that need no cluster to be checked: one table, one rule each. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable
from typing import Any

from .errors import InputError

BODY_BYTES_MAX = 1_000_000
HEADERS_MAX = 16
# Python refuses to read a number of thousands of digits, by another error than ours.
DIGITS_MAX = 20
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def _number(lowest: int, highest: int) -> Callable[[Any], bool]:
    def fits(value: Any) -> bool:
        text = str(value)
        return text.isascii() and text.isdigit() and len(text) <= DIGITS_MAX and lowest <= int(text) <= highest

    return fits


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) and item for item in value)


def _header_names(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= HEADERS_MAX and all(_HEADER_NAME.fullmatch(str(n)) for n in value)


def _labels(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(item, str) for item in value.values())


# name -> (does it fit?, what would be right). The bounds of the filter are in filter/src/limits.zig.
RULES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "wasm_filter_context": (lambda value: value in ("outbound", "inbound", "gateway"), "outbound, inbound or gateway"),
    "wasm_filter_bodies": (lambda value: value in ("on", "off"), "on or off, as text"),
    "wasm_filter_trace_backend_path": (lambda value: str(value).startswith("/"), "a path that begins with /"),
    "wasm_filter_trace_backend_headers": (
        _header_names,
        f"a map of at most {HEADERS_MAX} header names to values, such as "
        """-e '{"wasm_filter_trace_backend_headers": {"x-token": "..."}}'""",
    ),
    "wasm_filter_trace_backend_timeout_ms": (_number(1, 60_000), "a number of milliseconds from 1 to 60000"),
    "wasm_filter_request_body_bytes_max": (_number(0, BODY_BYTES_MAX), f"a number from 0 to {BODY_BYTES_MAX}"),
    "wasm_filter_response_body_bytes_max": (_number(0, BODY_BYTES_MAX), f"a number from 0 to {BODY_BYTES_MAX}"),
    "wasm_filter_redact_headers": (
        _texts,
        """a list, such as -e '{"wasm_filter_redact_headers": ["authorization", "x-secret"]}'""",
    ),
    "wasm_filter_redact_query": (_texts, """a list, such as -e '{"wasm_filter_redact_query": ["token"]}'"""),
    "wasm_filter_selector": (_labels, """a map of labels, such as -e '{"wasm_filter_selector": {"app": "web"}}'"""),
    "wasm_filter_timeout": (_number(1, 86_400), "a number of seconds from 1 to 86400"),
    "wasm_filter_max_fail_percentage": (_number(0, 100), "a whole number from 0 to 100"),
}


def wrong_values(given: dict[str, Any]) -> list[InputError]:
    """One error for each variable that breaks its rule."""
    return [
        InputError(name, given[name], f"must be {right}")
        for name, (fits, right) in RULES.items()
        if name in given and not fits(given[name])
    ]


def unknown_names(given: Iterable[str], known: Iterable[str]) -> list[str]:
    """A sentence for each name that means nothing: it would be ignored, and the default taken instead."""
    names = set(known)
    if not names:
        return []
    sentences = []
    for name in sorted(set(given) - names):
        nearest = difflib.get_close_matches(name, names, 1)
        meant = f"did you mean {nearest[0]}?" if nearest else "roles/wasm_filter/README.md lists them"
        sentences.append(f"{name}: there is no such variable; {meant}")
    return sentences
