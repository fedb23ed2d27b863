"""Writes all that follows from filter/configuration.schema.json: `make generate`."""
