# SPDX-License-Identifier: Apache-2.0
"""The kubeconfig files: an administrator with a token, whom the API server knows by its static token file."""

from __future__ import annotations

import base64
from pathlib import Path

import yaml

CONTEXT = "testbed"


def write(path: Path, server: str, token: str, ca: Path) -> None:
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": CONTEXT,
        "clusters": [
            {
                "name": CONTEXT,
                "cluster": {
                    "server": server,
                    "certificate-authority-data": base64.b64encode(ca.read_bytes()).decode(),
                },
            }
        ],
        "users": [{"name": "admin", "user": {"token": token}}],
        "contexts": [{"name": CONTEXT, "context": {"cluster": CONTEXT, "user": "admin"}}],
    }
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump(content, sort_keys=False))
