"""Claims of the dot product that together say: the emitted file computes its formula with one rounding.

- ``balance``, ``handshake``: the file is a pipeline of L ranks through which beats pass in order.
- ``elements``: every product is the exact one, for all pairs of codes, against the golden model.
- ``tree``: the adders' root is the sum of all products, each once, with its sign (``sum``: and y is that plus c).
- ``scaled``: the block's magnitude is multiplied by the significands of its scales.
- ``lane``: with the block's sum free, y is what the specification (:mod:`.lane`) says.
- ``anchor ...``: that specification is the exact sum of the scaled block and c, rounded once, as SMT-LIB has it
  (:mod:`.anchor`).
- ``netlist``: the file mapped to LUTs is the file.
"""

from __future__ import annotations

from ....hw.mac.config.dot import DotConfig
from ...artifact import Artifact
from ...prove import Claim, Part
from .lane import scaled_width

HERE = __name__.rpartition(".")[0]
EVIDENCE = HERE.rpartition(".mac")[0]


def claims(artifact: Artifact) -> list[Claim]:
    """The claims of an artefact of the unit ``dot``."""
    file, latency = f"{artifact.module}.v", artifact.latency
    stream = artifact.stream("out").valid is not None

    config = DotConfig(**artifact.manifest["config"])

    def general(name: str, scope: str, function: str, cost: float = 2) -> Claim:
        return Claim(name, scope, (Part(f"{EVIDENCE}.proofs:{function}", {}, cost),))

    def special(name: str, scope: str, function: str, cost: float = 2, **arguments: object) -> Claim:
        return Claim(name, scope, (Part(f"{HERE}.{function}", arguments, cost),))

    states = f"{file}: all states of all register bits, all inputs"
    order = (
        "; beats pass in order, none lost, none repeated; reset empties the unit" if stream else "; every rank moves"
    )
    n, pairs = config.elements, f"all pairs of codes of a ({config.a}) and b ({config.b})"
    acc = f"c ({config.acc})"
    found = [
        general("balance", f"{file}: {latency} registers on every path from operands to result", "balance"),
        general("handshake" if stream else "advance", states + order, "handshake"),
        special("elements", f"{artifact.module}__element0 to {n - 1}: {pairs}", "proofs:elements", 4),
    ]
    if config.acc_format.is_integer:
        scope = f"{file}, registers as wires: all values of {n} products, all codes of {acc}"
        found.append(special("sum", scope, "proofs:tree", 10))
    else:
        scope = f"{file}, registers as wires: {config.sum_width} bits, all values and signs of {n} products"
        found.append(special("tree", scope, "proofs:tree", 10))
        if config.scale == "nvfp4":
            scope = f"{file}, registers as wires: magnitude of the block times significands of scale_a, scale_b and t"
            found.append(special("scaled", scope, "scaled:scaled"))
        scales = f", all codes of the scales ({config.scale})" if config.scale != "none" else ""
        scope = f"{file}, registers as wires: all sums of {scaled_width(config)} bits{scales}, all codes of {acc}"
        found += [special("lane", scope, "lane:lane", 60), *_anchor(config, scales)]
    mapped = f"{file} mapped to xcup LUTs (synth_xilinx, multiplier blocks left out): all inputs, all states"
    return [*found, general("netlist", mapped, "netlist", 10)]


def _anchor(config: DotConfig, scales: str) -> list[Claim]:
    """The claims that tie the lane's specification to SMT-LIB."""

    def part(function: str, cost: float = 2, **arguments: object) -> Part:
        return Part(f"{HERE}.anchor:{function}", arguments, cost)

    def claim(name: str, scope: str, *parts: Part) -> Claim:
        return Claim(f"anchor of {name}", f"specification against SMT-LIB {scope}", parts)

    added = f"all sums of {scaled_width(config)} bits with sign and exponent, all finite codes of c ({config.acc})"
    halving = [Part(f"{EVIDENCE}.mac.anchor.proofs:halving")] if config.acc == "bf16" else []
    return [
        claim("operands", f"numbers: all codes of c ({config.acc}){scales}",
              part("operands"), part("composed"), part("numbers")),
        claim("specials", f"fp.add: all codes of c ({config.acc}) with blocks of which one is NaN or infinite",
              part("specials")),
        claim("sums", f"integers: {added}; the exact sum, or, cut to odd, one that rounds as it does",
              *(part("sums", cost, index=index) for index, cost in enumerate((30, 1, 10)))),
        claim("rounding", f"FloatingPoint: what these sums are rounded to, {config.acc}",
              *halving, part("rounding", 20)),
    ]  # fmt: skip
