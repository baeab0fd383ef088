# Two commands matter: `make book` and `make test`. Both set the environment up first, once.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PROFILE ?= cpu
TORCH := torch==2.13.0

.DEFAULT_GOAL := book
.PHONY: book test notebook lint format serve lock clean

book: $(VENV)/.ready  ## run every chapter and build the site
	$(BIN)/msstgcn book --profile $(PROFILE)

test: $(VENV)/.ready  ## the whole test suite
	$(BIN)/python -m pytest --cov --cov-report=term --cov-fail-under=90

notebook: $(VENV)/.ready  ## open the chapters in JupyterLab
	$(BIN)/jupyter lab notebooks

lint: $(VENV)/.ready
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

format: $(VENV)/.ready
	$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

serve: $(VENV)/.ready  ## read the built book at http://localhost:8000
	$(BIN)/python -m http.server --directory _build/html 8000

# `pip install torch` comes first and by version alone: its CPU and CUDA builds differ in hash and in what they need.
$(VENV)/.ready: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(None if (3, 11) <= sys.version_info < (3, 14) else "Python 3.11, 3.12 or 3.13 is needed; this is " + sys.version.split()[0] + ". Name another one: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet $(TORCH)
	$(BIN)/python -m pip install --quiet --no-deps --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	$(BIN)/python -m msstgcn.runner.compiled
	touch $@

lock: $(VENV)/.ready  ## after a change of ranges in pyproject.toml: resolve again, for all three files
	uv pip compile pyproject.toml --quiet --extra dev --universal --fork-strategy fewest --python-version 3.11 --generate-hashes --upgrade \
		--no-emit-package torch --no-emit-package msstgcn \
		--no-annotate --no-header --output-file requirements.lock
	$(BIN)/python -m msstgcn.runner.environment

clean:  ## remove what a run made; features and runs under ./data stay
	rm -rf _build book/chapters book/tables .pytest_cache .mypy_cache .ruff_cache
