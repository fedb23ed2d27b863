# SPDX-License-Identifier: Apache-2.0
"""The file system of a container: the host's, plus the container's mounts, without leaving a trace on the host.

A mount point that does not exist cannot be made on the host's disk. So its nearest existing folder is *mirrored*: a
tmpfs takes its place and each entry is bound back into it; there the mount point can be made. The root itself is
mirrored first and entered by chroot. Overlayfs would do the same in one step, but not on every kernel, nor on top of
the overlay that a container already lives in.

Runs between fork and exec: only single-threaded `sandbox_init` may call it.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import stat
from pathlib import Path

MS_BIND, MS_REC = 0x1000, 0x4000
CLONE_NEWNS = 0x00020000
NEW_ROOT = Path("/run/testbed-root")
PRIVATE = ("run", "tmp")
"""A container's own: what it writes there is its own business, and other pods' sockets are none of it."""

_libc = ctypes.CDLL(None, use_errno=True)


def enter(mounts: list[tuple[str, str]], kept: list[str]) -> None:
    """Of (source, target) pairs, and of folders that stay visible even below a private one."""
    _check(_libc.unshare(CLONE_NEWNS), "unshare")
    # Sources may lie where the container does not see: they are held by descriptors.
    held = [(os.open(source, os.O_PATH), target) for source, target in mounts]
    held += [(os.open(path, os.O_PATH), path) for path in kept if path.lstrip("/").split("/")[0] in PRIVATE]
    root = Root()
    for descriptor, target in sorted(held, key=lambda pair: pair[1].count("/")):
        root.bind(descriptor, target)


class Root:
    def __init__(self) -> None:
        NEW_ROOT.mkdir(exist_ok=True)
        self._owned: set[str] = set()
        self._foreign: set[str] = set()
        self._mirror("/", NEW_ROOT, leave_out=PRIVATE)
        os.chroot(NEW_ROOT)
        os.chdir("/")
        for name, mode in zip(PRIVATE, (0o755, 0o1777), strict=True):
            Path("/", name).mkdir()
            Path("/", name).chmod(mode)

    def bind(self, source: int, target: str) -> None:
        real = os.path.realpath(target)
        is_folder = stat.S_ISDIR(os.fstat(source).st_mode)
        if not Path(real).exists():
            self._make_possible(real)
            Path(real).parent.mkdir(parents=True, exist_ok=True)
            Path(real).mkdir() if is_folder else Path(real).touch()
        _mount(f"/proc/self/fd/{source}", real, None, MS_BIND | MS_REC)
        # Runtimes make mount points of nested mounts inside the outer mount's volume: so may we.
        self._owned.add(real)

    def _make_possible(self, path: str) -> None:
        ancestor = Path(path).parent
        while not ancestor.exists():
            ancestor = ancestor.parent
        if not self._is_owned(ancestor):
            self._mirror(str(ancestor), ancestor)

    def _is_owned(self, folder: Path) -> bool:
        for path in (str(folder), *map(str, folder.parents)):
            if path in self._owned:
                return True
            if path in self._foreign:
                return False
        return False

    def _mirror(self, folder: str, place: Path, leave_out: tuple[str, ...] = ()) -> None:
        original = os.open(folder, os.O_PATH | os.O_DIRECTORY)
        entries = [name for name in os.listdir(folder) if name not in leave_out]  # noqa: PTH208
        _mount("tmpfs", str(place), "tmpfs", 0, "mode=755")
        for name in entries:
            with contextlib.suppress(OSError):
                self._bring_back(f"/proc/self/fd/{original}/{name}", place / name)
                self._foreign.add(os.path.join(folder, name))  # noqa: PTH118
        self._owned.add(folder)
        os.close(original)

    def _bring_back(self, source: str, target: Path) -> None:
        mode = os.lstat(source).st_mode
        if stat.S_ISLNK(mode):
            target.symlink_to(os.readlink(source))  # noqa: PTH115
            return
        target.mkdir() if stat.S_ISDIR(mode) else target.touch()
        _mount(source, str(target), None, MS_BIND | MS_REC)


def _mount(source: str, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    encoded = [value.encode() if value is not None else None for value in (source, target, kind, data)]
    result = _libc.mount(encoded[0], encoded[1], encoded[2], ctypes.c_ulong(flags), encoded[3])
    _check(result, f"mount {source} on {target}")


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
