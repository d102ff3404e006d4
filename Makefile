# Every target does its own set-up from Python 3.11+, g++, make and perl; nothing outside this folder is changed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready

# Real data for the long trials. The library has no default of its own.
ifneq ($(wildcard ../shared/data),)
export NERVURE_DATA ?= $(abspath ../shared/data)
endif

.PHONY: setup demo test regress campaign prove long bench lint clean
setup: $(STAMP)

$(STAMP): pyproject.toml scripts/constraints.txt scripts/setup.sh
	PYTHON="$(PYTHON)" sh scripts/setup.sh $(VENV)
	touch $@

demo: $(STAMP)
	$(BIN)/nervure demo -o build/demo
	$(BIN)/nervure demo snn -o build/demo_snn
	$(BIN)/nervure demo ecg_stream -o build/demo_ecg

# --dist loadfile: tests of one file share what they build. Tests never look at real data.
test: lint
	env -u NERVURE_DATA $(BIN)/python -m pytest -n auto --dist loadfile -m "not regress"

# The long trials, some hours on two cores: a million vectors for every preset of every unit, every claim of every
# preset, then the tests that take minutes each or need real data. Each goes on where it was interrupted but the last.
regress: campaign prove long

campaign: $(STAMP)
	$(BIN)/nervure regress --seeds 1 --vectors 1000000 --engine batch -o build/regress

prove: $(STAMP)
	$(BIN)/python scripts/prove_presets.py --timeout 3600

# distributed is the cluster of explore; sinabs and norse are references of the importers' tests alone, and of what they
# depend on only pbr is wanted.
long: $(STAMP)
	$(BIN)/python -m pip install --quiet --no-deps -c scripts/constraints.txt sinabs norse nirtorch pbr
	$(BIN)/python -m pip install --quiet -c scripts/constraints.txt distributed
	$(BIN)/python -m pytest -n auto --dist load -m regress

# Time, memory and speed, each against its bar.
bench: $(STAMP)
	$(BIN)/python scripts/bench_command.py
	$(BIN)/python scripts/bench_batch.py

lint: $(STAMP)
	$(BIN)/ruff check -q .
	$(BIN)/pyright

clean:
	rm -rf build dist $(VENV)
