# SPDX-License-Identifier: Apache-2.0
"""Entries of lists that could never match, or are of another language of patterns: refused with what would be right."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.settings.configuration import wrong_settings

REFUSED: list[tuple[str, Any, str]] = [
    *(
        (
            "wasm_filter_trace_exclude",
            {"paths": [path]},
            f".paths[0]={path!r}: must be what a path begins with, such as /login",
        )
        for path in (
            "^/login",
            "login",
            "/login$",
            "/login.*",
            "/v[0-9]+",
            "/users/{id}",
            "/a|/b",
            "https://x/",
            "/a#b",
        )
    ),
    *(
        ("wasm_filter_trace_include", {"methods": [method]}, f".methods[0]={method!r}: must be one method such as GET")
        for method in ("*", "GET|POST", "GET,POST", "^GET$")
    ),
    *(
        ("wasm_filter_trace_exclude", {"hosts": [host]}, f".hosts[0]={host!r}: must be a host such as shop, shop:8080")
        for host in (
            "https://secret.example",
            "secret.example/",
            ".example.com",
            "::1",
            "shop:http",
            "shop:99999",
            "^shop",
        )
    ),
    *(
        (
            "wasm_filter_trace_exclude",
            {"statuses": [status]},
            f".statuses[0]={status!r}: must be a status such as 404, 5xx",
        )
        for status in ("x", "2**", "4..", "400-499", "000", "0xx", "[45]xx")
    ),
    *(
        (
            "wasm_filter_redact_headers",
            [name],
            f"[0]={name!r}: must be a header's name such as x-secret, where * stands for",
        )
        for name in ("x-.*", "authorization:", "^x", "x-", "authorization, cookie", "(a|b)", "x-[a-z]")
    ),
    *(
        (
            "wasm_filter_redact_query",
            [name],
            f"[0]={name!r}: must be a query parameter's name such as token, where * stands",
        )
        for name in ("token=", "?token", "[tT]oken", "tok.*", "%74oken", "a&b")
    ),
    *(
        ("wasm_filter_body_content_types", [media], f"[0]={media!r}: must be a media type without parameters, such as")
        for media in (
            "application/json;charset=utf-8",
            "json",
            "text/",
            "application/.*",
            "*+json",
            "text/html,text/plain",
        )
    ),
]


@pytest.mark.parametrize(("variable", "value", "said"), REFUSED)
def test_an_entry_that_can_not_be_meant_is_refused_with_the_right_form(variable: str, value: Any, said: str) -> None:
    (error,) = wrong_settings({variable: value})
    assert str(error).startswith(variable + said)
