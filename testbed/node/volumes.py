# SPDX-License-Identifier: Apache-2.0
"""A pod's volumes: folders on the mesh's tmpfs, filled from the API server as a kubelet does. Nothing is written until
everything that is not optional is there: a pod with half of its volumes would be no pod of Kubernetes."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .environment import field_value

Object = dict[str, Any]
Fetch = Callable[[str, str], Object | None]
"""(kind, name) -> the ConfigMap or Secret of the pod's namespace; None if there is none."""
Token = Callable[[Object], str]
"""Of a serviceAccountToken source -> a token."""

DEFAULT_MODE = 0o644


class MountError(Exception):
    """The message of a FailedMount event."""


def fill(pod: Object, folder: Path, fetch: Fetch, token: Token) -> dict[str, Path]:
    """Volume name -> where it is. Called again it brings changed content up to date."""
    volumes = pod["spec"].get("volumes") or ()
    contents = {volume["name"]: _content(volume, pod, fetch, token) for volume in volumes}
    places: dict[str, Path] = {}
    for volume in volumes:
        name = volume["name"]
        if "hostPath" in volume:
            places[name] = _host_path(volume["hostPath"])
            continue
        places[name] = folder / name
        places[name].mkdir(parents=True, exist_ok=True)
        # Whatever user a container runs as may write: there is no fsGroup here.
        places[name].chmod(0o777)
        _write(places[name], contents[name], folder / f".{name}.files")
    return places


def mounts(container: Object, places: dict[str, Path]) -> list[tuple[str, str]]:
    """(source, target) of one container."""
    result = []
    for mount in container.get("volumeMounts") or ():
        source = places[mount["name"]]
        if mount.get("subPath"):
            source = source / mount["subPath"]
            if not source.exists():
                source.mkdir(parents=True)
        result.append((str(source), mount["mountPath"]))
    return result


def _content(volume: Object, pod: Object, fetch: Fetch, token: Token) -> dict[str, tuple[bytes, int]]:
    name = volume["name"]
    if "projected" in volume:
        mode = volume["projected"].get("defaultMode", DEFAULT_MODE)
        files: dict[str, tuple[bytes, int]] = {}
        for source in volume["projected"].get("sources") or ():
            files |= _source(name, source, mode, pod, fetch, token)
        return files
    if "emptyDir" in volume or "hostPath" in volume:
        return {}
    kind = next((kind for kind in ("configMap", "secret", "downwardAPI") if kind in volume), None)
    if kind is None:
        unsupported = ", ".join(key for key in volume if key != "name")
        raise MountError(f'MountVolume.SetUp failed for volume "{name}" : the test mesh has no {unsupported}')
    return _source(name, {kind: volume[kind]}, volume[kind].get("defaultMode", DEFAULT_MODE), pod, fetch, token)


def _source(
    volume: str, source: Object, mode: int, pod: Object, fetch: Fetch, token: Token
) -> dict[str, tuple[bytes, int]]:
    if "serviceAccountToken" in source:
        wanted = source["serviceAccountToken"]
        return {wanted["path"]: (token(wanted).encode(), mode)}
    if "downwardAPI" in source:
        return {
            item["path"]: (field_value(pod, item["fieldRef"]["fieldPath"]).encode(), item.get("mode", mode))
            for item in source["downwardAPI"].get("items") or ()
            if "fieldRef" in item
        }
    kind = "ConfigMap" if "configMap" in source else "Secret"
    reference = source.get("configMap") or source.get("secret") or {}
    name = str(reference.get("name") or reference.get("secretName"))
    found = fetch(kind, name)
    optional = reference.get("optional", False)
    if found is None and not optional:
        raise MountError(f'MountVolume.SetUp failed for volume "{volume}" : {kind.lower()} "{name}" not found')
    data = _data(kind, found or {})
    items = reference.get("items")
    if not items:
        return {key: (content, mode) for key, content in data.items()}
    missing = [item["key"] for item in items if item["key"] not in data]
    if missing and not optional:
        raise MountError(
            f'MountVolume.SetUp failed for volume "{volume}" : references non-existent {kind.lower()} key: {missing[0]}'
        )
    return {item["path"]: (data[item["key"]], item.get("mode", mode)) for item in items if item["key"] in data}


def _data(kind: str, found: Object) -> dict[str, bytes]:
    encoded = found.get("data" if kind == "Secret" else "binaryData") or {}
    plain = (found.get("data") or {}) if kind == "ConfigMap" else {}
    return {key: base64.b64decode(value) for key, value in encoded.items()} | {
        key: value.encode() for key, value in plain.items()
    }


def text_data(kind: str, found: Object) -> dict[str, str]:
    return {key: value.decode(errors="replace") for key, value in _data(kind, found).items()}


def _write(folder: Path, files: dict[str, tuple[bytes, int]], written: Path) -> None:
    """`written` lists what was written the time before: what others put into the folder is not ours to remove."""
    before = written.read_text().splitlines() if written.exists() else []
    for path in set(before) - files.keys():
        (folder / path).unlink(missing_ok=True)
    written.write_text("\n".join(files))
    for path, (content, mode) in files.items():
        target = folder / path
        if target.is_file() and target.read_bytes() == content:
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        # Readers see the old content or the new, never half of it.
        partial = target.with_name(f"..{target.name}.partial")
        partial.write_bytes(content)
        partial.chmod(mode)
        partial.rename(target)


def _host_path(source: Object) -> Path:
    path = Path(source["path"])
    if not path.exists():
        if source.get("type") != "DirectoryOrCreate":
            raise MountError(f"hostPath {path} does not exist")
        path.mkdir(parents=True)
    return path
