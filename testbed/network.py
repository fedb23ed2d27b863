# SPDX-License-Identifier: Apache-2.0
"""The addresses of the mesh. Each pod hangs on the node by a routed link of its own (no bridge): so every packet
between pods passes the node's netfilter, where kube-proxy's translation of Service addresses has to see both ways."""

from __future__ import annotations

import ipaddress

NODE_IP = "10.244.0.1"
POD_NETWORK = ipaddress.ip_network("10.244.0.0/16")
KWOK_NETWORK = "10.245.0.0/16"
SERVICE_NETWORK = "10.96.0.0/16"
KUBERNETES_SERVICE_IP = "10.96.0.1"
CLUSTER_DOMAIN = "cluster.local"
