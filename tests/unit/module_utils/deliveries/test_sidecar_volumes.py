# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.sidecar_volumes import (
    USER_VOLUME,
    USER_VOLUME_MOUNT,
    SidecarVolumes,
    has_ours,
    is_foreign,
    names_ours,
    original_of,
    with_ours,
    without,
)
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import AnnotationError
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.names import FilterNames
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.objects import NAMES, R1, R2

OURS = {"name": "wasm-filter-trace", "configMap": {"name": f"wasm-filter-{R1}", "optional": True}}
OUR_MOUNT = {"name": "wasm-filter-trace", "mountPath": "/var/local/wasm-filter/trace", "readOnly": True}
ABSENT = SidecarVolumes()


def unnamed(entry: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if key != "name"}


def loaded(volumes: SidecarVolumes) -> tuple[Any, Any]:
    assert volumes.volume is not None
    assert volumes.mount is not None
    return json.loads(volumes.volume), json.loads(volumes.mount)


@pytest.mark.parametrize("text", [None, "", "  ", "null", "[]"])
def test_nothing_there_before(text: str | None) -> None:
    assert loaded(with_ours(SidecarVolumes(text, text), NAMES, R1)) == ([OURS], [OUR_MOUNT])


def test_a_list_of_the_application_keeps_its_order() -> None:
    theirs = [{"name": "zz", "emptyDir": {}}, {"name": "aa", "secret": {"secretName": "aa"}}]
    volumes, _mounts = loaded(with_ours(SidecarVolumes(json.dumps(theirs), None), NAMES, R1))
    assert volumes == [*theirs, OURS]


def test_a_map_of_the_application_stays_a_map_in_its_order() -> None:
    text = '{"zz": {"emptyDir": {}}, "aa": {"secret": {"secretName": "é"}}}'
    wanted = with_ours(SidecarVolumes(text, '{"zz": {"mountPath": "/zz"}}'), NAMES, R1)
    volumes, mounts = loaded(wanted)
    assert list(volumes) == ["zz", "aa", "wasm-filter-trace"]
    assert volumes["wasm-filter-trace"] == unnamed(OURS)
    assert mounts == {"zz": {"mountPath": "/zz"}, "wasm-filter-trace": unnamed(OUR_MOUNT)}
    assert "é" in (wanted.volume or "")


@pytest.mark.parametrize(
    "text", ["{", "- name: a", "'", '"text"', "1", "true", '["a"]', '{"a": 1}', "[null]", "[" * 100_000]
)
def test_what_istio_can_not_read_is_refused_with_the_annotation_named(text: str) -> None:
    with pytest.raises(AnnotationError, match=USER_VOLUME):
        with_ours(SidecarVolumes(text, None), NAMES, R1)
    with pytest.raises(AnnotationError, match=USER_VOLUME_MOUNT):
        with_ours(SidecarVolumes(None, text), NAMES, R1)


def test_the_next_revision_replaces_the_volume() -> None:
    volumes, mounts = loaded(with_ours(with_ours(ABSENT, NAMES, R1), NAMES, R2))
    assert [entry["configMap"]["name"] for entry in volumes] == [f"wasm-filter-{R2}"]
    assert len(mounts) == 1


NAMED = st.text(st.characters(exclude_categories=["Cs"]), max_size=12).filter(lambda name: "wasm-filter" not in name)
VALUES = st.dictionaries(NAMED, st.integers() | NAMED | st.booleans(), max_size=3)
LISTS = st.lists(st.builds(lambda name, rest: {**rest, "name": name}, NAMED, VALUES), max_size=4)
MAPS = st.dictionaries(NAMED, VALUES, max_size=4)
# Spaces and escapes as an application may write them, which a parser would not give back.
WRITTEN = st.builds(
    lambda value, indent, ascii_only: json.dumps(value, indent=indent, ensure_ascii=ascii_only),
    LISTS | MAPS,
    st.sampled_from([None, 0, 3]),
    st.booleans(),
)
ANNOTATIONS = st.builds(SidecarVolumes, *[st.none() | st.just("") | st.just("null") | WRITTEN] * 2)


@given(ANNOTATIONS)
def test_the_original_comes_back_byte_for_byte(original: SidecarVolumes) -> None:
    saved = SidecarVolumes.from_json(original.to_json())
    assert saved == original
    assert original_of(with_ours(original, NAMES, R1), [NAMES], [saved]) == original


@given(ANNOTATIONS)
def test_the_original_comes_back_also_under_another_config_map_prefix(original: SidecarVolumes) -> None:
    renamed = FilterNames("trace", "filters")
    current = with_ours(with_ours(original, NAMES, R1), NAMES, R2)
    assert original_of(current, [renamed], [original]) == original


def test_each_annotation_is_judged_for_itself() -> None:
    original = SidecarVolumes(' [ {"name": "a"} ]', ' {"a": {"mountPath": "/a"}}')
    ours = with_ours(original, NAMES, R1)
    newer = '[{"name":"b"}]'
    # Somebody wrote the volumes anew, and left the mounts as they were.
    assert original_of(SidecarVolumes(newer, ours.mount), [NAMES], [original]) == SidecarVolumes(newer, original.mount)


@given(ANNOTATIONS)
def test_merging_twice_is_merging_once(original: SidecarVolumes) -> None:
    once = with_ours(original, NAMES, R1)
    assert with_ours(once, NAMES, R1) == once


@given(ANNOTATIONS)
def test_without_what_was_saved_only_our_entry_goes(original: SidecarVolumes) -> None:
    left = original_of(with_ours(original, NAMES, R1), [NAMES], [])
    for before, after in ((original.volume, left.volume), (original.mount, left.mount)):
        assert (json.loads(after) if after else None) == ((json.loads(before) or None) if before else None)


@given(ANNOTATIONS, st.permutations(["one", "two"]))
def test_two_filters_come_and_go_in_any_order(original: SidecarVolumes, order: list[str]) -> None:
    filters = {name: FilterNames(name) for name in order}
    # Either may have kept the volume of the one that was there before it.
    with_one = with_ours(original, filters["one"], R1)
    current = with_ours(with_one, filters["two"], R2)
    saved = {"one": original, "two": with_one}
    assert original_of(current, filters.values(), [saved[name] for name in order]) == original
    for name in order:
        current = without(current, [filters[name]])
    assert (_meaning(current.volume), _meaning(current.mount)) == (_meaning(original.volume), _meaning(original.mount))


def _meaning(text: str | None) -> Any:
    return (json.loads(text) or None) if text else None


def test_an_annotation_changed_since_keeps_the_change() -> None:
    original = SidecarVolumes('[{"name":"theirs"}]', None)
    current = with_ours(original, NAMES, R1)
    added = SidecarVolumes(json.dumps([*json.loads(current.volume or ""), {"name": "new"}]), current.mount)
    assert original_of(added, [NAMES], [original]) == SidecarVolumes('[{"name":"theirs"},{"name":"new"}]', None)


def test_somebody_took_our_volume_out_already() -> None:
    current = SidecarVolumes(' [ {"name": "theirs"} ]', None)
    for saved in (ABSENT, SidecarVolumes('[{"name":"theirs"}]', None), None):
        assert original_of(current, [NAMES], [saved] if saved else []) == current


def test_an_original_that_means_something_else_is_not_trusted() -> None:
    current = with_ours(ABSENT, NAMES, R2)
    assert original_of(current, [NAMES], [SidecarVolumes('[{"name":"old"}]', None)]) == ABSENT


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "{",
        "[]",
        '"text"',
        "null",
        "{}",
        '{"volume": null}',
        '{"volume": 5, "mount": null}',
        "[" * 100000,
        '{"volume": "{", "mount": null}',
        '{"volume": null, "mount": "[1]"}',
        '{"volume": [], "mount": null}',
    ],
)
def test_what_we_did_not_write_is_no_original(text: str | None) -> None:
    assert SidecarVolumes.from_json(text) is None


@given(ANNOTATIONS)
def test_an_entry_keeps_its_place(original: SidecarVolumes) -> None:
    one, two = FilterNames("one"), FilterNames("two")
    both = with_ours(with_ours(original, one, R1), two, R1)
    # Else the two would replace every pod in turn, for ever.
    assert with_ours(both, one, R1) == with_ours(both, two, R1) == both
    assert _order(with_ours(both, one, R2)) == _order(both)


def _order(volumes: SidecarVolumes) -> list[list[str]]:
    found = (json.loads(text or "[]") for text in (volumes.volume, volumes.mount))
    return [list(entries) if isinstance(entries, dict) else [entry["name"] for entry in entries] for entries in found]


def test_two_entries_of_ours_become_one_where_the_first_was() -> None:
    text = json.dumps([{"name": "a"}, {**OURS, "old": 1}, {"name": "b"}, OURS])
    volumes, _mounts = loaded(with_ours(SidecarVolumes(text, None), NAMES, R1))
    assert volumes == [{"name": "a"}, OURS, {"name": "b"}]


@given(ANNOTATIONS)
def test_ours_are_there_once_they_were_put_there(original: SidecarVolumes) -> None:
    ours = with_ours(original, NAMES, R1)
    assert has_ours(ours, NAMES, R1) == (True, True)
    assert has_ours(ours, NAMES, R2) == (False, True)
    assert has_ours(SidecarVolumes(original.volume, ours.mount), NAMES, R1) == (False, True)
    assert has_ours(SidecarVolumes(ours.volume, original.mount), NAMES, R1) == (True, False)
    assert names_ours(ours, NAMES)
    assert not names_ours(original, NAMES)


def test_what_can_not_be_read_has_none_of_ours() -> None:
    broken = SidecarVolumes("{", "- a")
    assert has_ours(broken, NAMES, R1) == (False, False)
    assert not names_ours(broken, NAMES)
    assert not is_foreign(broken, NAMES)


@given(ANNOTATIONS)
def test_what_we_put_there_is_not_foreign(original: SidecarVolumes) -> None:
    assert not is_foreign(original, NAMES)
    assert not is_foreign(with_ours(original, NAMES, R1), NAMES)
    # Also where the ConfigMaps had another prefix then.
    assert not is_foreign(with_ours(original, FilterNames("trace", "other"), R1), NAMES)


FOREIGN_VOLUMES: list[dict[str, Any]] = [
    {"emptyDir": {}},
    {"configMap": {"name": "wasm-filter"}},
    {"configMap": {"name": "their-filter", "optional": True}},
    {"configMap": {"name": f"wasm-filter-{R1}"}},
    {"configMap": {"name": f"wasm-filter-{R1}", "optional": True}, "more": 1},
    {},
]


@pytest.mark.parametrize("entry", FOREIGN_VOLUMES)
def test_an_entry_of_our_name_that_we_can_not_have_written_is_foreign(entry: dict[str, Any]) -> None:
    as_list = SidecarVolumes(json.dumps([{**entry, "name": NAMES.volume}]), None)
    as_map = SidecarVolumes(json.dumps({NAMES.volume: entry}), None)
    assert is_foreign(as_list, NAMES)
    assert is_foreign(as_map, NAMES)


def test_a_mount_of_our_name_that_we_can_not_have_written_is_foreign() -> None:
    ours = with_ours(ABSENT, NAMES, R1)
    assert is_foreign(SidecarVolumes(ours.volume, json.dumps([{**OUR_MOUNT, "mountPath": "/theirs"}])), NAMES)
    assert is_foreign(SidecarVolumes(None, json.dumps([{**OUR_MOUNT, "readOnly": False}])), NAMES)
