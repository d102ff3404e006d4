"""Energy of gates: liberty figures against what the file says by hand, and a mapped core against the golden model."""

from __future__ import annotations

import numpy as np
import pytest
from nervure.generators.emit import emit
from nervure.generators.flow.gates import instance, map_gates
from nervure.generators.flow.liberty import read_liberty
from nervure.generators.flow.power import measure
from nervure.generators.flow.power_cells import clock_gate, read_cells
from nervure.verif import ecg as bench

from .test_ecg import drawn

HEAD = """library (small) {
  time_unit : "1ns"; leakage_power_unit : "1nW"; voltage_unit : "1V"; nom_voltage : 2.0;
  capacitive_load_unit (1, pf);
"""
POWER = """internal_power () { related_pin : "A";
  rise_power (t) { index_1 ("0.0, 0.1"); index_2 ("0.0, 0.01"); values ("1.0, 3.0", "2.0, 4.0"); }
  fall_power (t) { index_1 ("0.0, 0.1"); index_2 ("0.0, 0.01"); values ("3.0, 5.0", "4.0, 6.0"); } }
"""
CELLS = """
  cell (INV) { area : 1; cell_leakage_power : 2;
    pin (A) { direction : input; capacitance : 0.002; } pin (Y) { direction : output; function : "!A"; POWER } }
  cell (BUF) { area : 2; pin (A) { direction : input; capacitance : 0.001; }
    pin (Y) { direction : output; function : "A"; } }
  cell (NAND2) { area : 1.5
    leakage_power () { value : 1; when : "A"; } leakage_power () { value : 3; when : "!A"; }
    pin (A) { direction : input; capacitance : 0.001; } pin (B) { direction : input; capacitance : 0.003; }
    pin (Y) { direction : output; function : "!(A & B)"; } }
  cell (NOR2) { area : 1.5; pin (A) { direction : input; capacitance : 0.001; }
    pin (B) { direction : input; capacitance : 0.001; } pin (Y) { direction : output; function : "!(A | B)"; } }
  cell (DFF) { area : 5; ff (IQ, IQN) { clocked_on : "CK"; next_state : "D"; }
    pin (D) { direction : input; capacitance : 0.001; }
    pin (CK) { direction : input; clock : true; capacitance : 0.001; }
    pin (Q) { direction : output; function : "IQ"; } }
"""
GATE = """
  cell (ICG) { area : 3; clock_gating_integrated_cell : "latch_posedge";
    statetable ("CK E", "M") { table : "L H : - : H"; }
    pin (CK) { direction : input; clock : true; clock_gate_clock_pin : true; capacitance : 0.002; }
    pin (E) { direction : input; clock_gate_enable_pin : true; capacitance : 0.001; }
    pin (G) { direction : output; clock_gate_out_pin : true; state_function : "CK & M"; } }
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    def written(name: str, *parts: str):
        path = tmp_path_factory.mktemp("lib") / f"{name}.lib"
        path.write_text("".join(parts).replace("POWER", POWER) + "}\n")
        return read_liberty(path)

    return written


def test_a_cell_is_what_its_file_says(library):
    cells = read_cells([library("plain", HEAD, CELLS)], ["INV", "NAND2", "DFF"])
    inverter, gate = cells["INV"], cells["NAND2"]
    assert (inverter.volts, inverter.leakage, inverter.area) == (2.0, pytest.approx(2e-9), 1)
    assert (gate.leakage, gate.area) == (pytest.approx(2e-9), 1.5), "mean of states; area without semicolon"
    assert inverter.pins["A"].capacitance == pytest.approx(2e-15) and inverter.pins["A"].toggle(0.0) == 0
    # Halfway in slew and in load: rise 2.5, fall 4.5 pF V^2.
    assert inverter.pins["Y"].toggle(0.05e-9, 5e-15) == pytest.approx(3.5e-12)
    assert inverter.pins["Y"].toggle(9.0, 9.0) == pytest.approx(5e-12), "beyond the table's ends"
    assert cells["DFF"].pins["CK"].clock and not cells["DFF"].gate


def test_files_that_do_not_serve(library):
    plain = library("plain", HEAD, CELLS)
    with pytest.raises(ValueError, match="liberty must have the cell XOR9, and no file has"):
        read_cells([plain], ["XOR9"])
    with pytest.raises(ValueError, match="must state its units of load, time and leakage and its voltage"):
        read_cells([library("bare", "library (bare) {\n", CELLS)], ["INV"])


@pytest.fixture(scope="module")
def unit(tmp_path_factory):
    return emit(drawn(8, widths=(3, 2, 2), steps=3, pes=1), tmp_path_factory.mktemp("unit"))


@pytest.mark.parametrize("gated", [False, True])
def test_energy_of_the_mapped_core_is_the_sum_of_its_nets(unit, library, tmp_path, gated):
    config = bench.config_of(unit)
    held = library("gated" if gated else "plain", HEAD, CELLS, *([GATE] if gated else []))
    gate = clock_gate([held])
    assert (gate is not None) == gated
    gates = map_gates(unit, [held], tmp_path)
    rows, found = bench.stimulus(config, 50, seed=1), {}
    power = measure(gates, rows, outputs=found)
    for key, codes in bench.expect(config, rows).items():
        np.testing.assert_array_equal(found[key], codes)
    assert (power.gates > 0) == gated and power.registers > 20 and power.beats == 50
    assert power.area == pytest.approx(sum(gates.power[kind].area for kind in gates.cells.values()))
    assert sum(power.modules.values()) == pytest.approx(sum(power.parts.values()))
    assert set(power.modules) >= {"top", "element0", "inputs"} and instance("gate_1") == "top"
    wide = measure(gates, rows, wire=1.0)
    assert wide.parts["switching"] == pytest.approx(2 * power.parts["switching"])
    # Clock pins of 1 fF (2 fF of a clock gate) at 2 V, no tables: every register every cycle, where nothing gates it.
    ungated = power.cycles * 4 * (power.registers * 1e-15 + power.gates * 2e-15)
    assert power.parts["clock"] < 0.8 * ungated if gated else power.parts["clock"] == pytest.approx(ungated)
    assert power.beat(1e6) == pytest.approx(
        (sum(power.parts.values()) + power.leakage * power.cycles / 1e6) / 50
    ) and power.mean(1.0) == pytest.approx(sum(power.parts.values()) / 50 + power.leakage)  # fmt: skip
    with pytest.raises(ValueError, match="wire must be at least 0, not -1"):
        measure(gates, rows, wire=-1)
