# Every target does its own set-up in .venv; a second run finds it there.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
OUT ?= demo-out
STAMP := $(VENV)/.installed
COMPILED := build/compiled

.PHONY: demo test new-check test-checks lint type bench bench-check compiled docs stat system clean help
.DEFAULT_GOAL := help

help:  ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 16

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(STAMP): $(VENV)/.runtime
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[models]' --group test --group lint
	@touch $@

demo: $(VENV)/.runtime  ## the summer of 2001, measured over real sockets; prints the table and the path of the report
	$(BIN)/ebbtide demo --out $(OUT) $(DEMO_FLAGS)

system:
	@sh scripts/install-debian.sh

test: $(STAMP) system  ## all tests; live ones with real servers and a real browser where these can be installed
	$(BIN)/python -m pytest -n 2 --dist loadgroup $(PYTEST_FLAGS)

new-check: $(STAMP)  ## begin a check: make new-check ID=open-console [PACK=today]
	@$(BIN)/python scripts/new_check.py $(or $(ID),"") --pack $(or $(PACK),today)

test-checks: $(STAMP)  ## the tests that hold checks to their samples, in a few seconds
	$(BIN)/python -m pytest -q tests/unit/test_judge_packs.py $(PYTEST_FLAGS)

lint: $(STAMP)  ## style, format, and which room may import which
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache

type: $(STAMP)  ## mypy, strict
	$(BIN)/mypy

compiled: $(COMPILED)/.done  ## what asks, compiled ahead of time; needs a C compiler; the wheel lies in build/wheels

$(COMPILED)/.done: $(STAMP) pyproject.toml $(shell find src -name '*.py')
	rm -rf $(COMPILED) build/wheels
	HATCH_BUILD_HOOKS_ENABLE=1 $(BIN)/python -m build --no-isolation --outdir build/wheels . >build-compiled.log 2>&1 || { tail -20 build-compiled.log; exit 1; }
	@rm -f build-compiled.log
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --target $(COMPILED) build/wheels/*.whl
	@touch $@

bench: $(STAMP) compiled  ## ratios against frozen baselines, as JSON in bench/results
	$(BIN)/python bench/run.py

bench-check: $(STAMP)  ## hold the latest results against bench/limits.toml
	$(BIN)/python bench/check.py

docs: $(STAMP)  ## write the generated pages: the reference, and hostile company
	$(BIN)/python scripts/make_reference.py
	PYTHONPATH=tests $(BIN)/python -m hostile_farm.table

stat: $(STAMP)  ## write docs/coverage.md, how often each interval holds the true value, and docs/traps.md, whether why is right
	$(BIN)/python scripts/make_coverage.py
	$(BIN)/python scripts/make_traps.py

clean:  ## forget the virtual environment and what the demo wrote
	rm -rf $(VENV) $(OUT) build
