# The two commands to know: `make up` and `make test`.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.PHONY: help up down test test-fast lint format docs bench lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: $(STAMP) ## deploy stacks/nginx on a cluster of its own and walk through it; CONTEXT=name for a cluster of yours
	@$(BIN)/python -m dev up $(if $(CONTEXT),--context '$(CONTEXT)')

down: $(STAMP) ## take everything down that `make up` brought up
	@$(BIN)/python -m dev down

test: $(STAMP) ## unit, property, golden-file, engine and cluster tests
	$(BIN)/python -m pytest

test-fast: $(STAMP) ## the tests that need neither engine nor cluster
	$(BIN)/python -m pytest -m 'not engine and not cluster'

lint: $(STAMP) ## style, types and import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	for program in stacks/*/__main__.py policy/__main__.py examples/python/__main__.py __main__.py benchmarks/*.py; do $(BIN)/mypy $$program || exit 1; done
	! test -x $(BIN)/sphinx-build || for module in docs/conf.py docs/_site/*.py; do $(BIN)/mypy $$module || exit 1; done
	for program in examples/platform-repo/policies/__main__.py examples/platform-repo/stacks/*/__main__.py; do \
	  MYPYPATH=examples/platform-repo $(BIN)/mypy $$program || exit 1; done

format: $(STAMP) ## rewrite the code in the project's style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(STAMP) ## build the documentation site into build/docs
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --quiet docs build/docs

bench: $(STAMP) ## figures of this machine, as ratios in one run
	$(BIN)/python -m benchmarks

lock: $(STAMP) ## write the exact versions anew
	$(BIN)/uv pip compile pyproject.toml --extra cli --extra live --extra policy --universal --generate-hashes \
	  --python-version 3.10 --no-header --quiet --output-file requirements.txt
	$(BIN)/uv pip compile pyproject.toml --extra cli --extra live --extra policy --group dev --universal --generate-hashes \
	  --python-version 3.10 --no-header --quiet --constraints requirements.txt --output-file requirements-dev.txt

clean: down ## take everything down and remove what is built here
	rm -rf $(VENV) .pidshare .mypy_cache .ruff_cache .import_linter_cache .pytest_cache .hypothesis build dist *.egg-info

# Installed once for each change of what is to be installed. Half an installation leaves no stamp.
$(STAMP): requirements-dev.txt pyproject.toml
	@echo "installing into $(VENV) ..." >&2
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
