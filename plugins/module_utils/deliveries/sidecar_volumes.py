"""Our volume among the volumes that an application asks its own sidecar to mount.

Istio's injection template reads `sidecar.istio.io/userVolume` and `userVolumeMount`, each a JSON
list of named entries or a JSON map from name to entry. An application may use them already: its
entries stay, in their order, and its exact text comes back when ours is taken out.
Source of the format: https://istio.io/latest/docs/reference/config/annotations/ and the injection
template in the ConfigMap istio-sidecar-injector.
"""

from __future__ import annotations

import json
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


def with_ours(original: SidecarVolumes, names: FilterNames, revision: str) -> SidecarVolumes:
    """The application's annotations with the volume of this revision merged in.

    The volume is optional: an application's pod must be able to start though somebody deleted our
    ConfigMap. Its sidecar then finds no file and keeps the slot's pass-through default.

    :raises AnnotationError: an annotation is not JSON, or not a list or map of named entries.
    """
    source = {"configMap": {"name": names.config_map(revision), "optional": True}}
    mount = {"mountPath": names.mount_path, "readOnly": True}
    return SidecarVolumes(
        _put(USER_VOLUME, original.volume, names.volume, source),
        _put(USER_VOLUME_MOUNT, original.mount, names.volume, mount),
    )


def original_of(current: SidecarVolumes, names: FilterNames, saved: SidecarVolumes | None) -> SidecarVolumes:
    """What the application itself has asked for: its exact text where it means the same as what is left
    when our entry is taken out, else what is left.

    :param saved: what was kept when ours was merged in.
    :raises AnnotationError: an annotation can't be read.
    """
    kept = saved or SidecarVolumes()
    return SidecarVolumes(
        _restored(USER_VOLUME, current.volume, names.volume, kept.volume),
        _restored(USER_VOLUME_MOUNT, current.mount, names.volume, kept.mount),
    )


def _restored(key: str, text: str | None, name: str, saved: str | None) -> str | None:
    rest = _take(key, text, name)
    # Without an entry of ours the text is the application's, newer than what was kept.
    return saved if rest != text and _same(key, rest, saved) else rest


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
        entries = [item for item in entries if item.get("name") != name] + [named]
    return _dump(entries)


def _take(key: str, text: str | None, name: str) -> str | None:
    entries = _parse(key, text)
    if isinstance(entries, dict):
        rest: Any = {other: entry for other, entry in entries.items() if other != name}
    else:
        rest = [item for item in entries if item.get("name") != name]
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
