# SPDX-License-Identifier: Apache-2.0
"""What stands for container images: each file is a program that runs on Python's standard library alone."""
