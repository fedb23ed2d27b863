# Copyright: the openclarity.wasm_filters contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan as a file, for people and scripts that want to see it before, or after, it is carried out.

Format: docs/schemas/plan.schema.json. A report: no run ever reads it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.redacted import redacted_for_diff
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.plan import Plan
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.report import own_file
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.settings.explanations import without_credentials

HIDDEN = "(not shown)"
# Even with tokens masked, it says much about a mesh.
MODE = 0o600


def write(path: str, plan: Plan, workloads: Iterable[dict[str, Any]] | None = None) -> None:
    """Write the plan; nothing where no file is asked for.

    :param workloads: what a dry run says would become of each workload, see the schema; None: not known.
    :raises OSError: it can't be written.
    """
    if path:
        own_file.write(path, content(plan, workloads), MODE)


def content(plan: Plan, workloads: Iterable[dict[str, Any]] | None = None) -> dict[str, Any]:
    """What is in the file: no value of a header, no query; of a configuration that is not ours only the names."""
    found = plan.as_dict()
    ours = plan.run.exported_data.get("foreign") is False
    found["envoy_filter_spec"] = _with(_ours if ours else _hidden, redacted_for_diff(plan.envoy_filter_spec))
    if workloads is not None:
        found["workloads"] = list(workloads)
    return found


def _with(mask: Callable[[Any], Any], spec: Any) -> Any:
    """The spec, each plugin configuration in it masked."""
    if isinstance(spec, dict):
        return {key: mask(value) if key == "configuration" else _with(mask, value) for key, value in spec.items()}
    return [_with(mask, item) for item in spec] if isinstance(spec, list) else spec


def _ours(configuration: Any) -> Any:
    """Without values of headers, which are tokens, and without queries, in which keys are sent."""
    try:
        value = configuration["value"]
        shown = json.loads(value) if isinstance(value, str) else value
        for name in ("backend", "hosts_from"):
            inner = dict(shown.get(name) or {})
            if "path" in inner:
                inner["path"] = without_credentials(inner["path"])
            if "headers" in inner:
                inner["headers"] = [[header, HIDDEN] for header, _value in inner["headers"]]
            shown = {**shown, **({name: inner} if inner else {})}
    except (AttributeError, KeyError, TypeError, ValueError):
        # A template of the user's own may give it another form.
        return _hidden(configuration)
    return {**configuration, "value": shown}


def _hidden(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: inner if key == "@type" else _hidden(inner) for key, inner in value.items()}
    return [_hidden(item) for item in value] if isinstance(value, list) else HIDDEN
