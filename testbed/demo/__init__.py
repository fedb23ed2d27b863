"""What `make demo` runs: the filter rolled out on the test mesh, as a user would do it, and what comes of it."""
