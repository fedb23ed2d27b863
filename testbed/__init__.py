# SPDX-License-Identifier: Apache-2.0
"""The test mesh without Docker: real Kubernetes, Istio and Envoy as plain processes in namespaces of their own."""
