# Everything a fresh checkout needs: `make demo` and `make test` set themselves up (Python >= 3.11, pip and make are all they ask for).
PYTHON ?= python3
WORKERS ?= 2
BIN := .venv/bin
STAMP := .venv/.stamp

.PHONY: help setup demo test test-slow test-all bench fmt clean

help:
	@echo "make setup      make .venv and install Vitascope with its tools into it"
	@echo "make demo       make a short film: demo/ball.mp4"
	@echo "make test       formatting, types, import rules and the fast tests"
	@echo "make test-slow  the slow tests"
	@echo "make test-all   both"
	@echo "make bench      run every script in bench/"
	@echo "make fmt        format the code"
	@echo "make clean      remove caches, builds and the demo's pictures (.venv stays)"

setup: $(STAMP)

# The stamp is older than its two files when something was changed or added: then pip looks again (seconds, when all is there).
$(STAMP): pyproject.toml constraints.txt
	@set -e; \
	fits='import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))'; \
	if ! $(BIN)/python -c "$$fits" 2>/dev/null; then \
		found=; \
		for candidate in "$(PYTHON)" python3.11 python3.12 python3.13 python3.14 python3 python; do \
			if "$$candidate" -c "$$fits" >/dev/null 2>&1; then found="$$candidate"; break; fi; \
		done; \
		if [ -z "$$found" ]; then \
			echo "vitascope needs Python >= 3.11 with its venv module; $(PYTHON) is: $$("$(PYTHON)" --version 2>&1 || true)." >&2; \
			echo "Name another one: make setup PYTHON=/path/to/python3.11" >&2; \
			exit 1; \
		fi; \
		echo "Setting up .venv with $$("$$found" --version) (some minutes, the first time only)"; \
		"$$found" -m venv --clear .venv; \
	fi; \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"; \
	touch $(STAMP)

demo: $(STAMP)
	@mkdir -p demo
	$(BIN)/vitascope make "a red ball bounces on the grass at sunset" -o demo/ball.mp4 --seed 1 --sheet demo/ball.png
	@echo "The film is demo/ball.mp4, its frames side by side are demo/ball.png"

test: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -q -m "not slow" -n $(WORKERS)

# pytest's status 5 says that no test is marked slow: nothing to do is no failure
test-slow: $(STAMP)
	$(BIN)/pytest -q -m slow || test $$? -eq 5

test-all: test test-slow

bench: $(STAMP)
	@set -e; for script in bench/*.py; do [ -e "$$script" ] || continue; echo "== $$script"; $(BIN)/python "$$script"; done

fmt: $(STAMP)
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

clean:
	rm -rf build dist demo *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	find vitascope tests -name __pycache__ -type d -prune -exec rm -rf {} +
