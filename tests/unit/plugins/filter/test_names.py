# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
import yaml
from ansible_collections.openclarity.wasm_filters.plugins.filter.names import FilterModule
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.release import BINARY_KEY
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import InputError
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.names import FilterNames
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.revision import UNKNOWN

from tests.unit.objects import REPOSITORY

names = FilterModule().filters()["names"]


def test_they_are_the_names_that_the_modules_use() -> None:
    assert names("second", "ab" * 32) == {
        "slot": FilterNames("second").extension,
        "pod_label": FilterNames("second").pod_label,
        "file": f"{FilterNames('second').mount_path}/{BINARY_KEY}",
        "inline_bytes": "sha256:" + "ab" * 32,
        "revision_unknown": UNKNOWN,
    }


def test_a_name_that_is_none_is_refused() -> None:
    with pytest.raises(InputError):
        names("A_b")


def test_all_of_them_are_documented() -> None:
    documents = yaml.safe_load((REPOSITORY / "plugins/filter/names.yml").read_text())
    assert set(documents["RETURN"]["_value"]["contains"]) == set(names("trace"))


def test_the_template_of_the_role_says_none_of_them_itself() -> None:
    template = (REPOSITORY / "roles/wasm_filter/templates/envoy_filter.yml.j2").read_text()
    for text in names("trace", "ab" * 32).values():
        assert text.partition("trace")[0].removesuffix("ab" * 32) not in template
