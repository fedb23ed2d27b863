# SPDX-License-Identifier: Apache-2.0
"""Our volume among the volumes that an application asks its own sidecar to mount.

Istio's injection template reads `sidecar.istio.io/userVolume` and `userVolumeMount`, each a JSON
list of named entries or a JSON map from name to entry. An application may use them already: its
entries stay, in their order, and its exact text comes back when ours is taken out.
Source of the format: https://istio.io/latest/docs/reference/config/annotations/ and the injection
template in the ConfigMap istio-sidecar-injector.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any

from ..domain.errors import AnnotationError
from ..domain.names import FilterNames

USER_VOLUME = "sidecar.istio.io/userVolume"
USER_VOLUME_MOUNT = "sidecar.istio.io/userVolumeMount"


@dataclass(frozen=True)
class SidecarVolumes:
    """The text of both annotations; None where the annotation is absent."""

    volume: str | None = None
    mount: str | None = None

    @classmethod
    def of(cls, annotations: dict[str, str]) -> SidecarVolumes:
        return cls(annotations.get(USER_VOLUME), annotations.get(USER_VOLUME_MOUNT))

    def as_annotations(self) -> dict[str, str | None]:
        return {USER_VOLUME: self.volume, USER_VOLUME_MOUNT: self.mount}

    def to_json(self) -> str:
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str | None) -> SidecarVolumes | None:
        """None for what we can't have written: then there is no original to go back to."""
        try:
            fields = json.loads(text or "")
            saved = cls(fields["volume"], fields["mount"])
            for key, value in saved.as_annotations().items():
                _parse(key, value)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError, AnnotationError):
            return None
        return saved


def with_ours(current: SidecarVolumes, names: FilterNames, revision: str) -> SidecarVolumes:
    """The annotations with the volume of this revision in them: in the place where an older one of ours is, else last.

    The volume is optional: an application's pod must be able to start though somebody deleted our
    ConfigMap. Its sidecar then finds no file and keeps the slot's pass-through default.

    :raises AnnotationError: an annotation is not JSON, or not a list or map of named entries.
    """
    source, mount = _entries_of(names, names.config_map(revision))
    return SidecarVolumes(
        _put(USER_VOLUME, current.volume, names.volume, source),
        _put(USER_VOLUME_MOUNT, current.mount, names.volume, mount),
    )


def has_ours(current: SidecarVolumes, names: FilterNames, revision: str) -> tuple[bool, bool]:
    """Whether the volume and its mount are in the annotations as `with_ours` puts them there."""
    wanted = _entries_of(names, names.config_map(revision))
    texts = current.as_annotations().items()
    volume, mount = (_found(key, text, names.volume) == one for (key, text), one in zip(texts, wanted, strict=True))
    return volume, mount


def names_ours(current: SidecarVolumes, names: FilterNames) -> bool:
    """Whether there is any entry under the name of our volume."""
    return any(_found(key, text, names.volume) is not None for key, text in current.as_annotations().items())


def is_foreign(current: SidecarVolumes, names: FilterNames) -> bool:
    """Whether an entry under the name of our volume can't have been written by us."""
    volume, mount = (_found(key, text, names.volume) for key, text in current.as_annotations().items())
    config_map = str(((volume or {}).get("configMap") or {}).get("name", ""))
    ours = _entries_of(names, config_map)
    revision = re.search(r"-[0-9a-f]{10}$", config_map)
    return (volume is not None and (not revision or volume != ours[0])) or (mount is not None and mount != ours[1])


def _entries_of(names: FilterNames, config_map: str) -> tuple[dict[str, Any], dict[str, Any]]:
    return {"configMap": {"name": config_map, "optional": True}}, {"mountPath": names.mount_path, "readOnly": True}


def _found(key: str, text: str | None, name: str) -> dict[str, Any] | None:
    """The entry of a name, without its name; None: there is none, or the annotation can't be read."""
    try:
        entries = _parse(key, text)
    except AnnotationError:
        return None
    if isinstance(entries, dict):
        return entries.get(name)
    named = next((entry for entry in entries if entry.get("name") == name), None)
    return named if named is None else {field: value for field, value in named.items() if field != "name"}


def without(current: SidecarVolumes, filters: Collection[FilterNames]) -> SidecarVolumes:
    """The annotations without the entries of these filters; the same text where there are none.

    :raises AnnotationError: an annotation can't be read.
    """
    volumes = {names.volume for names in filters}
    return SidecarVolumes(_take(USER_VOLUME, current.volume, volumes), _take(USER_VOLUME_MOUNT, current.mount, volumes))


def original_of(
    current: SidecarVolumes, filters: Collection[FilterNames], saved: Collection[SidecarVolumes]
) -> SidecarVolumes:
    """What the application itself has asked for: its exact text where one that was kept means the same as
    what is left when the entries of all our filters are taken out, else what is left.

    :param filters: all of ours on this workload.
    :param saved: what each of them kept; the entries of another one may be in it.
    :raises AnnotationError: an annotation can't be read.
    """
    rest = without(current, filters)
    # What has to be written anew is no application's text.
    kept = sorted(((without(one, filters) != one, without(one, filters)) for one in saved), key=lambda one: one[0])
    texts = [one for _rewritten, one in kept]
    return SidecarVolumes(
        _restored(USER_VOLUME, current.volume, rest.volume, [one.volume for one in texts]),
        _restored(USER_VOLUME_MOUNT, current.mount, rest.mount, [one.mount for one in texts]),
    )


def _restored(key: str, text: str | None, rest: str | None, saved: list[str | None]) -> str | None:
    # Without an entry of ours the text is the application's, newer than what was kept.
    return rest if rest == text else next((one for one in saved if _same(key, rest, one)), rest)


def _same(key: str, one: str | None, other: str | None) -> bool:
    try:
        first, second = _parse(key, one), _parse(key, other)
    except AnnotationError:
        return False
    # As text: to Python `1` and `true` are equal.
    return _dump(first) == _dump(second) or not (first or second)


def _put(key: str, text: str | None, name: str, entry: dict[str, Any]) -> str:
    entries = _parse(key, text)
    if isinstance(entries, dict):
        entries = {**entries, name: entry}
    else:
        named = {"name": name, **entry}
        first = next((at for at, item in enumerate(entries) if item.get("name") == name), len(entries))
        others = [item for item in entries if item.get("name") != name]
        # Whoever moves another filter's entry makes that one's next run replace every pod.
        entries = [*others[:first], named, *others[first:]]
    return _dump(entries)


def _take(key: str, text: str | None, names: set[str]) -> str | None:
    entries = _parse(key, text)
    if isinstance(entries, dict):
        rest: Any = {name: entry for name, entry in entries.items() if name not in names}
    else:
        rest = [item for item in entries if item.get("name") not in names]
    if len(rest) == len(entries):
        return text
    return _dump(rest) if rest else None


def _parse(key: str, text: str | None) -> list[dict[str, Any]] | dict[str, Any]:
    if text is None or not text.strip():
        return []
    try:
        entries = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise AnnotationError(f"annotation {key} is not JSON ({error}): mend or remove it first") from None
    if entries is None:
        return []
    if isinstance(entries, dict) and all(isinstance(entry, dict) for entry in entries.values()):
        return entries
    if isinstance(entries, list) and all(isinstance(entry, dict) for entry in entries):
        return entries
    raise AnnotationError(f"annotation {key} is neither a JSON list nor a JSON map of volumes: mend or remove it first")


def _dump(entries: Any) -> str:
    return json.dumps(entries, separators=(",", ":"), ensure_ascii=False)
