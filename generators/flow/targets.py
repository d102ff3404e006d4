"""Synthesis targets: the Yosys flow of each, and how its cells are counted.

A count that a target has no cells for is null, never 0: iCE40 has no wide multiplexers, generic gates have no blocks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ...hw.lookup import find

GATES = "AND,NAND,OR,NOR,XOR,XNOR,ANDNOT,ORNOT,MUX"


@dataclass(frozen=True)
class Target:
    """One target.

    Parameters
    ----------
    name : str
        What ``--target`` takes.
    description : str
        One sentence.
    flow : tuple of str
        Yosys commands; ``{top}`` is the module, ``{sequential}`` and ``{logic}`` are liberty options.
    blocks, no_blocks, flat : str
        Options of the first command: products go to multiplier blocks, they do not, and those of the flat mode.
    force : str
        Yosys command that maps a ``$mul`` of any size to a block ("" where there are none).
    luts : mapping
        Cell type (whole, a regular expression) of each LUT size.
    lut_sites : mapping
        LUTs that a cell which is no LUT takes up: shift registers, distributed memory.
    counts : mapping
        Of ``ff, carry, dsp, bram, uram, mux``: the cell types counted, each with its weight.
    inverter : str
        Cell type that is not counted as a LUT and adds nothing to the longest path ("" where inverters are gates).
    block_clock : str
        Clock port of a multiplier block: where it is driven, a register is inside.
    """

    name: str
    description: str
    flow: tuple[str, ...]
    blocks: str = ""
    no_blocks: str = ""
    flat: str = ""
    force: str = ""
    luts: Mapping[int, str] = field(default_factory=dict)
    lut_sites: Mapping[str, int] = field(default_factory=dict)
    counts: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    inverter: str = ""
    block_clock: str = "CLK"

    def count(self, key: str, cells: Mapping[str, int]) -> int | float | None:
        """Cells of that kind among ``cells`` (numbers by type); None where the target has none of that kind."""
        if key not in self.counts:
            return None
        total = sum(_weight(self.counts[key], kind) * number for kind, number in cells.items())
        return int(total) if total == int(total) else total

    def is_sequential(self, kind: str) -> bool:
        """Whether paths end at that cell type: flip-flops, latches, memories, shift registers."""
        kinds = [p for key in ("ff", "bram", "uram") for p in self.counts.get(key, {})]
        return any(re.fullmatch(p, kind) for p in [*kinds, *self.lut_sites])

    def sites(self, cells: Mapping[str, int]) -> int:
        """LUTs taken up by cells that are no LUTs."""
        return int(sum(_weight(self.lut_sites, kind) * number for kind, number in cells.items()))


def _weight(patterns: Mapping[str, float], kind: str) -> float:
    return next((weight for pattern, weight in patterns.items() if re.fullmatch(pattern, kind)), 0)


def _mul2dsp(map_file: str, a: int, b: int, options: str = "") -> str:
    """Maps products of any size, down to one bit: inference alone leaves small products to LUTs."""
    return (
        f"techmap -map +/mul2dsp.v -map +/{map_file} -D DSP_A_MAXWIDTH={a} -D DSP_B_MAXWIDTH={b} "
        f"-D DSP_NAME=$__MUL{a}X{b}{options}"
    )


_GENERIC_FF = {r"\$_(DFF|DFFE|SDFF|SDFFE|SDFFCE|ALDFF|ALDFFE|DFFSR|DFFSRE|DLATCH|DLATCHSR|SR|FF)(_[PN01]+)?_": 1}

TARGETS: dict[str, Target] = {
    t.name: t
    for t in (
        Target(
            "xcup",
            "AMD UltraScale+",
            ("synth_xilinx -family xcup -top {top} -flatten -noiopad -noclkbuf",),
            no_blocks=" -nodsp",
            flat=" -nodsp -nosrl",
            # One operand of a split product keeps 18 bits, as the vendor flow does, so that the parts cascade.
            force=_mul2dsp("xilinx/xcu_dsp_map.v", 27, 18, " -D DSP_A_MAXWIDTH_PARTIAL=18 -D DSP_SIGNEDONLY=1"),
            luts={n: f"LUT{n}" for n in range(1, 7)},
            inverter="INV",
            lut_sites={r"SRL(C?16E|C32E)": 1, r"RAM(32|64)X1S": 1, r"RAM(32|64)X1D": 2, r"RAM128X1S": 2,
                       r"RAM128X1D": 4, r"RAM256X1S": 4, r"RAM(32|64)M": 4, r"RAM256X1D": 8, r"RAM512X1S": 8,
                       r"RAM32M16|RAM64M8": 8},
            counts={
                "ff": {r"FD[RSCP]E(_1)?|LD[CP]E": 1}, "carry": {r"CARRY[48]": 1}, "dsp": {r"DSP48E2": 1},
                "bram": {r"RAMB36E2": 1, r"RAMB18E2": 0.5}, "uram": {r"URAM288": 1}, "mux": {r"MUXF[789]": 1},
            },
        ),
        Target(
            "ecp5",
            "Lattice ECP5",
            ("synth_ecp5 -top {top}",),
            no_blocks=" -nodsp",
            flat=" -nodsp",
            block_clock="CLK0",
            force=_mul2dsp("lattice/dsp_map_18x18.v", 18, 18),
            luts={4: r"LUT4"},
            lut_sites={r"TRELLIS_DPR16X4": 4},
            counts={
                "ff": {r"TRELLIS_FF": 1}, "carry": {r"CCU2C": 1}, "dsp": {r"MULT18X18D": 1},
                "bram": {r"DP16KD|PDPW16KD": 1}, "mux": {r"PFUMX|L6MUX21": 1},
            },
        ),
        Target(
            "ice40",
            "Lattice iCE40 (blocks of the UltraPlus)",
            ("synth_ice40 -top {top}",),
            blocks=" -dsp",
            force=_mul2dsp("ice40/dsp_map.v", 16, 16),
            luts={4: r"SB_LUT4"},
            counts={
                "ff": {r"SB_DFF\w*": 1}, "carry": {r"SB_CARRY": 1}, "dsp": {r"SB_MAC16": 1},
                "bram": {r"SB_RAM40_4K\w*": 1},
            },
        ),
        Target(
            "lut6",
            "generic six-input LUTs, no carry chains and no blocks",
            ("synth -flatten -lut 6 -top {top}",),
            luts={n: rf"\$lut_{n}" for n in range(2, 7)},
            counts={"ff": _GENERIC_FF},
            inverter=r"\$lut_1",
        ),
        Target(
            "gates",
            "generic two-input gates and multiplexers; enables and synchronous resets are gates too",
            ("synth -flatten -top {top}", "dfflegalize -cell $_DFF_?_ 01 -cell $_DFF_???_ 01 -cell $_DLATCH_?_ x",
             f"abc -g {GATES}", "opt_clean -purge"),
            counts={"ff": _GENERIC_FF, "mux": {r"\$_MUX_": 1}},
        ),
        Target(
            "liberty",
            "standard cells of liberty files: --target liberty:FILE[,FILE...]",
            ("synth -flatten -top {top}", "dfflibmap {sequential}", "abc {logic}", "opt_clean -purge"),
        ),
    )
}  # fmt: skip


def get_target(name: str) -> Target:
    """The target of that name (without the files of ``liberty:FILE``).

    Raises
    ------
    ValueError
        If there is none; the sentence suggests the nearest.
    """
    return find("target", name, TARGETS)
