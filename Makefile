# One word for each thing one does here. `make check` is what must pass before a change goes in.
BIN := .venv/bin
PYTEST := $(BIN)/pytest

.PHONY: help venv format check fast test prove bench screenshots clean

help: ## what there is
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

venv: ## the environment everything runs in
	test -x $(BIN)/python || python3 -m venv .venv
	$(BIN)/pip install --quiet --editable '.[embedded,test]'

format: ## write the format, mend what ruff can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

check: ## format, lint, types, layers, and the tests that need no engine
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(MAKE) fast

fast: ## the tests that need no engine
	$(PYTEST) -m "not docker and not embedded"

test: ## all tests; those whose engine is missing are skipped
	$(PYTEST)

prove: ## the proofs that take too long for every change
	FROMSCRATCH_REQUIRE_ENGINES=1 FROMSCRATCH_PROVE=1 $(PYTEST)
	$(BIN)/python -m tests.prove

bench: ## ratios, taken on this machine in one run
	$(BIN)/python -m tests.bench

screenshots: ## the pictures of the README, from the running app
	$(BIN)/python assets/make_screenshots.py
	$(BIN)/python assets/make_demo.py

clean: ## what the tools left in the clone
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist snapshot_report.html
	find tutor tests -name __pycache__ -type d -prune -exec rm -rf {} +
