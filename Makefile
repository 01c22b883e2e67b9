# Each line one thing: make run starts the product with demo data, make test runs every check.
SHELL := /bin/bash
PYTHON ?= $(shell command -v python3.11 || command -v python3)
PORT ?= 8000
UV_VERSION ?= 0.13.8
BIN := .venv/bin
MANAGE := DJANGO_ENV=testing $(BIN)/python manage.py
COMPILE := $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml

.PHONY: run test lint types contracts migrations schema schema-write pytest lock bench audit clean

run: .venv/.base ; @$(BIN)/python manage.py serve --demo --port $(PORT)
test: lint types contracts migrations schema pytest
lint: .venv/.dev ; $(BIN)/ruff check . && $(BIN)/ruff format --check .
types: .venv/.dev ; $(BIN)/mypy .
contracts: .venv/.dev ; $(BIN)/lint-imports
migrations: .venv/.dev ; $(MANAGE) makemigrations --check --dry-run
schema: .venv/.dev ; $(MANAGE) check_schema
schema-write: .venv/.dev ; $(MANAGE) check_schema --write
pytest: .venv/.dev ; $(BIN)/python -m pytest -n 2
lock: .venv/.dev
	$(COMPILE) -o requirements/base.txt
	$(COMPILE) --extra email --extra storage --extra observability -c requirements/base.txt -o requirements/production.txt
	$(COMPILE) --all-extras -c requirements/base.txt -o requirements/dev.txt
bench: .venv/.dev ; $(BIN)/python -m benchmarks
audit: .venv/.dev ; $(BIN)/pip-audit -r requirements/base.txt --disable-pip
clean: ; rm -rf .venv db.sqlite3* media var staticfiles

.venv/.base: requirements/base.txt
.venv/.dev: requirements/dev.txt
.venv/.base .venv/.dev: | .venv/bin/python
	@echo "Installing $< (once; about half a minute with an empty cache) ..."
	@if $(BIN)/uv --version >/dev/null 2>&1 || $(BIN)/python -m pip install -q --disable-pip-version-check uv==$(UV_VERSION) 2>/dev/null; then \
	  $(BIN)/uv pip install --python $(BIN)/python --require-hashes -r $< && touch $@ && exit 0; fi; \
	  echo "uv cannot be used here; pip takes over (slower)."; \
	  $(BIN)/python -m pip install --disable-pip-version-check --require-hashes -r $< && touch $@

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11) and "Python 3.11 is needed; name it with PYTHON=/path/to/python3.11")'
	@echo "Making .venv with $(PYTHON) ..."
	@$(PYTHON) -m venv .venv
