# Four words: run, test, check, bench. Presumed: make, and python3 (3.11 or newer) with venv.
# ARGS goes to pytest:  make test ARGS="-k budget"

PYTHON ?= python3
BIN := .venv/bin
LOCAL := $(BIN)/python -m costtrack.local
EXPORT := $(BIN)/uv export --quiet --locked --no-header --no-emit-project --no-annotate --extra local

.PHONY: run test check bench soak

run: .venv/requirements.done
	@$(LOCAL) run --with-parent

test: .venv/requirements-dev.done
	@$(LOCAL) exec --fresh -- $(BIN)/python -m pytest --numprocesses 2 $(ARGS)

bench: .venv/requirements-dev.done
	@$(LOCAL) exec --fresh -- $(BIN)/python -m tests.benchmarks $(ARGS)

# 200 kills in ten minutes, on servers of its own:  make soak ARGS="--kills 60 --seed 7"
soak: .venv/requirements-dev.done
	@$(BIN)/python -m tests.faults $(ARGS)

check: .venv/requirements-dev.done
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/uv lock --check --quiet
	$(EXPORT) --no-dev | diff - requirements.txt
	$(EXPORT) | diff - requirements-dev.txt
	$(LOCAL) exec --fresh -- $(BIN)/python manage.py makemigrations --check

# Installed again whenever the file changes; both share one environment.
.venv/%.done: %.txt | $(BIN)/python
	@echo "Installing what $< names (the first time takes a minute) ..."
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --require-hashes --requirement $<
	@touch $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "costtrack needs Python 3.11 or newer as $(PYTHON). Name another one: make run PYTHON=python3.12"; \
		exit 1; }
	@$(PYTHON) -m venv .venv || { rm -rf .venv; \
		echo "$(PYTHON) cannot make environments. On Debian and Ubuntu: apt-get install python3-venv"; \
		exit 1; }
