# SPDX-License-Identifier: Apache-2.0
"""What `make generate` would write is what is committed."""

from __future__ import annotations

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.settings.declaration import settings

from tools.generate.blocks import BEGIN, replaced
from tools.generate.outputs import ROOT, outputs
from tools.generate.variables import Variable, listed, variables

OUTPUTS = outputs()


@pytest.mark.parametrize("path", OUTPUTS)
def test_generated_text_is_up_to_date(path: str) -> None:
    assert (ROOT / path).read_text() == OUTPUTS[path], "run `make generate`"


@pytest.mark.parametrize("path", OUTPUTS)
def test_generated_text_says_so(path: str) -> None:
    assert BEGIN in OUTPUTS[path]


@pytest.mark.parametrize("setting", settings(), ids=lambda setting: setting.name)
def test_every_setting_is_where_people_look_for_it(setting: object) -> None:
    name, variable = getattr(setting, "name", ""), getattr(setting, "variable", None)
    assert f"| `{name}` |" in OUTPUTS["filter/README.md"]
    if variable:
        assert f"| `{variable}` |" in OUTPUTS["README.md"]
        assert f"| `{name}` | `{variable}` |" in OUTPUTS["roles/wasm_filter/README.md"]


def test_a_block_is_replaced_between_its_marks() -> None:
    begin, end = f"# {BEGIN}x, do not edit: a", "# End of what is generated"
    text = f"before\n{begin}\nold\n{end}\nafter\n"
    assert replaced(text, "a", "new\n") == f"before\n{begin}\nnew\n{end}\nafter\n"
    for wrong in (text + text, "nothing\n"):
        with pytest.raises(ValueError):
            replaced(wrong, "a", "new\n")
    with pytest.raises(ValueError):
        replaced(text, "b", "new\n")


def test_what_is_said_of_a_variable() -> None:
    form = Variable("v", "A choice, `a`. More.", "A word.", None, {"a": "1", "b": "2", "c": "1"}, formats=("a",))
    assert form.sentences == [
        *("A choice, `a`.", "More.", "For the formats `a` only.", "By default `1` for `a` and `c`, `2` for `b`."),
        "A word.",
    ]
    assert listed(["a"], "or") == "`a`" and listed(["a", "b", "c"], "or") == "`a`, `b` or `c`"


def test_every_variable_that_decides_a_setting_is_told() -> None:
    names = [one.name for one in variables()]
    assert len(names) == len(set(names))
    assert {"wasm_filter_trace_backend_address", "wasm_filter_trace_sampling_enabled"} <= set(names)
