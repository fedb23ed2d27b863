# SPDX-License-Identifier: Apache-2.0
"""Files of earlier runs are deleted, and nothing else ever is."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.report import own_file

RESULT, PLAN = "wasm_filter_result_file", "wasm_filter_plan_file"
OURS = {
    RESULT: {"version": 1, "filter": "trace", "run": {}, "clusters": []},
    PLAN: {"version": 1, "filter_name": "trace", "run": {}, "targets": [], "state": "present"},
}


@pytest.mark.parametrize("variable", [RESULT, PLAN])
@pytest.mark.parametrize("text", ["ours", "", " \n"])
def test_what_an_earlier_run_left_is_deleted(variable: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / "f.json"
    path.write_text(json.dumps(OURS[variable]) if text == "ours" else text)
    assert own_file.forget({variable: str(path)}) == []
    assert not path.exists()


@pytest.mark.parametrize("variable", [RESULT, PLAN])
@pytest.mark.parametrize("text", ["hello", "{", "{}", "[]", '{"version": 1, "run": {}}', "\0\xff", "other"])
def test_any_other_file_is_refused_and_stays(variable: str, text: str, short_path: Path) -> None:
    path = short_path / "f.json"
    content = json.dumps(OURS[PLAN if variable == RESULT else RESULT]) if text == "other" else text
    path.write_bytes(content.encode("latin-1"))
    (error,) = own_file.forget({variable: str(path)})
    assert str(error).startswith(f"{variable}={str(path)!r}: exists and is not the ")
    assert path.read_bytes() == content.encode("latin-1")


@pytest.mark.parametrize("path", ["/dev/null", "/"])
def test_what_is_no_file_is_refused(path: str) -> None:
    (error,) = own_file.forget({RESULT: path})
    assert "is no file" in str(error)
    assert Path(path).exists()


def test_what_is_not_there_or_not_asked_for_is_no_matter(tmp_path: Path) -> None:
    assert own_file.forget({RESULT: str(tmp_path / "folder" / "f.json"), PLAN: ""}) == []


def test_where_one_is_refused_none_is_deleted(tmp_path: Path) -> None:
    ours, foreign = tmp_path / "r.json", tmp_path / "p.json"
    ours.write_text(json.dumps(OURS[RESULT]))
    foreign.write_text("hello")
    (error,) = own_file.forget({RESULT: str(ours), PLAN: str(foreign)})
    assert error.variable == PLAN
    assert ours.exists() and foreign.exists()


def test_one_path_for_both_is_refused(short_path: Path) -> None:
    path = str(short_path / "f.json")
    (error,) = own_file.forget({RESULT: path, PLAN: path})
    assert str(error) == f"wasm_filter_plan_file={path!r}: is the result file, too"


def test_a_link_is_deleted_and_not_what_it_leads_to(tmp_path: Path) -> None:
    target, link = tmp_path / "t.json", tmp_path / "l.json"
    target.write_text(json.dumps(OURS[RESULT]))
    link.symlink_to(target)
    assert own_file.forget({RESULT: str(link)}) == []
    assert target.exists() and not link.is_symlink()


def test_write_replaces_as_a_whole_and_for_the_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "f.json"
    own_file.write(str(path), {"a": 1}, 0o600)
    path.chmod(0o644)
    own_file.write(str(path), {"a": 2}, 0o600)
    assert json.loads(path.read_text()) == {"a": 2}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [found.name for found in path.parent.iterdir()] == ["f.json"]


def test_what_can_not_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "f.json").mkdir()
    with pytest.raises(OSError):
        own_file.write(str(tmp_path / "f.json"), {}, 0o600)
    with pytest.raises(TypeError):
        own_file.write(str(tmp_path / "g.json"), {"a": object()}, 0o600)
    assert [found.name for found in tmp_path.iterdir()] == ["f.json"]
