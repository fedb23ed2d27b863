# SPDX-License-Identifier: Apache-2.0
"""Volumes as files, without a cluster."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from testbed.node.volumes import MountError, fill, mounts

STORE: dict[tuple[str, str], dict[str, Any]] = {
    ("ConfigMap", "c"): {"data": {"text": "t"}, "binaryData": {"wasm": base64.b64encode(b"\0asm").decode()}},
    ("Secret", "s"): {"data": {"key": base64.b64encode(b"hidden").decode()}},
}


def filled(folder: Path, *volumes: dict[str, Any]) -> dict[str, Path]:
    pod = {"metadata": {"name": "p", "namespace": "n", "labels": {"a": "b"}}, "spec": {"volumes": list(volumes)}}
    return fill(pod, folder, lambda kind, name: STORE.get((kind, name)), lambda source: f"token {source['path']}")


def test_config_map_with_text_and_binary(tmp_path: Path) -> None:
    place = filled(tmp_path, {"name": "v", "configMap": {"name": "c"}})["v"]
    assert {p.name: p.read_bytes() for p in place.iterdir()} == {"text": b"t", "wasm": b"\0asm"}


def test_items_choose_and_rename(tmp_path: Path) -> None:
    volume = {"name": "v", "configMap": {"name": "c", "items": [{"key": "wasm", "path": "a/filter.wasm"}]}}
    place = filled(tmp_path, volume)["v"]
    assert [str(p.relative_to(place)) for p in place.rglob("*") if p.is_file()] == ["a/filter.wasm"]


def test_nothing_is_written_while_something_is_missing(tmp_path: Path) -> None:
    volumes = ({"name": "v", "configMap": {"name": "c"}}, {"name": "w", "secret": {"secretName": "none"}})
    with pytest.raises(MountError, match='volume "w" : secret "none" not found'):
        filled(tmp_path, *volumes)
    assert list(tmp_path.iterdir()) == []


def test_missing_key_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MountError, match="references non-existent configmap key: no"):
        filled(tmp_path, {"name": "v", "configMap": {"name": "c", "items": [{"key": "no", "path": "x"}]}})


def test_optional_volume_is_empty(tmp_path: Path) -> None:
    place = filled(tmp_path, {"name": "v", "configMap": {"name": "none", "optional": True}})["v"]
    assert list(place.iterdir()) == []


def test_projected_sources_share_a_folder(tmp_path: Path) -> None:
    sources = [
        {"serviceAccountToken": {"path": "token"}},
        {"secret": {"name": "s"}},
        {"downwardAPI": {"items": [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]}},
    ]
    place = filled(tmp_path, {"name": "v", "projected": {"sources": sources}})["v"]
    content = {p.name: p.read_text() for p in place.iterdir()}
    assert content == {"token": "token token", "key": "hidden", "labels": 'a="b"'}


def test_unknown_kind_of_volume_says_so(tmp_path: Path) -> None:
    with pytest.raises(MountError, match="the test mesh has no persistentVolumeClaim"):
        filled(tmp_path, {"name": "v", "persistentVolumeClaim": {"claimName": "c"}})


def test_sub_path(tmp_path: Path) -> None:
    places = filled(tmp_path, {"name": "v", "configMap": {"name": "c"}})
    mount = {"name": "v", "mountPath": "/etc/one", "subPath": "text"}
    assert mounts({"volumeMounts": [mount]}, places) == [(str(tmp_path / "v/text"), "/etc/one")]


def test_key_that_went_away_takes_its_file_along(tmp_path: Path) -> None:
    volume = {"name": "v", "configMap": {"name": "changing"}}
    STORE["ConfigMap", "changing"] = {"data": {"a": "1", "b": "2"}}
    filled(tmp_path, volume)
    STORE["ConfigMap", "changing"] = {"data": {"a": "3"}}
    place = filled(tmp_path, volume)["v"]
    assert {p.name: p.read_text() for p in place.iterdir()} == {"a": "3"}
