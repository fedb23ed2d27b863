# SPDX-License-Identifier: Apache-2.0
"""The node agent: it plays the kubelet of `real-0`, whose pods are processes in namespaces.

agent         follows the pods bound to the node, one worker each
worker        the life of one pod: volumes, sandbox, containers in order, probes, end
containers    what is known of each container, and what a kubelet would do next (pure)
status        the pod's status as the API server is told (pure)
sandbox       the pod's namespaces, seen from the agent; `sandbox_init` is the process inside
root          the file system a container sees, arranged by `sandbox_init`
volumes, environment, images, probes, addresses, dns, kubelet_api: one concern each
"""
