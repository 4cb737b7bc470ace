# Candlewick, for those who work on it. `make help` lists what there is.
#   ARGS=...    more arguments for the program that a target ends in: make test ARGS="tests/unit -x"
#   WORKERS=2   how many processes run tests side by side instead of one for each core, up to four; 0: in this one
#   ACCEPTANCE_SUITES=...    the folder of the suites that `make acceptance` runs
#   PYTHON=...  the Python for .venv (3.12 or 3.13) instead of the first one found

.DEFAULT_GOAL := help
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules --no-print-directory
SHELL := /bin/sh
PYTHON ?=
ARGS ?=
MUTATIONS ?= 10000
WORKERS ?= auto
ACCEPTANCE_SUITES ?= ../shared/suites

BIN := .venv/bin
READY := .venv/.ready
# A file's tests stay together and in order; files come in order, so that what takes long does not come last.
SIDE_BY_SIDE := -n $(WORKERS) --maxprocesses 4 --dist loadfile --no-loadscope-reorder
REQUIRE_TIMESCALEDB := $(if $(filter true,$(CI)),--require)

$(READY): pyproject.toml uv.lock scripts/setup
	@PYTHON="$(PYTHON)" scripts/setup
	@touch $@

.PHONY: setup
setup: $(READY) ## Make .venv with everything in it

.PHONY: demo
demo: setup ## Run all of Candlewick on this machine, fed by a market model
	@scripts/timescaledb
	@exec $(BIN)/candlewick demo $(ARGS)

.PHONY: test
test: setup ## Run the whole suite with branch coverage; with CI=true it insists on a TimescaleDB
	@scripts/timescaledb $(REQUIRE_TIMESCALEDB)
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) --cov --cov-report=term $(ARGS)

.PHONY: unit
unit: setup ## Run the tests that need no service
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) tests/unit $(ARGS)

.PHONY: mutations
mutations: setup ## Give every normaliser 10,000 damaged payloads of each kind (MUTATIONS=... for another number)
	CANDLEWICK_TEST_MUTATIONS=$(MUTATIONS) $(BIN)/python -m pytest $(SIDE_BY_SIDE) tests/unit/providers/*/test_fuzz.py --timeout 0 $(ARGS)

.PHONY: lint
lint: check-format check-lint check-types check-imports check-schema ## Run every check that is no test

.PHONY: check
check: lint test ## Run everything that has to pass before a change is merged

.PHONY: check-format
check-format: setup
	$(BIN)/ruff format --check .

.PHONY: check-lint
check-lint: setup
	$(BIN)/ruff check .

.PHONY: check-types
check-types: setup
	$(BIN)/mypy

.PHONY: check-imports
check-imports: setup
	$(BIN)/lint-imports

.PHONY: check-schema
check-schema: setup
	$(BIN)/candlewick schema --check
	$(BIN)/python scripts/schema_changes.py

.PHONY: format
format: setup ## Format the code and mend what ruff can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: bench
bench: setup ## Run the benchmarks, one after the other (ARGS for each)
	@scripts/timescaledb $(REQUIRE_TIMESCALEDB)
	@for benchmark in bench/*.py; do echo "== $$benchmark"; $(BIN)/python "$$benchmark" $(ARGS) || exit 1; done

.PHONY: acceptance
acceptance: setup ## Run the acceptance suites, which are not in this repository (ARGS="--only http-audit")
	@scripts/timescaledb $(REQUIRE_TIMESCALEDB)
	$(BIN)/python scripts/acceptance.py --suites "$(ACCEPTANCE_SUITES)" $(ARGS)

.PHONY: chaos
chaos: setup ## Hurt every process of a running Candlewick, 100 times (ARGS="--events 20 --seed 3")
	@scripts/timescaledb $(REQUIRE_TIMESCALEDB)
	cd tests && ../$(BIN)/python -m chaos $(ARGS)

.PHONY: feeds
feeds: setup ## Follow three lying venues for ten minutes while everything around them breaks (ARGS="--seconds 120")
	cd tests && ../$(BIN)/python -m chaos.feeds $(ARGS)

.PHONY: fuzz
fuzz: setup ## Send a server 100,000 mutated bodies (ARGS="--bodies 5000 --seed 2")
	@scripts/timescaledb $(REQUIRE_TIMESCALEDB)
	cd tests && ../$(BIN)/python -m attacks.fuzz $(ARGS)

.PHONY: clean
clean: ## Remove .venv, caches and reports of this folder
	rm -rf .venv .cache .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .coverage .coverage.* htmlcov dist
	find src tests bench migrations scripts -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

.PHONY: clean-services
clean-services: ## Remove the TimescaleDB that scripts/timescaledb made
	@scripts/timescaledb --remove

.PHONY: help
help: ## Show this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
