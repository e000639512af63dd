# Every target makes what it needs in .venv; nothing outside this folder is touched.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# In the order of tests/conftest.py, which begins with the longest files: last and alone they would keep a core idle.
PARALLEL := -n auto --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help install demo test bench check format lock migration schema clean

help: ## Show this list.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 22

install: $(VENV)/.installed ## Install the server into .venv.

demo: $(VENV)/.installed ## Run the server with sample data against the Partner Center simulator.
	@exec $(BIN)/agreements demo $(if $(PORT),--port $(PORT)) $(if $(FRESH),--fresh)

test: $(VENV)/.installed-dev ## Run every test, on SQLite, then on PostgreSQL.
	$(BIN)/pytest -q $(PARALLEL) --db sqlite
	$(BIN)/pytest -q $(PARALLEL) --db postgresql

bench: $(VENV)/.installed-dev ## Measure the server and its peers; options in args="--peers none".
	$(BIN)/python -m benchmarks $(args)

check: $(VENV)/.installed-dev ## Formatter, linters, types, import contracts.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/lint-imports

format: $(VENV)/.installed-dev ## Format and apply the linters' safe fixes.
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: ## Resolve the requirement files anew (needs uv).
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --group build pyproject.toml -o requirements/runtime.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --group build --group dev -c requirements/runtime.txt pyproject.toml -o requirements/dev.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -c requirements/runtime.txt benchmarks/peers/requirements.in -o benchmarks/peers/requirements.txt

schema: $(VENV)/.installed ## Write the served SDL to schema/schema.graphql.
	$(BIN)/agreements schema > schema/schema.graphql.tmp
	mv schema/schema.graphql.tmp schema/schema.graphql

migration: $(VENV)/.installed-dev ## Draft a migration from the models, against a scratch PostgreSQL: make migration m="what it does".
	PYTHONPATH=tests $(BIN)/python -m support.draft_migration "$(m)"

clean: ## Remove the environments and the demo's state.
	rm -rf $(VENV) .venv-bench .agreements-demo

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: set PYTHON, e.g. make $(MAKECMDGOALS) PYTHON=python3.13" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements/runtime.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing into $(VENV), once: this takes a minute ..."
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/runtime.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.installed-dev: requirements/dev.txt $(VENV)/.installed
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@
