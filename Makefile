# Everything a person or CI runs. `make` alone lists it.

VENV := .venv
BIN := $(VENV)/bin
BUILD := build
# one test worker more than there are cores, at most four: they often wait for servers
WORKERS ?= $(shell echo $$(( $$(nproc) + 1 )))
TESTS ?=
PYTEST = -n $(WORKERS) --maxprocesses 4 --dist loadgroup --durations 12
INTERACTIVE ?=
BENCH ?=
ONLY ?=

.DEFAULT_GOAL := help
.PHONY: help install demo test slow lint format bench mutants lock clean system

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(VENV)/.ready system ## make .venv here, and install the Debian packages that it needs
	@echo "Sluis is installed in $(VENV), and no Debian package is missing."
	@echo "Next: $(BIN)/sluis keys new operator (README.md, 'A client's first update')"

demo: $(VENV)/.ready system ## show the whole thing on a small lab (INTERACTIVE=1: you are the client)
	@INTERACTIVE="$(INTERACTIVE)" $(BIN)/python -m sluis.rehearsal.demo

test: $(VENV)/.ready system ## run the tests, on real parts (TESTS="tests/unit -k gate" for some)
	@$(BIN)/python -m pytest -m "not slow" $(PYTEST) $(TESTS)

slow: $(VENV)/.ready system ## run the tests that play whole runbooks or take long; CI runs them too
	@$(BIN)/python -m pytest -m slow $(PYTEST) $(TESTS)

lint: $(VENV)/.ready ## ruff, mypy strict, ansible-lint, yamllint, role documentation, syntax
	@PATH="$(CURDIR)/$(BIN):$$PATH" .ci/lint

format: $(VENV)/.ready ## let ruff rewrite the Python code
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

bench: $(VENV)/.ready system ## measure; writes build/bench.json (BENCH=quick just tries it, BENCH=c does one part)
	@PYTHONPATH=tests BENCH="$(BENCH)" $(BIN)/python -m bench.run

mutants: $(VENV)/.ready system ## change what decides, bit by bit, and see whether a test fails (ONLY=gate for a part)
	@PYTHONPATH=tests ONLY="$(ONLY)" $(BIN)/python -m mutants.run

lock: ## write constraints.txt anew, from a fresh installation
	@PYTHON="$(PYTHON)" .ci/lock

clean: ## remove what make made (dossiers and keys stay)
	rm -rf $(BUILD) $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .ansible
	rm -rf python_helpers/sluis.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Debian packages. The script looks first, so this costs a few milliseconds.
system:
	@.ci/install-debian

# The stamp is newer than what it was made from, so nothing is installed twice.
$(VENV)/.ready: pyproject.toml constraints.txt
	@PYTHON="$(PYTHON)" .ci/make-venv $(VENV)
	@touch $@
