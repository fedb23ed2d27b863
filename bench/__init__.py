"""What the filter costs, in a real Envoy (`make bench-filter`), and whether it holds out (`make soak-filter`)."""
