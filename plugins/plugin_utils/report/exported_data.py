# Copyright: the openclarity.wasm_filters contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What will leave the pods, and to where: as data for the result, and as lines for people. Pure.

No value of a header that is added to the calls is in either, nor the query of a path.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.settings import declaration, redaction
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.settings.explanations import without_credentials

COLUMNS_MAX = 110
# What a result has as the configuration has it.
AS_CONFIGURED = (
    *("bodies", "body_content_types", "request_body_bytes_max", "response_body_bytes_max"),
    *("context", "sample_rate", "sample_by", "sample_always", "include", "exclude"),
)
# What comes of them, as a list adds to its default.
REDACTED = ("redact_headers", "redact_query", "redact_body_fields")
# So many of a default list are named.
TOLD = 5
EXCHANGES = {
    "outbound": "that the pods send",
    "inbound": "that the pods receive",
    "gateway": "that the gateways pass on",
}
WAYS = {
    "service": "a Service of this cluster, reached by the mesh's mutual TLS if it has sidecars, else in plain text",
    "headless": "a headless Service of this cluster, reached in PLAIN TEXT",
    "static": "no Service of this cluster, reached in PLAIN TEXT",
    "strict_dns": "no Service of this cluster, reached in PLAIN TEXT",
}


def foreign(binary: Mapping[str, Any]) -> dict[str, Any]:
    """Of a filter that is not ours only its file is known."""
    return {"foreign": True, "sha256": binary["sha256"], "size": binary["size"]}


def ours(
    configuration: Mapping[str, Any],
    binary: Mapping[str, Any],
    backend: Mapping[str, Any] | None,
    host_allowlist: Mapping[str, str] | None,
) -> dict[str, Any]:
    """Of the filter of this collection, what its configuration makes of it.

    :param configuration: it fits the schema; without what preflight chose.
    :param backend: what preflight chose; None where the configuration names the cluster itself.
    :param host_allowlist: the port to ask which hosts to trace.
    """
    given = _with_defaults(configuration)
    to = given["backend"]
    chosen = backend or {"cluster": to.get("cluster", ""), "kind": "given", "authority": to.get("authority", "")}
    asked = {**given["hosts_from"], **(host_allowlist or {})}
    exported = {
        "foreign": False,
        "sha256": binary["sha256"],
        "size": binary["size"],
        "format": given["format"],
        "backend": {
            "cluster": chosen["cluster"],
            "kind": chosen["kind"],
            "address": chosen["authority"],
            "host_header": to.get("authority") or chosen["authority"] or chosen["cluster"],
            "path": without_credentials(to["path"]),
        },
        "headers_added": [name for name, _value in to["headers"]],
        "hosts_from": {
            "address": asked["authority"] if "authority" in asked else asked["cluster"],
            "path": without_credentials(asked["path"]),
            "seconds": asked["seconds"],
        }
        if asked.get("cluster")
        else None,
        "batch": given.get("batch"),
    }
    exported |= {name: given[name] for name in AS_CONFIGURED}
    return exported | {name: redaction.of(given[name], _default(name)).as_list for name in REDACTED}


def _default(name: str) -> list[str]:
    found: list[str] = declaration.schema()["properties"][name]["default"]
    return found


def lines(exported: Mapping[str, Any], check_mode: bool, columns: int = 0) -> list[str]:
    """For a terminal or a file, in plain text.

    :param columns: the terminal's width; 0: there is none.
    """
    columns = min(columns or COLUMNS_MAX, COLUMNS_MAX)
    title = f"What {'would leave' if check_mode else 'will leave'} the pods:"
    if exported["foreign"]:
        said = (
            f"{title} not known, as the filter is foreign and its configuration its own. Known are its sha256, "
            f"{exported['sha256']}, and its size, {exported['size']} bytes."
        )
        return textwrap.wrap(said, columns, break_on_hyphens=False)
    rows = {
        "what": _which(exported),
        "format": f"{exported['format']}, {_how_often(exported)}",
        "to": _to(exported["backend"]),
        "bodies": _bodies(exported),
        "headers": _all_but(exported["redact_headers"], _default("redact_headers")),
        "query": _all_but(exported["redact_query"], _default("redact_query")),
    }
    if exported["bodies"] == "on":
        rows["fields"] = _all_but(exported["redact_body_fields"], _default("redact_body_fields"))
    if exported["headers_added"]:
        rows["added"] = f"headers {', '.join(exported['headers_added'])} (values are not shown)"
    width = max(len(label) for label in rows) + 2
    found = [title]
    for label, text in rows.items():
        indent = f"  {label:<{width}}"
        found += textwrap.wrap(
            indent + text,
            columns,
            subsequent_indent=" " * len(indent),
            break_long_words=False,
            break_on_hyphens=False,
        )
    return found


def _with_defaults(configuration: Mapping[str, Any]) -> dict[str, Any]:
    """What the filter makes of it; without the settings that mean nothing to its format."""
    form = configuration.get("format", declaration.schema()["properties"]["format"]["default"])
    found: dict[str, Any] = {}
    for setting in declaration.settings():
        if setting.formats and form not in setting.formats:
            continue
        given: Any = configuration
        target = found
        for name in setting.path[:-1]:
            given, target = given.get(name, {}), target.setdefault(name, {})
        value = given.get(setting.path[-1], setting.default(form))
        if value is not None:
            target[setting.path[-1]] = value
    return found


def _which(exported: Mapping[str, Any]) -> str:
    include, exclude, asked = (
        _rules(exported["include"], "and"),
        _rules(exported["exclude"], "or"),
        exported["hosts_from"],
    )
    parts = [_share(exported, f"exchanges {EXCHANGES[exported['context']]}"), *_always(exported["sample_always"])]
    if asked:
        source = f"{asked['address']}{asked['path']}"
        parts.append(f"only with a host that {source} names, asked every {asked['seconds']} s")
    if include:
        parts.append(f"only with {include}")
    if exclude:
        parts.append(f"none with {exclude}")
    return "; ".join(parts)


def _share(exported: Mapping[str, Any], exchanges: str) -> str:
    rate, by = exported["sample_rate"], exported["sample_by"]
    share = "all" if rate == 1 else f"{rate * 100:g} %"
    if by == "parent":
        return f"{exchanges} whose traceparent says that they are sampled, and of those without one {share}"
    of_the = "" if rate == 1 else " of the"
    how = ", by their trace id as OpenTelemetry does" if by == "trace_id" and rate < 1 else ""
    return f"{share}{of_the} {exchanges}{how}"


def _always(always: Mapping[str, Any]) -> list[str]:
    said = [f"statuses {' '.join(always['statuses'])}"] if always["statuses"] else []
    said += [f"more than {always['slower_ms']} ms"] if always["slower_ms"] else []
    return [f"beside these, without bodies, any with {' or '.join(said)}"] if said else []


def _rules(rules: Mapping[str, list[str]], joined: str) -> str:
    return f" {joined} ".join(f"{name} {' '.join(values)}" for name, values in rules.items() if values)


def _how_often(exported: Mapping[str, Any]) -> str:
    batch = exported["batch"]
    if not batch:
        return "one POST for each exchange"
    full = f"{batch['count']} exchanges or {batch['bytes']} bytes"
    return f"a POST when {full} wait, and every {batch['milliseconds']} ms"


def _to(backend: Mapping[str, Any]) -> str:
    if not backend["cluster"]:
        return "nowhere: backend.cluster is not given, so nothing is traced"
    if backend["kind"] == "given":
        return f"{backend['host_header']}{backend['path']}, by Envoy's cluster {backend['cluster']}, which is given"
    host = "" if backend["host_header"] == backend["address"] else f" (as {backend['host_header']})"
    cluster = f"by Envoy's cluster {backend['cluster']}"
    return f"{backend['address']}{backend['path']}{host}, {cluster}: {WAYS[backend['kind']]}"


def _bodies(exported: Mapping[str, Any]) -> str:
    if exported["bodies"] == "off":
        return "off, none leave"
    types = ", ".join(exported["body_content_types"]) or "any content type"
    return (
        f"on: of {types}, up to {exported['request_body_bytes_max']} bytes of a request and "
        f"{exported['response_body_bytes_max']} of a response"
    )


def _all_but(redacted: list[str], default: list[str]) -> str:
    """A default list that is whole is told by its beginning: the result file has all of it."""
    found = redaction.of(redacted, ())
    if not found.hidden:
        return "all, with all values: NOTHING is redacted"
    if found.hides_all:
        return "their names only, with [redacted] in place of all values"
    shown = [entry.removeprefix("-") for entry in redacted if entry.startswith("-")]
    but = f", but NOT of {', '.join(shown)}" if shown else ""
    names = list(found.hidden)
    if {*default} <= {*names}:
        names = [*(one for one in names if one not in default), *default[:TOLD]]
        names[-1] += f" and {len(default) - TOLD} more of the default list"
    return f"all, with [redacted] in place of the values of {', '.join(names)}{but}"
