#!/usr/bin/env bash
# Changelog fragments and the changelog itself.
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/common.sh"
antsibull-changelog lint
antsibull-changelog lint-changelog-yaml changelogs/changelog.yaml
