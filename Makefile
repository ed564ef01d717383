# `make` lists what there is. ARGS goes to the command behind a target: make start ARGS="--no-browser --port 8899"

# The first Python there is; tools/setup.py looks further if it is too old. Or: make setup PYTHON=/path/to/python
PYTHON ?= $(firstword $(foreach name,python3 python3.13 python3.12 python3.11,$(shell command -v $(name) 2>/dev/null)) python3)
BIN := .venv/bin
ARGS ?=
TWO_CORES := -n 4 --dist loadscope
BESIDE := tests/wrong_answers
LAST := tests/notebooks tests/browser

.DEFAULT_GOAL := help
.PHONY: help start setup test unit run lint bench notebooks clean

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

start: setup ## Open the workbook in JupyterLab, with the local cloud (Ctrl-C stops both)
	@exec $(BIN)/labkit start --stop-with-parent $(ARGS)

setup: ## Make .venv and install everything that is pinned; nothing to do the second time
	@$(PYTHON) tools/setup.py

test: lint ## Everything that CI runs: lint, unit tests, notebooks, a real browser
	@# tests/localcloud changes moto within its process, as the local cloud does: nobody else may share it
	$(BIN)/python -m pytest $(TWO_CORES) tests $(addprefix --ignore ,tests/localcloud $(BESIDE) $(LAST)) $(ARGS)
	$(BIN)/python -m pytest $(TWO_CORES) tests/localcloud $(ARGS)
	@# notebooks wait half of their time: the wrong answers are tried beside them, and told afterwards
	@mkdir -p build; $(BIN)/python -m pytest -n 1 $(BESIDE) $(ARGS) >build/beside.log 2>&1 & beside=$$!; \
	$(BIN)/python -m pytest -n 2 --dist loadscope $(LAST) $(ARGS); last=$$?; \
	wait $$beside; beside=$$?; cat build/beside.log; exit $$((last || beside))

unit: setup ## The quick part of the tests, under a minute
	$(BIN)/python -m pytest $(TWO_CORES) -m "not slow" tests --ignore tests/localcloud $(ARGS)
	$(BIN)/python -m pytest $(TWO_CORES) -m "not slow" tests/localcloud $(ARGS)

run: setup ## The whole workbook from top to bottom: a summary here, a report in build/report
	$(BIN)/labkit run --report build/report $(ARGS)

lint: setup ## ruff, mypy, and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

bench: setup ## Figures, as ratios against a floor measured in the same run
	@set -e; for figure in $$(grep -l __main__ benchmarks/*.py benchmarks/*/*.py); do echo "== $$figure"; $(BIN)/python $$figure $(ARGS); done

notebooks: setup ## Write the learner copies in notebooks/ from solutions/
	$(BIN)/labkit build $(ARGS)

clean: ## Remove .venv, build/ and caches; your workspace/ stays
	rm -rf .venv build labkit.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find labkit tests tools benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
