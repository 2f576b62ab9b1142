# Two commands do everything on a machine that has only Python 3.11 and make:
#   make run    installs into .venv and carries out the main job on the shipped model
#   make test   installs what the tests need and runs them
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
SOURCES := $(shell find jpsim -name '*.py' 2>/dev/null)
CONFIG ?= configs/boj_hike.yaml
REV ?= HEAD~1

.PHONY: run test test-all check bench bench-against figures docs clean
.DEFAULT_GOAL := run

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
	$(PIP) --upgrade "pip>=25.1"

$(VENV)/.installed: $(BIN)/python pyproject.toml
	$(PIP) --editable .
	touch $@

$(VENV)/.installed-%: $(VENV)/.installed pyproject.toml
	$(PIP) --group $*
	touch $@

run: $(VENV)/.installed
	$(BIN)/jpsim run $(CONFIG)

test: $(VENV)/.installed-test
	$(BIN)/python -m pytest

test-all: $(VENV)/.installed-test
	JPSIM_SLOW_TESTS=1 $(BIN)/python -m pytest

check: $(VENV)/.installed-check $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.installed-test
	$(BIN)/python -m benchmarks

bench-against: $(VENV)/.installed-test
	$(BIN)/python -m benchmarks --against $(REV)

figures: $(VENV)/.installed-test
	$(BIN)/python docs/figures.py $(FIGURES)

docs: $(VENV)/.installed-docs
	$(BIN)/sphinx-build -W --keep-going -b html docs docs/_build/html

clean:
	rm -rf $(VENV) dist build docs/_build
