# Clinch. `make` lists what there is; PYTHON=python3.13 chooses the interpreter of a new .venv.
PYTHON ?= python3
UV ?= uv
# Of the tests, which wait for disks and processes as much as they compute: three keep two cores busy.
WORKERS ?= 3
BIN := .venv/bin
CLINCH := $(BIN)/clinch

# Where this is set, every process would compile a thousand modules again: each start of the system, each worker of the tests.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help up down logs clean demo kafka kafka-down test test-client test-kafka test-browser test-keycloak helm-check helm-install-test compose-test alerts-test faults check bench docs lock lock-client

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-17s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: .venv/installed  ## install what is missing, start everything, return when it is ready
	@$(CLINCH) up

down: .venv/installed  ## stop; the data stays
	@$(CLINCH) down

logs: .venv/installed  ## follow all logs, Ctrl-C ends
	@$(CLINCH) logs --follow

clean: .venv/installed  ## stop, and delete the data (asks first)
	@$(CLINCH) clean

demo: .venv/installed  ## a year of a believable sales team, through the public API
	@$(CLINCH) demo

kafka: .venv/installed  ## Apache Kafka on this machine, without containers (needs Java 17 and Maven)
	@$(CLINCH) kafka up

kafka-down: .venv/installed  ## stop it; its data stays
	@$(CLINCH) kafka down

test: .venv/installed-dev  ## all tests but the slow ones, each worker on a Postgres of its own
	@$(BIN)/pytest -n $(WORKERS) --dist worksteal

test-client: .venv/installed-dev  ## the TypeScript client, packed, through its walk; says so when there is no Node.js
	@$(BIN)/pytest tests/typescript

test-kafka: .venv/installed-dev  ## the bus and the system on real brokers; says so when there is no Maven to fetch them
	@$(BIN)/pytest tests/kafka

test-browser: .venv/installed-browser  ## the page in a real browser, with screenshots; says so when there is no Chromium
	@$(BIN)/pytest tests/browser

test-keycloak: .venv/installed-browser  ## sign in at a real Keycloak, in a browser; says so when there is no Maven to fetch it
	@$(BIN)/pytest tests/keycloak

helm-check: .venv/installed-dev  ## render and validate the Helm chart; says so when there is no Helm and no Go to build it
	@$(BIN)/pytest tests/helm

helm-install-test: .venv/installed-dev  ## install, upgrade and remove the chart on a Kubernetes API server; says so when there is none
	@$(BIN)/pytest -v -rP tests/cluster

compose-test: .venv/installed-dev  ## the containers and both profiles, with the README's walk; says so when there is no Docker
	@$(BIN)/pytest -vv -rP tests/containers

alerts-test:  ## when each alert fires and when not; says so when there is no promtool
	@if command -v promtool >/dev/null; then promtool check rules deploy/prometheus/alerts.yml && promtool test rules deploy/prometheus/alerts_test.yml; \
	else echo "The alerts were not tested: promtool is missing (Debian: apt-get install prometheus)." >&2; test -z "$$CI"; fi

faults: .venv/installed-dev  ## kill, freeze, cut and fill everything under load, send bad input; a quarter of an hour
	@$(BIN)/pytest tests/faults

check: .venv/installed-dev  ## lint, format, types, import contracts, rule tests
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/pytest -p no:schemathesis $(wildcard tests/*/test_rules*.py)

bench: .venv/installed-dev  ## ratios against hand-written yardsticks, into docs/benchmarks.md
	@$(BIN)/python -m tests.bench

docs: .venv/installed-dev  ## write OpenAPI, AsyncAPI and the events' schemas into docs/
	@$(CLINCH) docs

COMPILE = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-annotate pyproject.toml

COMPILE_ALONE = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-annotate

lock:  ## bring the lock files in line with pyproject.toml (needs uv)
	@$(COMPILE) -o requirements.lock
	@$(COMPILE) --extra documents -c requirements.lock -o requirements-documents.lock
	@$(COMPILE) --extra embedded -c requirements-documents.lock -o requirements-embedded.lock
	@$(COMPILE) --extra parquet -c requirements-embedded.lock -o requirements-parquet.lock
	@$(COMPILE_ALONE) --no-deps requirements-page.in -o requirements-page.lock
	@$(COMPILE) --extra embedded --extra dev -c requirements-embedded.lock -c requirements-parquet.lock -o requirements-dev.lock
	@$(COMPILE_ALONE) -c requirements-dev.lock requirements-browser.in -o requirements-browser.lock

lock-client:  ## the same for the TypeScript client (needs npm): names, versions and hashes, no addresses
	@cd deploy/clients/typescript && npm install --package-lock-only --silent && node scripts/unaddressed.mjs

# Installed again only when a lock file or pyproject.toml changes.
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check
NO_COMPILER = A package has no wheel for this machine and there is no C compiler: install one (Debian: apt-get install build-essential; macOS: xcode-select --install), then repeat.

.venv/installed: requirements-embedded.lock requirements-page.lock pyproject.toml | .venv/bin/python
	@echo "Installing the dependencies (only when they changed) ..."
	@$(INSTALL) --require-hashes --prefer-binary -r requirements-embedded.lock || { command -v cc >/dev/null || echo "$(NO_COMPILER)" >&2; exit 1; }
	@$(INSTALL) --require-hashes --only-binary :all: --no-deps -r requirements-page.lock
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

.venv/installed-dev: requirements-dev.lock .venv/installed
	@echo "Installing the development dependencies (only when they changed) ..."
	@$(INSTALL) --require-hashes --prefer-binary -r requirements-dev.lock || { command -v cc >/dev/null || echo "$(NO_COMPILER)" >&2; exit 1; }
	@touch $@

.venv/installed-browser: requirements-browser.lock .venv/installed-dev
	@echo "Installing what drives a browser (only when it changed) ..."
	@$(INSTALL) --require-hashes --only-binary :all: -r requirements-browser.lock
	@touch $@

.venv/bin/python:
	@command -v $(PYTHON) >/dev/null || { echo "There is no $(PYTHON): install Python 3.11 or newer, or name one with PYTHON=/path/to/python3." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Clinch needs Python 3.11 or newer and $(PYTHON) is older: name one with make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo "Python's venv module is missing: install it (Debian: apt-get install python3-venv), then repeat." >&2; exit 1; }
