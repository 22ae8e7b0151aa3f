# Needs only Python 3.11 and pip; everything else comes from the hashed locks, the browser for tests from the system.
.DEFAULT_GOAL := help
PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin
INSTALL := $(BIN)/pip install -qq --disable-pip-version-check --no-deps

.PHONY: help setup dev browser run demo test test-both screenshots coverage check fix bench-hanging bench-sweep bench-audit-writes bench-screening bench-audit torture torture-bugs \
	torture-mutation torture-oracle migration lock

help: ## Show what each target does
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

.venv/.installed: requirements.lock pyproject.toml
	@echo "Setting up .venv (about half a minute) ..."
	@$(PYTHON) -m venv .venv
	@$(INSTALL) --require-hashes -r requirements.lock
	@$(INSTALL) --no-build-isolation -e .
	@touch $@

.venv/.installed-dev: .venv/.installed requirements-dev.lock
	@$(INSTALL) --require-hashes -r requirements-dev.lock
	@touch $@

setup: .venv/.installed ## Create .venv with .venv/bin/shiming

dev: .venv/.installed-dev ## setup, and what tests and checks need

browser: ## The system's Chromium for tests, installed with apt-get where it is missing
	@tests/browser/install.sh

run: setup ## Make keys, migrate, serve on 127.0.0.1:8000 (or PORT=8001)
	@$(BIN)/shiming init
	@exec $(BIN)/shiming serve --port $(PORT)

demo: setup ## Play the main job over HTTP against a service of its own
	@$(BIN)/shiming demo --start

# What is compiled is kept, whatever the environment says: every runner would compile all tests anew, 8 s of CPU each.
test: dev browser ## Run all tests, on SQLite and on PostgreSQL: each on one of them where it need not be both
	@PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -n 3 --dist worksteal

test-both: dev browser ## Run all tests, each that touches a database on SQLite and on PostgreSQL
	@PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -n 3 --dist worksteal --both

screenshots: dev browser ## Every page and state, narrow and wide, light and dark, in both languages: var/screenshots
	@$(BIN)/pytest -n 2 --screenshots var/screenshots tests/browser/test_every_page.py

# The rooms of which every branch is tested, and the folders that test them; pyproject.toml names the rooms' files.
COVERING := tests/kernel tests/crypto tests/posting tests/verification/test_documents.py \
	tests/verification/test_passports_and_codes.py tests/verification/test_phones.py tests/upkeep/test_rotation.py \
	tests/api/test_oauth_tokens.py tests/boards

coverage: dev ## Measure that every branch of kernel, crypto, posting and documents is tested
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest -n 0 --sqlite -k "not postgresql and not command_rotates" $(COVERING)
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report

check: dev ## Format, lint, types, import contracts, tests
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-cache >/dev/null || $(BIN)/lint-imports --no-cache
	@$(MAKE) --no-print-directory test

fix: dev ## Format, and mend what can be mended by itself
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format --quiet .

bench-hanging: dev ## Measure /v1/accounts while the provider hangs (ratio to quiet, at most 3)
	@$(BIN)/python -m bench.hanging_provider

bench-sweep: dev ## Measure a night of a million appointments on PostgreSQL beside bare SQL (at most 3 times): bench/results.md
	@$(BIN)/python -m bench.sweep

bench-audit-writes: dev ## Measure recorded writes at 32 clients beside the same without entries (at least 0.6): bench/results.md
	@$(BIN)/python -m bench.audit_writes

bench-screening: dev ## Measure screening beside str.translate and mint-filter (needs node and npm): bench/results.md
	@$(BIN)/python -m bench.screening

bench-audit: dev ## Measure the verification of a million entries beside bare SHA-256: bench/results.md
	@$(BIN)/python -m bench.audit

torture: dev ## All long forms of tests (hours; only="tests/torture/test_x.py" for some); numbers go to docs/torture.md
	@$(BIN)/pytest --long $(or $(only),tests/torture tests/vectors)
	@$(if $(only),,$(MAKE) --no-print-directory test-both coverage torture-bugs torture-mutation torture-oracle)

torture-bugs: dev ## Put 20 bugs in, one at a time, each into a copy of the tree: the tests must notice
	@$(BIN)/python -m tests.torture.seeded_bugs

torture-mutation: dev ## Change one thing at a time in the inner rooms: what no test notices stands in docs/mutation.md
	@rm -rf mutants
	@$(BIN)/python -m bench.mutation

torture-oracle: dev ## Try to tell who is behind a handle: 1,700 trials a strategy and their times, both databases
	@$(BIN)/python -m bench.oracle

migration: dev ## Write a migration from the models: make migration m="what changes"
	@$(BIN)/python -m migrations.new "$(m)"

lock: ## Renew both locks (needs uv 0.13 on the path); uv.lock itself is not committed
	uv lock --upgrade
	uv export --quiet --no-emit-project --no-dev --group build --no-annotate --no-header -o requirements.lock
	uv export --quiet --no-emit-project --all-groups --no-annotate --no-header -o requirements-dev.lock
