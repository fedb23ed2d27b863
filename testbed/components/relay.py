# SPDX-License-Identifier: Apache-2.0
"""Brings the API server to the loopback outside: the listener was opened there and is inherited."""

from __future__ import annotations

from ..component import Component, Setting


def relay(setting: Setting, listener_fd: int) -> Component:
    return Component(
        name="relay",
        command=(
            str(setting.binaries.control_plane),
            "relay",
            f"--listener-fd={listener_fd}",
            f"--target=127.0.0.1:{setting.ports.apiserver}",
        ),
        inherited_fds=(listener_fd,),
    )
