"""Energy per beat of the classifier core in a library's gates, on real beats, SSF and IF, pruned and dense.

Usage: [NERVURE_DATA=FOLDER] python scripts/energy_ecg.py [--liberty NAME=FILE[,FILE...] ...] [--kinds ssf-pruned ...]
       [--network rr12k] [--beats 50] [--wire 0.0] [--clock 4e6] [--records FOLDER]

Without --liberty: sky130, sg13g2 and asap7 of FOLDER/liberty. Records are the user's folder of them, else FOLDER/mitdb.
Beats are the first test beats, one after the other; every answer of the gates is compared with the golden model. IF
gets a fifth of the beats. What is in the figures and what is not: nervure.generators.flow.power.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

import numpy as np
from nervure.generators.ecg import DEFAULT, config_of
from nervure.generators.ecg.compare import SPARROW, tested
from nervure.generators.emit import emit
from nervure.generators.flow.gates import map_gates
from nervure.generators.flow.liberty import read_liberty
from nervure.generators.flow.power import measure
from nervure.generators.train.ecg_data import read_records
from nervure.hw.ecg.config.schedule import passes, weight_cycles
from nervure.verif.ecg import expect

LIBRARIES = {
    "sky130": "sky130hd_tt.lib", "sg13g2": "sg13g2_stdcell_typ_1p20V_25C.lib",
    "asap7": "asap7_seq.lib,asap7_simple.lib,asap7_invbuf.lib",
}  # fmt: skip
KINDS = {f"{neuron}-{name}": {"neuron": neuron, "coding": coding}
         for neuron in ("ssf", "if") for name, coding in (("pruned", "bitmap"), ("dense", "dense"))}  # fmt: skip
HEAD = ("library kind         cells gates     area beats cycles weights  switching internal clock leakage = nJ/beat"
        "  idle uW  uW at 1 beat/s  at 5.15 ms")  # fmt: skip


def main() -> None:
    """Prints a row as soon as it is there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--liberty", action="append", metavar="NAME=FILES")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--network", default=DEFAULT)
    parser.add_argument("--beats", type=int, default=50)
    parser.add_argument("--wire", type=float, default=0.0, help="capacitance of wires as a share of the pins'")
    parser.add_argument("--clock", type=float, default=4e6, help="Hz")
    parser.add_argument("--records", metavar="FOLDER")
    asked = parser.parse_args()
    folder = Path(os.environ.get("NERVURE_DATA", ".")) / "liberty"
    pairs = [text.partition("=")[::2] for text in asked.liberty] if asked.liberty else list(LIBRARIES.items())
    beats = tested(read_records(asked.records), asked.network).inputs.astype(np.uint64)
    print(f"{asked.network}, clock {asked.clock / 1e6:g} MHz, wires {asked.wire:g} of the pins; {HEAD}", flush=True)
    for kind in asked.kinds:
        config = config_of(asked.network, **KINDS[kind])
        rows = {"n": beats[: max(1, asked.beats // (1 if config.neuron == "ssf" else 5))]}
        for name, files in pairs:
            paths = [path if asked.liberty else folder / path for path in files.split(",")]
            with tempfile.TemporaryDirectory(prefix="nervure-energy-") as work:
                unit = emit(config, Path(work) / "unit")
                gates = map_gates(unit, [read_liberty(path) for path in paths], Path(work) / "map")
                found: dict[str, np.ndarray] = {}
                power = measure(gates, rows, asked.wire, outputs=found)
            for key, codes in expect(config, rows).items():
                np.testing.assert_array_equal(found[key], codes)
            nano = {key: value / power.beats * 1e9 for key, value in power.parts.items()}
            cycles, total = power.cycles / power.beats, power.beat(asked.clock) * 1e9
            read = passes(config) * sum(weight_cycles(config))
            print(f"{name:<7} {kind:<11} {power.cells:>6} {power.gates:>5} {power.area:>8.0f} {power.beats:>5} "
                  f"{cycles:>6.0f} {read:>7}  {nano['switching']:>9.3f} {nano['internal']:>8.3f} {nano['clock']:>5.3f} "
                  f"{total - sum(nano.values()):>7.3f} = {total:>7.3f}  {power.leakage * 1e6:>7.3f} "
                  f"{power.mean(1.0) * 1e6:>14.3f} {power.mean(5.15e-3) * 1e6:>11.3f}", flush=True)  # fmt: skip
            shares = {key: value / sum(power.parts.values()) for key, value in sorted(power.modules.items())}
            print("        of the dynamic: " + ", ".join(f"{key} {share:.0%}" for key, share in shares.items()))
    print(f"Published: 31.39 nJ an inference, 6.1 uW, 4 MHz ({SPARROW.conditions}). Found there in another way: the\n"
          "figures above have no wires but --wire's, no clock tree and no glitches, and constants are logic.")


if __name__ == "__main__":
    main()
