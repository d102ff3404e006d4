# Every target does its own set-up from Python 3.11+, g++, make and perl; nothing outside this folder is changed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready

.PHONY: setup test demo regress bench lint clean
setup: $(STAMP)

$(STAMP): pyproject.toml scripts/constraints.txt scripts/setup.sh
	PYTHON="$(PYTHON)" sh scripts/setup.sh $(VENV)
	touch $@

demo: $(STAMP)
	$(BIN)/nervure demo -o build/demo

# --dist loadfile: tests of one file share what they build.
test: $(STAMP)
	$(BIN)/python -m pytest -n auto --dist loadfile -m "not regress"

# The long trials: every preset of every unit, then the tests that take minutes each.
regress: $(STAMP)
	$(BIN)/nervure regress -o build/regress
	$(BIN)/python -m pytest -n auto --dist loadfile -m regress

bench: $(STAMP)
	$(BIN)/python scripts/bench_batch.py

lint: $(STAMP)
	$(BIN)/ruff check
	$(BIN)/pyright

clean:
	rm -rf build dist $(VENV)
