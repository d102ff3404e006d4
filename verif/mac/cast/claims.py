"""Claims of the cast that together say: the emitted file computes ``y = round(x)``.

- ``balance``, ``handshake`` (or ``advance``): the file is a pipeline of L ranks through which beats pass in order.
- ``values``: with every register a wire, y is the golden model's, or SMT-LIB FloatingPoint's, rounding of x.
- ``scale``, ``elements``: the same for blocks whose scale is a power of two, in two steps: the scale is that of the
  largest exponent, and each element is its value over any scale that the block can have, rounded.
- ``wiring``, ``largest``, ``scale``, ``elements``: nvfp4, cut into its blocks (:mod:`.tensor_proofs`).
- ``netlist``: the file mapped to LUTs is the file.
"""

from __future__ import annotations

from ....hw.mac.config.cast import CastConfig
from ...artifact import Artifact
from ...prove import Claim, Part

HERE = __name__.rpartition(".")[0]
EVIDENCE = HERE.rpartition(".mac")[0]
EXHAUSTED_BITS = 16
INTERVAL_BITS = 8
"""Outputs this narrow have so few codes that the inputs of each are one interval to be asked about."""


def claims(artifact: Artifact) -> list[Claim]:
    """The claims of an artefact of the unit ``cast``."""
    config = CastConfig(**artifact.manifest["config"])
    file, latency = f"{artifact.module}.v", artifact.latency
    states = f"{file}: all states of all register bits, all inputs"
    stream = artifact.stream("out").valid is not None
    order = (
        "; beats pass in order, none lost, none repeated; reset empties the unit" if stream else "; every rank moves"
    )
    cost = 10.0 * config.count

    def general(name: str, scope: str, function: str, cost: float) -> Claim:
        return Claim(name, scope, (Part(f"{EVIDENCE}.proofs:{function}", cost=cost),))

    return [
        general("balance", f"{file}: {latency} registers on every path from inputs to outputs", "balance", 2),
        general("handshake" if stream else "advance", states + order, "handshake", 5),
        *(_values(config, file) if config.block is None else _blocks(config, file)),
        general("netlist", f"{file} mapped to xcup LUTs (synth_xilinx): all inputs, all states", "netlist", cost),
    ]


def _part(function: str, cost: float = 10, **arguments: object) -> Part:
    return Part(f"{HERE}.proofs:{function}", arguments, cost)


def _values(config: CastConfig, file: str) -> list[Claim]:
    source, target = config.input_format, config.output_format
    scope = f"{file}, registers as wires: all {1 << source.width} codes of x ({source.name})"
    if config.count > 1:
        scope += f" in each of {config.count} places"
    if source.width <= EXHAUSTED_BITS:
        return [Claim("values", scope, (_part("exhaustion"),))]
    if target.is_integer and not config.saturate:
        reason = "a number of 32 bits wrapped to an integer is stated neither by intervals nor in SMT-LIB"
        return [Claim("values", scope, (_part("not_stated", reason=reason),))]
    method = "intervals" if target.width <= INTERVAL_BITS else "smt"
    return [Claim("values", scope, tuple(_part(method, 20, lane=k) for k in range(config.count)))]


def _blocks(config: CastConfig, file: str) -> list[Claim]:
    scope = f"{file}, registers as wires: all blocks of {config.count} codes of x ({config.input})"
    if config.tensor_scaled:
        return _tensor(config, file)
    elements = f"{file}, registers as wires: all codes of x ({config.input}) with every scale of blocks with it, each y"
    narrow = config.input_format.width <= EXHAUSTED_BITS
    tried = (("exhausted_elements", 60),) if narrow else (("least_elements", 60), ("shifted_elements", 30))
    parts = tuple(_block_part(*part) for part in (*tried, ("same_lanes", 10), ("specials", 2)))
    return [Claim("scale", scope, (_block_part("shared_scale", 20),)), Claim("elements", elements, parts)]


def _block_part(function: str, cost: float) -> Part:
    return Part(f"{HERE}.block_proofs:{function}", cost=cost)


def _tensor(config: CastConfig, file: str) -> list[Claim]:
    """The claims of a quantiser with a tensor scale, by blocks."""

    def tried(function: str, cost: float, module: str = "scale", **arguments: object) -> Part:
        return Part(f"{HERE}.tensor_{module}:{function}", arguments, cost)

    blocks, x = f"{file}, blocks by themselves, registers as wires", f"all codes of x ({config.input})"
    return [
        Claim("wiring", f"{file}: what blocks are given, {x} and t", (
            tried("wiring", 10, "proofs"), tried("elements", 30, "proofs"))),
        Claim("largest", f"{blocks}: {config.count} magnitudes, {x}", (tried("largest", 60, "proofs"),)),
        Claim("scale", f"{blocks}: quotient of all significands, all exponents", (
            tried("normal", 2, name="normal_x"), tried("normal", 2, name="normal_t"), tried("quotient", 10),
            tried("scale", 30))),
        Claim("elements", f"{blocks}: every scale with every t, {x} with every product of the two", (
            tried("unit", 20), tried("nearest", 50, "proofs"), tried("same_lanes", 10, "proofs"))),
    ]  # fmt: skip
