# One line each: make run starts the product with demo data, make test runs everything.
SHELL := /bin/bash
PYTHON ?= $(shell command -v python3.11 || command -v python3)
PORT ?= 8000
UV_VERSION ?= 0.13.8
BIN := .venv/bin
EXTRAS := --all-extras
COMPILE := $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml

.PHONY: run test lint types contracts migrations schema pytest lock bench audit clean

run: .venv/.base ; @$(BIN)/python manage.py serve --demo --port $(PORT)
test: lint types contracts migrations schema pytest
lint: .venv/.dev ; $(BIN)/ruff check . && $(BIN)/ruff format --check .
types: .venv/.dev ; $(BIN)/mypy .
contracts: .venv/.dev ; $(BIN)/lint-imports
migrations: .venv/.dev ; DJANGO_ENV=testing $(BIN)/python manage.py makemigrations --check --dry-run
schema: .venv/.dev ; DJANGO_ENV=testing $(BIN)/python manage.py spectacular --validate --fail-on-warn --file .schema.yaml && diff -u openapi.yaml .schema.yaml && rm .schema.yaml
pytest: .venv/.dev ; $(BIN)/python -m pytest -n 2
lock: .venv/.dev ; $(COMPILE) -o requirements/base.txt && $(COMPILE) $(EXTRAS) -c requirements/base.txt -o requirements/dev.txt
bench: .venv/.dev ; $(BIN)/python -m benchmarks
audit: .venv/.dev ; $(BIN)/pip-audit -r requirements/base.txt --disable-pip
clean: ; rm -rf .venv db.sqlite3* media var staticfiles

.venv/.base: requirements/base.txt
.venv/.dev: requirements/dev.txt
.venv/.base .venv/.dev:
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing $< ..."
	@if $(BIN)/python -m pip install -q --disable-pip-version-check uv==$(UV_VERSION) && $(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r $<; then :; else echo "uv is not usable here; pip installs (slower)."; $(BIN)/python -m pip install --disable-pip-version-check -q --require-hashes -r $<; fi
	@touch $@
