# Copyright: the openclarity.wasm_filters contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Words of `-e` that are part of no value: from -e "namespaces=shop pay" Ansible takes `shop` alone.

Ansible keeps the other words of all -e together, so that nobody could tell where they came from; here each -e
is read apart. Those after `namespaces=` are namespaces, as the README promises; any other is refused: from
-e "reason=roll out pay" nothing must be rolled out to `pay`. A word may be part of a token, so none is ever printed.
"""

from __future__ import annotations

from collections.abc import Iterable

from ansible.parsing.splitter import parse_kv, split_args
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import WasmFilterError

# Both name what the role takes as wasm_filter_namespaces; the second wins.
NAMESPACES = ("namespaces", "wasm_filter_namespaces")
# YAML or JSON, and files: these have no words beside their values.
WHOLE = ("@", "{", "[")


class StrayWordsError(WasmFilterError):
    """Words that belong to no variable."""

    def __init__(self, number: int, variable: str, count: int) -> None:
        words = "a word" if count == 1 else f"{count} words"
        name = variable or "NAME"
        said = f"after {variable}=..., {words} (not shown)" if variable else f"{words} (not shown)"
        which = "is" if count == 1 else "are"
        super().__init__(
            f"-e number {number}: {said} that {which} part of no value. If the value has spaces, quote it within the "
            f'argument, -e "{name}=\'some words\'", or give it as JSON, -e \'{{"{name}": "some words"}}\''
        )


def namespaces(given: object, extra_vars: Iterable[str]) -> object:
    """The namespaces as they were given, with the words that were meant to be among them.

    :param given: the value that Ansible has.
    :param extra_vars: each -e as it was typed.
    :raises StrayWordsError: there are other words.
    """
    added: list[str] = []
    for number, typed in enumerate(extra_vars, 1):
        if not typed or typed.startswith(WHOLE):
            continue
        for variable, value, words in _values(typed):
            if variable not in NAMESPACES:
                if words:
                    raise StrayWordsError(number, variable, len(words))
            elif value == given:
                # Of several -e Ansible takes the last.
                added = words
    return " ".join([str(given), *added]) if added else given


def _values(typed: str) -> list[tuple[str, str, list[str]]]:
    """(variable, its value, the words after it); before the first variable it is ""."""
    found: list[tuple[str, str, list[str]]] = [("", "", [])]
    for token in split_args(typed):
        ((variable, value),) = parse_kv(token).items() or [("_raw_params", token)]
        if variable.isidentifier() and variable != "_raw_params":
            found.append((variable, str(value), []))
        elif token.strip():
            found[-1][2].append(token.strip())
    return found
