# SPDX-License-Identifier: Apache-2.0
"""Writes all that follows from filter/configuration.schema.json: `make generate`."""
