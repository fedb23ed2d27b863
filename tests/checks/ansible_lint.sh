#!/usr/bin/env bash
# Playbooks, roles and metadata by the production profile; YAML style, also of the workflow and the issue forms.
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/common.sh"
export ANSIBLE_COLLECTIONS_PATH=$COLLECTIONS XDG_CACHE_HOME=$WORK/xdg
ansible-lint --offline --profile production -q molecule playbooks roles meta galaxy.yml
yamllint --strict .ansible-lint .github .pre-commit-config.yaml .yamllint changelogs collections galaxy.yml meta playbooks roles plugins
