# SPDX-License-Identifier: Apache-2.0
"""What the filter costs, in a real Envoy (`make bench-filter`), and whether it holds out (`make soak-filter`).

`fleet/` is of whole rollouts (`make bench-fleet`), `api_requests.py` of what they ask of the API server.
"""
