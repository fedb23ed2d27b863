# SPDX-License-Identifier: Apache-2.0
"""The store of the API server: one member that does not sync to disk, since its data ends with the mesh."""

from __future__ import annotations

from ..component import Component, Setting


def etcd(setting: Setting) -> Component:
    client = client_url(setting)
    return Component(
        name="etcd",
        command=(
            str(setting.binaries.control_plane),
            "etcd",
            f"--data-dir={setting.data / 'etcd'}",
            f"--client-url={client}",
            f"--peer-url=http://127.0.0.1:{setting.ports.etcd_peer}",
        ),
        ready_url=f"{client}/health",
    )


def client_url(setting: Setting) -> str:
    return f"http://127.0.0.1:{setting.ports.etcd_client}"
