"""The unit of the NVFP4 quantiser cut into its blocks, and what proofs about words of literals share."""

from __future__ import annotations

from pathlib import Path

from ....hw.formats import FORMATS, Format
from ....hw.mac.config.cast import CastConfig
from ... import solvers
from ...aig import FALSE, TRUE, Aig
from ...artifact import Artifact
from ...netlist import Netlist
from ...pipeline import Pipeline
from ...proofs import netlist_of
from ...prove import Verdict

CUTS = ("largest", "normal_x", "normal_t", "quotient", "unit", *(f"nearest{k}" for k in range(16)))
SCALE, TENSOR, ELEMENT = FORMATS["fp8_e4m3"], FORMATS["fp32"], FORMATS["fp4_e2m1"]
Word = list[int]


class Blocks:
    """The unit with registers as wires and its blocks left out.

    Attributes
    ----------
    x, t : words of the inputs
    out : dict of str to words of the outputs
    free : dict of str to dict of str to word
        Outputs of each block.
    fed : dict of str to dict of str to word
        What each block is given.
    """

    def __init__(self, directory: Path):
        self.artifact = Artifact.load(directory)
        self.config = CastConfig(**self.artifact.manifest["config"])
        names = [f"{self.artifact.module}__{name}" for name in CUTS]
        found = Pipeline(netlist_of(self.artifact, self.artifact.module, names), self.artifact)
        self.aig = aig = Aig()
        self.x = [aig.inputs(self.config.input_format.width) for _ in range(self.config.count)]
        self.t = aig.inputs(32)
        ports = {"i_x": [bit for word in self.x for bit in word], "i_t": self.t}
        free = {cut.name: {pin: aig.inputs(len(word)) for pin, word in cut.outputs.items()}
                for cut in found.netlist.cuts}  # fmt: skip
        out, fed = found.combinational(aig, ports, free)
        width = ELEMENT.width
        self.y = [out["o_y"][k * width : (k + 1) * width] for k in range(self.config.count)]
        self.scale = out["o_scale"]
        self.free = {name.rpartition("__")[2]: pins for name, pins in free.items()}
        self.fed = {name.rpartition("__")[2]: pins for name, pins in fed.items()}
        self.special = aig.any([self.free["normal_x"]["special"][0], *(
            self.free["normal_t"][pin][0] for pin in ("special", "sign", "zero"))])  # fmt: skip


def block(directory: Path, name: str) -> tuple[CastConfig, Netlist]:
    """The config, and one of its blocks by itself."""
    artifact = Artifact.load(directory)
    return CastConfig(**artifact.manifest["config"]), netlist_of(artifact, f"{artifact.module}__{name}", [])


def asked(aig: Aig, words: dict[str, Word], assumed: list[int], wrong: list[int], said: str) -> Verdict:
    """Proved where nothing wrong goes with what is assumed, which holds somewhere."""
    if solvers.model(aig, assumed) is None:
        return Verdict("unknown", "what is assumed contradicts itself")
    if (values := solvers.model(aig, [*assumed, aig.any(wrong)])) is None:
        return Verdict("proved", f"{said}, kissat")
    return Verdict("refuted", "kissat", {name: hex(solvers.word(values, word)) for name, word in words.items()})


def subtract(aig: Aig, x: Word, y: Word) -> Word:
    """``x - y`` of words of one width."""
    return [bit ^ 1 for bit in aig.add([bit ^ 1 for bit in x], y)]


def extended(x: Word, width: int, signed: bool = True) -> Word:
    """A word sign-extended, or with zeros, to a width."""
    return (x + [x[-1] if signed else FALSE] * width)[:width]


def less(aig: Aig, x: Word, y: Word) -> int:
    """Whether an unsigned word is below another."""
    below = FALSE
    for i, j in zip(x, y, strict=True):
        below = aig.mux(aig.lxor(i, j), j, below)
    return below


def between(aig: Aig, x: Word, low: int, high: int) -> int:
    """Whether a signed word lies in low..high."""
    half = 1 << (len(x) - 1)
    return aig.within([*x[:-1], x[-1] ^ 1], low + half, high + half)


def reach(fmt: Format) -> tuple[int, int]:
    """Exponents of a format's numbers, subnormals too."""
    return fmt.min_exponent - fmt.mantissa_width, fmt.max_exponent


def times(aig: Aig, x: Word, factor: int, width: int) -> Word:
    """An unsigned word times a constant, modulo the width."""
    total = [FALSE] * width
    for i in range(factor.bit_length()):
        if factor >> i & 1:
            total = aig.add(total, ([FALSE] * i + x + [FALSE] * width)[:width])
    return total


def number(value: int, width: int) -> Word:
    """A constant as a word, two's complement."""
    return [TRUE if value >> i & 1 else FALSE for i in range(width)]
