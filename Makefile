# What a person runs here. `make` alone lists the targets.
SHELL := /bin/bash
UV ?= uv
RUN := $(UV) run --frozen --all-extras --group dev
DATA ?= .auditline

.DEFAULT_GOAL := help
.PHONY: help install demo up down test check bench fmt docs clean

help:  ## List the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install:  ## Install uv where missing, and all of Auditline into .venv
	@command -v $(UV) >/dev/null || python3 -m pip install --quiet uv
	@$(UV) sync --quiet --frozen --all-extras --group dev

demo: install  ## A gateway's admin work, recorded, shown, verified; then a row is forged and found
	@$(RUN) python -m demo

up: install  ## Start the whole log on this machine; Ctrl-C stops it
	@$(RUN) auditline up

down:  ## Stop what `up --detach` left running
	@$(RUN) auditline down

test: check  ## Everything: unit, contract, fault and end-to-end tests on real services
	@$(RUN) pytest tests --ignore=tests/unit --ignore=tests/vectors

check: install  ## Format, lint, strict types, layers, unit tests: under 30 seconds
	@$(RUN) ruff format --check --quiet .
	@$(RUN) ruff check --quiet .
	@$(RUN) mypy
	@$(RUN) lint-imports
	@$(RUN) pytest --quiet -n 2 tests/unit tests/vectors -m "not integration"

bench: install  ## Measure; the table, and bench/results.json
	@PYTHONPATH=tests $(RUN) python -m bench
	@PYTHONPATH=tests $(RUN) python -m bench.readme

fmt: install  ## Format and sort imports
	@$(RUN) ruff format .
	@$(RUN) ruff check --fix .

docs: install  ## Write the generated pages anew
	@$(RUN) python -m auditline.cli.reference docs/cli.md

clean:  ## Remove caches and the virtual environment
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
