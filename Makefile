# Everything a person does here. `make help` explains itself.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && command -v $$p && break; done)
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.set-up
PINS := --constraint constraints.txt --build-constraint constraints.txt
QUIET := --quiet --disable-pip-version-check
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: help
help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk 'BEGIN {FS = ":.*## "} {printf "  make %-14s %s\n", $$1, $$2}'

.PHONY: setup
setup: $(STAMP) ## Make the environment in .venv (uv where present, else venv and pip)

$(STAMP): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed, and none was found. On Debian: apt-get install python3 python3-venv"; exit 1; }
	@command -v git >/dev/null || { echo "git is needed. On Debian: apt-get install git"; exit 1; }
	@if command -v uv >/dev/null; then \
	  echo "making $(VENV) with uv and $(PYTHON)"; \
	  uv venv --quiet --seed --allow-existing --python "$(PYTHON)" $(VENV); \
	  uv pip install --quiet --python $(BIN)/python $(PINS) --editable '.[controller]' --group dev; \
	else \
	  echo "making $(VENV) with venv, pip and $(PYTHON)"; \
	  "$(PYTHON)" -m venv $(VENV) || { rm -rf $(VENV); echo "The module venv is missing. On Debian: apt-get install python3-venv"; exit 1; }; \
	  $(BIN)/python -m pip install $(QUIET) --constraint constraints.txt --upgrade pip; \
	  $(BIN)/python -m pip install $(QUIET) $(PINS) --editable '.[controller]' --group dev; \
	fi
	@touch $(STAMP)

.PHONY: compiler
compiler: $(STAMP)
	@command -v cc >/dev/null || command -v gcc >/dev/null || command -v clang >/dev/null || $(BIN)/python -c 'import ziglang' 2>/dev/null || { \
	  echo "no C compiler here: taking the one in the package ziglang"; \
	  if command -v uv >/dev/null; then uv pip install --quiet --python $(BIN)/python --constraint constraints.txt ziglang; \
	  else $(BIN)/python -m pip install $(QUIET) --constraint constraints.txt ziglang; fi; }

.PHONY: demo
demo: compiler ## The whole way: build a tree, push a change, promote it, break something, take it back
	@$(BIN)/python -m controller.cli.entry demo

.PHONY: demo-mkl
demo-mkl: compiler ## The same with the real MKL, 2024.2 to 2025 (downloads about 600 MB)
	@$(BIN)/python -m controller.cli.entry demo --tree mkl

.PHONY: up
up: compiler ## The farm with its dashboard, until Ctrl-C
	@$(BIN)/python -m controller.cli.entry up

.PHONY: browser
browser: $(STAMP) ## What the browser tests need beside a Chromium of the system
	@if command -v uv >/dev/null; then uv pip install --quiet --python $(BIN)/python --constraint constraints.txt --group browser; \
	else $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --group browser; fi

.PHONY: test
test: compiler ## The tests, on all cores; JOBS=1 for one after the other
	@$(BIN)/python -m pytest -q --dist loadfile --numprocesses $(or $(JOBS),auto)

.PHONY: explore
explore: compiler ## The laws of planning with new random examples, ROUNDS times
	@for round in $$(seq $(or $(ROUNDS),5)); do FARM_TEST_EXPLORE=1 $(BIN)/python -m pytest -q tests/controller/planning; done

.PHONY: test-browser
test-browser: compiler browser ## The pages in a real Chromium; says so where there is none
	@$(BIN)/python -m pytest -q -m browser tests/browser

.PHONY: test-mkl
test-mkl: compiler ## The tests that build the MKL tree (downloads about 600 MB)
	@$(BIN)/python -m pytest -q -m mkl

SEEDS ?= 200
.PHONY: simulate
simulate: $(STAMP) ## Histories of the farm under faults: make simulate SEEDS=10000
	@$(BIN)/python -m tests.simulate --seeds $(SEEDS) --processes $(or $(JOBS),$(shell nproc 2>/dev/null || echo 2))

MINUTES ?= 3
SEED ?= 7
.PHONY: nemesis
nemesis: $(STAMP) ## A real farm under kill, stop, full disks and cut networks: make nemesis MINUTES=3 SEED=7
	@for database in sqlite postgres; do $(BIN)/python -m tests.nemesis --minutes $(MINUTES) --seed $(SEED) --database $$database; done

.PHONY: check
check: $(STAMP) ## Lint, formatting, types, floors
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet . || { echo "run: $(BIN)/ruff format ."; exit 1; }
	@$(BIN)/mypy
	@$(BIN)/lint-imports

.PHONY: reference
reference: $(STAMP) ## Write docs/reference from the code
	@$(BIN)/python -m controller.cli.reference docs/reference

.PHONY: bench
bench: compiler ## Figures, side by side with a peer; JSON in build/bench
	@$(BIN)/python -m tests.bench.overhead
	@$(BIN)/python -m tests.bench.index
	@$(BIN)/python -m tests.bench.planning
	@$(BIN)/python -m tests.bench.forecast
	@$(BIN)/python -m tests.bench.makespan
	@$(BIN)/python -m tests.bench.claims
	@$(BIN)/python -m tests.bench.dispatch
	@$(BIN)/python -m tests.bench.linkage
	@$(BIN)/python -m tests.bench.test_jobs

.PHONY: constraints
constraints: $(STAMP) ## Pin the newest of everything: what is installed, what builds it, the compiler for machines without one
	@$(BIN)/python -m pip install $(QUIET) --upgrade --upgrade-strategy eager --editable '.[controller]' --group dev --group browser hatchling editables ziglang pip
	@$(BIN)/python -m pip freeze --all --exclude-editable --exclude setuptools --exclude wheel | grep -E '^[A-Za-z0-9._-]+==' > constraints.new
	@mv constraints.new constraints.txt

.PHONY: clean
clean: ## Remove the environment and what was built
	@rm -rf $(VENV) build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
